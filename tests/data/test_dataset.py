import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from fakes import (
    loose_card,
    make_coco,
    make_context,
    make_plain,
    make_voc,
    plain_card,
    random_labels,
    truncate,
    write_photograph,
)
from PIL import Image

from cosegbench.dataset import dataset_class_counts, load_dataset, locate_dataset
from cosegbench.errors import DataError, LabelError, MissingDataError, RequestError
from cosegbench.image_lists import image_list_digest

LIST = "VOCdevkit/VOC2012/ImageSets/Segmentation/val.txt"


@pytest.fixture
def voc(tmp_path):
    make_voc(tmp_path, random_labels(3, [0, 1, 20, 255]))
    return tmp_path, loose_card(tmp_path, "voc20")


def test_a_data_set_knows_its_view_split_world_and_choices(voc):
    root, card = voc
    dataset = load_dataset(card, root)
    assert (dataset.id, dataset.split, dataset.world, dataset.options) == ("voc20", "val", "real", {})
    assert len(dataset) == len(dataset.image_ids) == 3
    assert dataset.missing() == []


def test_the_data_root_comes_from_the_environment_where_none_is_given(voc, monkeypatch):
    root, card = voc
    monkeypatch.setenv("COSEGBENCH_DATA", str(root))
    assert load_dataset(card).root == root


def test_without_any_data_root_the_answer_names_the_flag_the_variable_and_a_command(monkeypatch):
    monkeypatch.delenv("COSEGBENCH_DATA", raising=False)
    with pytest.raises(
        MissingDataError, match=r"or set COSEGBENCH_DATA\. .*cosegbench datasets fetch voc20 --data-root DIR$"
    ):
        load_dataset("voc20")


def test_missing_data_names_every_path_and_the_command_that_explains_it(tmp_path):
    with pytest.raises(MissingDataError) as caught:
        load_dataset("voc20", tmp_path)
    text = str(caught.value)
    assert f"{tmp_path}/VOCdevkit/VOC2012/SegmentationClass is missing: the folder of labels" in text
    assert f"{tmp_path / LIST} is missing: the list of images" in text
    assert text.endswith(f"cosegbench datasets fetch voc20 --data-root {tmp_path}")


def test_the_data_root_may_be_given_as_text(voc):
    root, card = voc
    assert load_dataset(str(card), str(root)).image_ids == load_dataset(card, root).image_ids


def test_a_data_root_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(MissingDataError, match="nowhere is missing: the data root"):
        load_dataset("voc20", tmp_path / "nowhere")


def test_the_real_data_is_not_mistaken_for_the_miniature(voc):
    root, _ = voc
    with pytest.raises(MissingDataError, match=r"(?s)not a data root of the miniature world.*datasets miniature --out"):
        load_dataset("miniature-voc20", root)


def test_photographs_are_needed_only_where_they_are_asked_for(tmp_path):
    make_voc(tmp_path, random_labels(2, [1]), photographs=False)
    dataset = load_dataset(loose_card(tmp_path, "voc20"), tmp_path)
    assert dataset.missing(photographs=False) == []
    assert dataset.missing() == [f"{tmp_path}/VOCdevkit/VOC2012/JPEGImages is missing: the folder of photographs."]


def test_a_split_of_another_size_than_the_card_pins_is_missing_something_and_can_be_used(voc):
    root, _ = voc
    dataset = load_dataset("voc20", root)
    assert dataset.missing() == ["count: data set voc20, split val: 3 images are listed, 1449 were expected."]
    assert dataset.blocking() == []
    assert dataset.subset(2).missing() == []


def test_a_list_of_the_right_length_and_other_ids_is_noticed(voc):
    root, card = voc
    wanted = image_list_digest(["a", "b", "c"])
    card.write_text(card.read_text().replace("[splits.val]", f'[splits.val]\ncount = 3\nids_sha256 = "{wanted}"'))
    assert "the image ids are not those that the card pins" in load_dataset(card, root).missing()[0]


def test_files_that_are_not_there_are_counted_at_the_cheap_look(voc):
    root, card = voc
    next((root / "VOCdevkit/VOC2012/SegmentationClass").iterdir()).unlink()
    (line,) = load_dataset(card, root).missing()
    assert line.startswith("count: 2 of 3 labels are in ")


def test_a_list_may_have_repeats_blank_lines_further_words_and_no_last_line_end(voc):
    root, card = voc
    (root / LIST).write_text("2007_000002 1\n\n2007_000000\r\n2007_000002\n2007_000001  -1")
    assert load_dataset(card, root).image_ids == ("2007_000000", "2007_000001", "2007_000002")


@pytest.mark.parametrize("bad", ["../../etc/passwd", "a/b", "..", "a\\b"])
def test_a_list_cannot_point_out_of_the_data_root(voc, bad):
    root, card = voc
    (root / LIST).write_text(f"2007_000000\n{bad}\n")
    with pytest.raises(DataError, match=r"val\.txt, entry 2: .* is no image id"):
        _ = locate_dataset(card, root).image_ids


def test_the_image_that_the_context_json_lacks_is_left_out_unless_asked_for(tmp_path):
    make_context(tmp_path, {"2010_001606": np.ones((2, 2)), "2010_001607": np.ones((2, 2))}, photographs=False)
    card = loose_card(tmp_path, "context59")
    assert load_dataset(card, tmp_path).image_ids == ("2010_001607",)
    assert load_dataset(card, tmp_path, images="5105").image_ids == ("2010_001606", "2010_001607")


def test_without_a_list_an_image_belongs_that_has_a_photograph_or_a_label(tmp_path):
    labels = random_labels(3, [1], prefix="00000000")
    make_coco(tmp_path, labels)
    first, second, third = sorted(labels)
    (tmp_path / f"coco/images/val2017/{first}.jpg").unlink()
    (tmp_path / f"coco/stuffthingmaps/val2017/{second}.png").unlink()
    (tmp_path / "coco/images/val2017/.hidden.jpg").touch()
    (tmp_path / "coco/images/val2017/readme.txt").touch()
    assert load_dataset(loose_card(tmp_path, "coco-stuff"), tmp_path).image_ids == (first, second, third)


def test_images_and_labels_are_paired_by_name_and_not_by_position(tmp_path):
    labels = {"2007_000001": np.full((4, 6), 3, np.uint16), "2007_000002": np.full((5, 7), 4, np.uint16)}
    make_voc(tmp_path, labels)
    write_photograph(tmp_path / "VOCdevkit/VOC2012/JPEGImages/2007_000000.jpg", (9, 9))
    dataset = load_dataset(loose_card(tmp_path, "voc20"), tmp_path)
    for image_id, label in labels.items():
        image, target = dataset.sample(image_id)
        assert (image.size[::-1], np.unique(target).tolist()) == (label.shape, [label[0, 0] - 1])


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_every_photograph_comes_as_rgb(voc, mode):
    root, card = voc
    write_photograph(root / "VOCdevkit/VOC2012/JPEGImages/2007_000000.jpg", (20, 30), mode=mode)
    image = load_dataset(card, root).image("2007_000000")
    assert (image.mode, image.size, image.info) == ("RGB", (30, 20), {"image_id": "2007_000000"})


def test_a_png_called_jpg_is_read_for_what_it_is(voc):
    root, card = voc
    path = write_photograph(root / "VOCdevkit/VOC2012/JPEGImages/2007_000000.jpg", (5, 6), form="PNG")
    assert np.array_equal(np.asarray(load_dataset(card, root).image("2007_000000")), np.asarray(Image.open(path)))


def test_exif_orientation_does_not_turn_the_photograph(voc):
    root, card = voc
    path = root / "VOCdevkit/VOC2012/JPEGImages/2007_000000.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(path, exif=exif)
    image = load_dataset(card, root).image("2007_000000")
    assert image.size == (30, 20)
    assert "exif" not in image.info


def test_a_photograph_that_breaks_off_or_is_absent_is_an_error_with_its_name(voc):
    root, card = voc
    path = root / "VOCdevkit/VOC2012/JPEGImages/2007_000000.jpg"
    truncate(path)
    with pytest.raises(DataError, match=r"2007_000000\.jpg: photograph cannot be decoded"):
        load_dataset(card, root).image("2007_000000")
    path.unlink()
    with pytest.raises(DataError, match=r"2007_000000\.jpg: photograph of image '2007_000000' is missing"):
        load_dataset(card, root).image("2007_000000")


def test_pillows_limit_on_huge_photographs_stays_on(voc, monkeypatch):
    root, card = voc
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(DataError, match=r"2007_000000\.jpg: photograph cannot be decoded: Image size"):
        load_dataset(card, root).image("2007_000000")


def test_a_label_of_another_size_than_the_photograph_names_both_files_and_sizes(voc):
    root, card = voc
    write_photograph(root / "VOCdevkit/VOC2012/JPEGImages/2007_000000.jpg", (50, 60))
    with pytest.raises(LabelError, match=r"2007_000000\.png: label has .*2007_000000\.jpg has \(50, 60\)"):
        load_dataset(card, root).sample("2007_000000")


def test_a_subset_holds_the_first_images_and_reads_the_same_files(voc):
    root, card = voc
    dataset = load_dataset(card, root)
    part = dataset.subset(2)
    assert part.image_ids == dataset.image_ids[:2]
    assert np.array_equal(part.target(part.image_ids[0]), dataset.target(dataset.image_ids[0]))
    assert dataset.subset(99).image_ids == dataset.image_ids
    assert dataset.subset(99).whole
    assert not part.whole
    with pytest.raises(RequestError, match="a limit of 0 images leaves nothing"):
        dataset.subset(0)


def test_the_content_digest_is_over_the_value_table_conventions_ids_and_label_bytes(voc):
    root, card = voc
    dataset = load_dataset(card, root)
    table = np.full(65536, 65534, "<u2")
    table[[0, 255]] = 65535
    table[1:21] = np.arange(20)
    expected = hashlib.sha256(f"{hashlib.sha256(table.tobytes()).hexdigest()} {{}}\n".encode())
    for image_id in dataset.image_ids:
        data = (root / f"VOCdevkit/VOC2012/SegmentationClass/{image_id}.png").read_bytes()
        expected.update(f"{image_id} {hashlib.sha256(data).hexdigest()}\n".encode())
    assert dataset.content_digest() == expected.hexdigest()
    assert dataset.subset(2).content_digest() != dataset.content_digest()


def test_the_content_digest_sees_a_changed_label_and_no_changed_photograph(voc):
    root, card = voc
    before = load_dataset(card, root).content_digest()
    write_photograph(root / "VOCdevkit/VOC2012/JPEGImages/2007_000000.jpg", (9, 9), seed=5)
    assert load_dataset(card, root).content_digest() == before
    make_voc(root, random_labels(3, [2]), photographs=False)
    assert load_dataset(card, root).content_digest() != before


@pytest.mark.parametrize(
    ("old", "new"), [("ignore = [255]", "ignore = [254, 255]"), ('background = "ignore"', 'background = "class"')]
)
def test_the_content_digest_sees_an_edited_card(voc, old, new):
    root, card = voc
    before = load_dataset(card, root).content_digest()
    card.write_text(card.read_text().replace("[0]", "[0] # a remark changes nothing"))
    assert load_dataset(card, root).content_digest() == before
    card.write_text(card.read_text().replace(old, new))
    assert load_dataset(card, root).content_digest() != before


def test_the_content_digest_sees_another_convention(tmp_path):
    make_context(tmp_path, {"2008_000001": np.ones((2, 2))}, photographs=False)
    card = loose_card(tmp_path, "context459")
    scored, ignored = (load_dataset(card, tmp_path, unknown=value) for value in ("scored", "ignored"))
    assert scored.content_digest() != ignored.content_digest()


def test_class_counts_are_the_distinct_classes_of_each_image(tmp_path):
    labels = {"a": np.array([[0, 1, 1, 2]]), "b": np.array([[3, 3, 3, 3]]), "c": np.array([[0, 0, 0, 0]])}
    make_plain(tmp_path, labels, photographs=False)
    assert dataset_class_counts(load_dataset(plain_card(tmp_path, 5), tmp_path)).tolist() == [2, 1, 0]


def test_loading_opens_no_label_and_no_photograph(voc):
    root, card = voc
    for path in Path(root).rglob("2007_*"):
        path.write_bytes(b"")
    assert len(load_dataset(card, root).image_ids) == 3


def test_the_miniatures_suite_is_read_by_the_same_code(tmp_path):
    from cosegbench.miniature import SMALL_SIZES, draw_miniature
    from cosegbench.suites import suite_datasets

    draw_miniature(tmp_path, sizes=SMALL_SIZES)
    for name in suite_datasets("miniature"):
        dataset = load_dataset(name, tmp_path)
        for image_id in dataset.image_ids:
            dataset.sample(image_id)


def test_folders_that_are_the_list_of_images_are_named_once_when_they_are_missing(tmp_path):
    lines = locate_dataset("coco-things", tmp_path).missing()
    assert len(lines) == 2
    assert [line.rpartition(": ")[2] for line in lines] == ["the folder of labels.", "the folder of photographs."]


def test_what_mends_a_card_of_ones_own_names_its_path(tmp_path):
    card = plain_card(tmp_path / "cards", 3)
    with pytest.raises(MissingDataError, match=f"cosegbench datasets info {re.escape(str(card))}$"):
        load_dataset(card, tmp_path / "nowhere")
    with pytest.raises(MissingDataError, match=r"cosegbench datasets fetch voc20 --data-root .*nowhere$"):
        load_dataset("voc20", tmp_path / "nowhere")
