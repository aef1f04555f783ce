"""A data root with one broken file of each kind is reported in full."""

import numpy as np
import pytest
from fakes import (
    loose_card,
    make_coco,
    make_context,
    make_instances,
    make_plain,
    make_voc,
    plain_card,
    random_labels,
    truncate,
    write_gray_png,
    write_mat,
    write_palette_png,
    write_photograph,
)
from PIL import Image

from cosegbench.dataset import load_dataset, locate_dataset
from cosegbench.errors import DataError
from cosegbench.verify import verify


@pytest.fixture
def voc(tmp_path):
    make_voc(tmp_path, random_labels(6, [0, 1, 2, 255], seed=3))
    return tmp_path, loose_card(tmp_path, "voc20")


def label(root, number):
    return root / f"VOCdevkit/VOC2012/SegmentationClass/2007_{number:06d}.png"


def photograph(root, number):
    return root / f"VOCdevkit/VOC2012/JPEGImages/2007_{number:06d}.jpg"


def test_sound_files_give_no_problem_and_the_facts(voc):
    root, card = voc
    dataset = load_dataset(card, root)
    report = verify(dataset)
    targets = np.concatenate([dataset.target(image_id).ravel() for image_id in dataset.image_ids])
    assert report.ok
    assert report.images == 6
    assert report.ignored_share == pytest.approx((targets == 65535).mean())
    assert report.pixels["aeroplane"] == int((targets == 0).sum())
    assert report.classes_without_gt == dataset.vocabulary.names[2:]
    report.raise_problems("voc20")


def test_every_kind_of_broken_file_is_reported_at_once_with_its_name(voc):
    root, card = voc
    truncate(photograph(root, 0))
    write_palette_png(label(root, 1), np.ones((3, 3)))
    write_palette_png(label(root, 2), np.full(Image.open(label(root, 2)).size[::-1], 77))
    label(root, 3).unlink()
    photograph(root, 4).unlink()
    truncate(label(root, 5))
    problems = verify(load_dataset(card, root)).problems
    expected = [
        (photograph(root, 0), "photograph cannot be decoded"),
        (label(root, 1), "label has (height, width) (3, 3), photograph"),
        (label(root, 2), "holds 77"),
        (label(root, 3), "is missing"),
        (photograph(root, 4), "is missing"),
        (label(root, 5), "cannot be decoded"),
    ]
    assert len(problems) == len(expected)
    for problem, (path, words) in zip(problems, expected, strict=True):
        assert problem.startswith(str(path))
        assert words in problem


def test_8_bit_labels_where_16_are_needed_are_reported(tmp_path):
    make_plain(tmp_path, {"a": np.ones((4, 4)), "b": np.ones((4, 4))})
    write_gray_png(tmp_path / "labels/a.png", np.ones((4, 4), np.uint8))
    (problem,) = verify(load_dataset(plain_card(tmp_path, 847), tmp_path)).problems
    assert problem.startswith(f"{tmp_path}/labels/a.png: has 8 bits a pixel")


def test_an_8_bit_label_map_in_a_mat_file_is_reported(tmp_path):
    make_context(tmp_path, {"2008_000001": np.ones((4, 4)), "2008_000002": np.ones((4, 4))})
    write_mat(tmp_path / "pascal_context/trainval/2008_000001.mat", np.ones((4, 4), np.uint8))
    (problem,) = verify(load_dataset(loose_card(tmp_path, "context459"), tmp_path)).problems
    assert "2008_000001.mat: LabelMap is uint8" in problem


def test_problems_become_one_error_that_lists_them(voc):
    root, card = voc
    label(root, 0).unlink()
    label(root, 1).unlink()
    with pytest.raises(DataError, match=r"(?s)voc20: 2 problem\(s\).*2007_000000.*2007_000001") as caught:
        verify(load_dataset(card, root)).raise_problems("voc20")
    assert len(caught.value.problems) == 2


def test_without_the_folder_of_labels_it_is_reported_once(voc):
    root, card = voc
    label(root, 0).parent.rename(root / "elsewhere")
    assert verify(locate_dataset(card, root)).problems == (
        f"{label(root, 0).parent} is missing: the folder of labels.",
    )


def test_a_wrong_number_of_images_is_a_problem_and_the_files_are_looked_at_all_the_same(voc):
    root, _ = voc
    label(root, 0).unlink()
    problems = verify(load_dataset("voc20", root)).problems
    assert "6 images are listed, 1449 were expected" in problems[0]
    assert problems[1].startswith(str(label(root, 0)))


def test_a_turned_photograph_says_why_the_sizes_differ(voc):
    root, card = voc
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (99, 3)).save(photograph(root, 0), exif=exif)
    (problem,) = verify(load_dataset(card, root)).problems
    assert "its EXIF orientation turns it" in problem


@pytest.mark.parametrize(("mode", "form"), [("L", "JPEG"), ("CMYK", "JPEG"), ("RGB", "PNG")])
def test_gray_cmyk_and_png_photographs_are_sound(voc, mode, form):
    root, card = voc
    shape = Image.open(label(root, 0)).size[::-1]
    write_photograph(photograph(root, 0), shape, mode=mode, form=form)
    assert verify(load_dataset(card, root)).ok


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.9, 0.97])
def test_a_photograph_that_breaks_off_anywhere_is_found(voc, keep):
    root, card = voc
    write_photograph(photograph(root, 0), Image.open(label(root, 0)).size[::-1])
    truncate(photograph(root, 0), keep)
    (problem,) = verify(load_dataset(card, root)).problems
    assert problem.startswith(str(photograph(root, 0)))


def test_unused_values_are_counted_and_are_no_problem(tmp_path):
    make_coco(tmp_path, {"000000000139": np.array([[1, 12, 12, 91]], np.uint16)})
    report = verify(load_dataset(loose_card(tmp_path, "coco-stuff"), tmp_path))
    assert report.ok
    assert report.unused == {11: 2, 90: 1}


def test_labels_alone_can_be_verified(voc):
    root, card = voc
    photograph(root, 0).unlink()
    dataset = load_dataset(card, root)
    assert not verify(dataset).ok
    assert verify(dataset, photographs=False).ok


def test_progress_counts_every_image(voc):
    root, card = voc
    seen: list[int] = []
    verify(load_dataset(card, root), progress=seen.append)
    assert sum(seen) == 6


def test_a_region_file_that_cannot_be_read_is_one_problem(tmp_path):
    labels = random_labels(2, [1], prefix="00000000")
    make_coco(tmp_path, labels)
    make_instances(tmp_path, labels).write_text("{")
    problems = verify(locate_dataset(loose_card(tmp_path, "coco-things"), tmp_path, route="instances")).problems
    assert len(problems) == 1
    assert "instances_val2017.json: cannot be read as JSON" in problems[0]


def test_the_report_does_not_depend_on_the_order_of_threads(voc):
    root, card = voc
    for number in (5, 1, 3):
        label(root, number).unlink()
    first, second = (verify(load_dataset(card, root)) for _ in range(2))
    assert first == second
    assert [problem.split("2007_")[1][:6] for problem in first.problems] == ["000001", "000003", "000005"]
