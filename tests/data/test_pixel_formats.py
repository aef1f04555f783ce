"""Label files of one image each: palette PNG, stuffthingmaps PNG, plain PNG, Context's .mat."""

import contextlib

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
    write_gray_png,
    write_mat,
    write_palette_png,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cosegbench.cards import load_card
from cosegbench.dataset import load_dataset
from cosegbench.errors import DataError, LabelError
from cosegbench.labels import IGNORE

IMAGE = "2007_000001"


def voc(tmp_path, values, card="voc20"):
    label = np.array(values, np.uint16)
    make_voc(tmp_path, {IMAGE: label}, photographs=False)
    return load_dataset(loose_card(tmp_path, card), tmp_path).target(IMAGE)


def test_voc20_reads_the_palette_index_and_ignores_background_and_border(tmp_path):
    assert voc(tmp_path, [[0, 1, 20, 255]]).tolist() == [[IGNORE, 0, 19, IGNORE]]


def test_voc21_scores_the_background_as_class_0_and_ignores_the_border(tmp_path):
    assert voc(tmp_path, [[0, 1, 20, 255]], "voc21").tolist() == [[0, 1, 20, IGNORE]]


def test_targets_are_uint16_of_the_labels_shape(tmp_path):
    target = voc(tmp_path, [[0, 1, 2], [3, 4, 5]])
    assert (target.dtype, target.shape) == (np.uint16, (2, 3))


def test_an_id_outside_the_card_is_an_error_that_names_file_value_and_pixels(tmp_path):
    message = (
        r"2007_000001\.png: label of image '2007_000001' holds 21 \(2 pixels\), 254 \(1 pixels\).*knows 0\.\.20, 255"
    )
    with pytest.raises(LabelError, match=message):
        voc(tmp_path, [[0, 21, 21, 254]])


def test_a_voc_label_without_a_palette_is_refused(tmp_path):
    make_voc(tmp_path, {IMAGE: np.ones((2, 2), np.uint16)}, photographs=False)
    write_gray_png(tmp_path / f"VOCdevkit/VOC2012/SegmentationClass/{IMAGE}.png", np.ones((2, 2), np.uint8))
    with pytest.raises(LabelError, match="holds grayscale pixels; this format stores labels with a palette"):
        load_dataset(loose_card(tmp_path, "voc20"), tmp_path).target(IMAGE)


def test_a_palette_of_few_colours_stored_with_4_bits_keeps_its_indices(tmp_path):
    make_voc(tmp_path, {IMAGE: np.zeros((1, 4), np.uint16)}, photographs=False)
    path = tmp_path / f"VOCdevkit/VOC2012/SegmentationClass/{IMAGE}.png"
    image = Image.fromarray(np.array([[0, 1, 2, 15]], np.uint8), mode="L")
    image.putpalette([0] * 48)
    image.save(path, bits=4)
    assert path.read_bytes()[24] == 4
    assert load_dataset(loose_card(tmp_path, "voc20"), tmp_path).target(IMAGE).tolist() == [[IGNORE, 0, 1, 14]]


COCO_ID = "000000000139"


def coco(tmp_path, values, card):
    make_coco(tmp_path, {COCO_ID: np.array(values, np.uint16)}, photographs=False)
    return load_dataset(loose_card(tmp_path, card), tmp_path).target(COCO_ID).tolist()


def test_a_stuffthingmap_stores_the_id_minus_1_so_that_0_is_person(tmp_path):
    assert coco(tmp_path, [[1, 2, 90, 92, 182, 0]], "coco-stuff") == [[0, 1, 79, 80, 170, IGNORE]]


def test_coco_things_ignores_stuff_and_unlabeled(tmp_path):
    assert coco(tmp_path, [[1, 90, 92, 182, 0]], "coco-things") == [[0, 79, IGNORE, IGNORE, IGNORE]]


def test_coco_object_counts_stuff_and_unlabeled_as_background_and_ignores_nothing(tmp_path):
    assert coco(tmp_path, [[1, 90, 92, 182, 0]], "coco-object") == [[1, 80, 0, 0, 0]]


def test_in_coco_object_an_unused_id_is_background_and_counted_so_that_nothing_is_ignored(tmp_path):
    unused = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83, 91]
    assert coco(tmp_path, [[*unused, 256, 92, 182, 1, 90]], "coco-object") == [[0] * 14 + [1, 80]]
    counts = load_dataset(loose_card(tmp_path, "coco-object"), tmp_path).labels.count(COCO_ID)
    assert (counts.ignored, counts.unused) == (0, {native - 1: 1 for native in unused})


def test_the_eleven_unused_ids_are_ignored_and_counted(tmp_path):
    unused = [12, 26, 29, 30, 45, 66, 68, 69, 71, 83, 91]
    assert coco(tmp_path, [unused], "coco-stuff") == [[IGNORE] * 11]
    counts = load_dataset(loose_card(tmp_path, "coco-stuff"), tmp_path).labels.count(COCO_ID)
    assert counts.unused == {native - 1: 1 for native in unused}
    assert counts.ignored == 11


def test_a_stuffthingmap_value_above_181_is_an_error(tmp_path):
    with pytest.raises(LabelError, match=r"holds 182 \(1 pixels\)"):
        coco(tmp_path, [[183]], "coco-stuff")


def context(tmp_path, values, card, **options):
    make_context(tmp_path, {IMAGE: np.array(values, np.uint16)}, photographs=False)
    return load_dataset(loose_card(tmp_path, card), tmp_path, **options).target(IMAGE).tolist()


def test_context_459_has_class_v_minus_1_beyond_8_bits_and_ignores_0(tmp_path):
    assert context(tmp_path, [[1, 256, 257, 459, 0]], "context459") == [[0, 255, 256, 458, IGNORE]]


def test_context_459_counts_the_zeros_that_it_ignores(tmp_path):
    context(tmp_path, [[0, 0, 5]], "context459")
    assert load_dataset(loose_card(tmp_path, "context459"), tmp_path).labels.count(IMAGE).unused == {0: 2}


def test_unknown_is_scored_by_default_and_can_be_ignored(tmp_path):
    assert context(tmp_path, [[431, 430]], "context459") == [[430, 429]]
    assert context(tmp_path, [[431, 430]], "context459", unknown="ignored") == [[IGNORE, 429]]


def test_context_59_takes_its_classes_out_of_the_459_and_ignores_the_rest(tmp_path):
    assert context(tmp_path, [[2, 427, 454, 458, 1, 0, 459]], "context59") == [[0, 54, 57, 58, IGNORE, IGNORE, IGNORE]]


def test_context_60_scores_the_rest_as_class_0(tmp_path):
    assert context(tmp_path, [[2, 427, 458, 1, 0]], "context60") == [[1, 55, 59, 0, 0]]


def test_a_context_id_above_459_is_an_error_under_every_view(tmp_path):
    for card in ("context59", "context60", "context459"):
        with pytest.raises(LabelError, match=r"2007_000001\.mat: label .* holds 460 \(1 pixels\)"):
            context(tmp_path, [[460, 2]], card)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float64], ids=str)
def test_a_label_map_of_another_type_than_uint16_is_refused(tmp_path, dtype):
    make_context(tmp_path, {IMAGE: np.ones((2, 2), np.uint16)}, photographs=False)
    write_mat(tmp_path / f"pascal_context/trainval/{IMAGE}.mat", np.ones((2, 2), dtype))
    with pytest.raises(LabelError, match=r"expected uint16 \(H, W\), because ids reach 459 and 8 bits end at 255"):
        load_dataset(loose_card(tmp_path, "context459"), tmp_path).target(IMAGE)


def test_damage_to_an_uncompressed_mat_file_is_an_error_and_never_ends_the_process(tmp_path):
    make_context(tmp_path, {IMAGE: np.full((3, 4), 7, np.uint16)}, photographs=False)
    path = tmp_path / f"pascal_context/trainval/{IMAGE}.mat"
    scipy_io = pytest.importorskip("scipy.io")
    scipy_io.savemat(path, {"LabelMap": np.full((3, 4), 7, np.uint16)})
    dataset = load_dataset(loose_card(tmp_path, "context459"), tmp_path)
    assert (dataset.target(IMAGE) == 6).all()
    whole = path.read_bytes()
    # From 128 on: the matrix's tag, flags, dimensions, name, and the tag of its values.
    for place in range(124, 192):
        for value in (0, 10, 14, 64, 255):
            path.write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
            with contextlib.suppress(DataError, LabelError):
                dataset.target(IMAGE)


def test_a_mat_file_without_the_variable_says_so(tmp_path):
    make_context(tmp_path, {IMAGE: np.ones((2, 2), np.uint16)}, photographs=False)
    write_mat(tmp_path / f"pascal_context/trainval/{IMAGE}.mat", np.ones((2, 2), np.uint16), "S")
    with pytest.raises(DataError, match=r"2007_000001\.mat: holds no variable 'LabelMap'"):
        load_dataset(loose_card(tmp_path, "context459"), tmp_path).target(IMAGE)


@pytest.mark.parametrize("keep", [0.0, 0.01, 0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("kind", ["voc", "context"])
def test_a_label_file_that_breaks_off_is_an_error_with_its_name(tmp_path, kind, keep):
    labels = {IMAGE: np.random.default_rng(0).integers(1, 21, (60, 60)).astype(np.uint16)}
    if kind == "voc":
        make_voc(tmp_path, labels, photographs=False)
        path, card = tmp_path / f"VOCdevkit/VOC2012/SegmentationClass/{IMAGE}.png", "voc20"
    else:
        make_context(tmp_path, labels, photographs=False)
        path, card = tmp_path / f"pascal_context/trainval/{IMAGE}.mat", "context459"
    truncate(path, keep)
    with pytest.raises(DataError, match=path.name):
        load_dataset(loose_card(tmp_path, card), tmp_path).target(IMAGE)


def test_a_missing_label_names_the_path_that_was_looked_at(tmp_path):
    make_voc(tmp_path, {IMAGE: np.ones((2, 2), np.uint16)}, photographs=False)
    (tmp_path / f"VOCdevkit/VOC2012/SegmentationClass/{IMAGE}.png").unlink()
    with pytest.raises(DataError, match=r"SegmentationClass/2007_000001\.png: label of image '2007_000001' is missing"):
        load_dataset(loose_card(tmp_path, "voc20"), tmp_path).target(IMAGE)


@pytest.mark.parametrize("classes", [459, 847])
def test_16_bits_hold_every_class_of_a_large_vocabulary(tmp_path, classes):
    values = np.arange(1, classes + 1, dtype=np.uint16)[None]
    make_plain(tmp_path, {"a": values}, photographs=False)
    target = load_dataset(plain_card(tmp_path, classes), tmp_path).target("a")
    assert target.tolist() == [list(range(classes))]


def test_an_8_bit_label_is_refused_where_16_are_needed(tmp_path):
    make_plain(tmp_path, {"a": np.ones((2, 2))}, dtype=np.uint8, photographs=False)
    with pytest.raises(LabelError, match=r"a\.png: has 8 bits a pixel; the vocabulary's values reach 847 and need 16"):
        load_dataset(plain_card(tmp_path, 847), tmp_path).target("a")


def test_8_bits_are_enough_for_255_classes_and_16_are_welcome(tmp_path):
    values = np.arange(1, 256)[None]
    for dtype in (np.uint8, np.uint16):
        make_plain(tmp_path, {"a": values}, dtype=dtype, photographs=False)
        assert load_dataset(plain_card(tmp_path, 255), tmp_path).target("a").tolist() == [list(range(255))]


def test_a_16_bit_label_is_refused_by_a_format_of_8_bits(tmp_path):
    make_coco(tmp_path, {COCO_ID: np.ones((2, 2), np.uint16)}, photographs=False)
    write_gray_png(tmp_path / f"coco/stuffthingmaps/val2017/{COCO_ID}.png", np.ones((2, 2), np.uint16))
    with pytest.raises(LabelError, match="has 16 bits a pixel; this format has 8"):
        load_dataset(loose_card(tmp_path, "coco-stuff"), tmp_path).target(COCO_ID)


def test_a_label_png_of_colours_is_refused(tmp_path):
    make_plain(tmp_path, {"a": np.ones((2, 2))}, photographs=False)
    Image.new("RGB", (2, 2)).save(tmp_path / "labels/a.png")
    with pytest.raises(LabelError, match=r"a\.png holds RGB pixels; a label has one channel of class ids"):
        load_dataset(plain_card(tmp_path, 3), tmp_path).target("a")


def test_gray_of_fewer_than_8_bits_is_refused_because_decoders_stretch_it(tmp_path):
    make_plain(tmp_path, {"a": np.ones((2, 2))}, photographs=False)
    Image.new("1", (2, 2)).save(tmp_path / "labels/a.png")
    with pytest.raises(LabelError, match="has 1 bits a pixel without a palette; store labels with 8 or 16"):
        load_dataset(plain_card(tmp_path, 3), tmp_path).target("a")


def test_a_file_that_only_is_called_png_is_an_error(tmp_path):
    make_plain(tmp_path, {"a": np.ones((2, 2))}, photographs=False)
    Image.new("L", (2, 2)).save(tmp_path / "labels/a.png", format="JPEG")
    with pytest.raises(DataError, match=r"a\.png: is not a PNG file"):
        load_dataset(plain_card(tmp_path, 3), tmp_path).target("a")


def test_pillows_limit_on_huge_pictures_stays_on(tmp_path, monkeypatch):
    make_plain(tmp_path, {"a": np.ones((30, 30))}, photographs=False)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(DataError, match=r"a\.png: cannot be decoded: Image size \(900 pixels\) exceeds limit"):
        load_dataset(plain_card(tmp_path, 3), tmp_path).target("a")


ROUND_TRIPS = {
    "voc20": (make_voc, [0, *range(1, 21), 255], {0, 255}),
    "coco-stuff": (make_coco, [0, *load_card("coco-stuff").vocabulary().native_ids], {0}),
    "context459": (make_context, list(range(460)), {0}),
}


@pytest.mark.parametrize("card", ROUND_TRIPS)
def test_what_was_written_in_the_true_layout_is_read_back(tmp_path, card):
    write, values, ignored = ROUND_TRIPS[card]
    labels = random_labels(4, values, prefix="00000000")
    write(tmp_path, labels)
    dataset = load_dataset(loose_card(tmp_path, card), tmp_path)
    native = np.array(dataset.vocabulary.native_ids)
    assert dataset.image_ids == tuple(sorted(labels))
    for image_id, label in labels.items():
        target = dataset.target(image_id)
        assert np.array_equal(target == IGNORE, np.isin(label, list(ignored)))
        assert np.array_equal(native[target[target != IGNORE]], label[target != IGNORE])


@given(st.integers(1, 300), st.integers(0, 2**32 - 1))
@settings(max_examples=12, deadline=None)
def test_counts_are_the_bincount_of_the_target(tmp_path_factory, classes, seed):
    folder = tmp_path_factory.mktemp("counts")
    label = np.random.default_rng(seed).integers(0, classes + 1, (7, 11))
    make_plain(folder, {"a": label}, photographs=False)
    dataset = load_dataset(plain_card(folder, classes), folder)
    target, counts = dataset.target("a"), dataset.labels.count("a")
    assert counts.classes.tolist() == np.bincount(target[target != IGNORE], minlength=classes).tolist()
    assert counts.ignored == int((target == IGNORE).sum())
    assert counts.shape == (7, 11)


def test_an_offset_shifts_the_stored_values(tmp_path):
    write_palette_png(tmp_path / "labels/a.png", np.array([[100, 101, 103]]))
    target = load_dataset(plain_card(tmp_path, 3, offset=100), tmp_path).target("a")
    assert target.tolist() == [[IGNORE, 0, 2]]


def test_a_value_that_a_card_of_scattered_ids_does_not_know_is_refused_in_one_short_line(tmp_path):
    rows = "".join(f"{index},{2 * index + 1},class {index}\n" for index in range(60))
    (tmp_path / "odd.csv").write_text(f"index,native_id,name\n{rows}")
    (tmp_path / "odd.toml").write_text(
        'schema_version = 1\nid = "odd"\ntitle = "Odd"\nworld = "real"\nvocabulary = "odd.csv"\n'
        'background = "ignore"\nlicence = "none"\n[layout]\nimages = "{id}.jpg"\n'
        '[format]\nkind = "label-png"\nlabels = "{id}.png"\n[splits.val]\nlist = "val.txt"\n'
    )
    (tmp_path / "val.txt").write_text("a\n")
    Image.fromarray(np.full((4, 5), 2, np.uint8)).save(tmp_path / "a.png")
    Image.new("RGB", (5, 4)).save(tmp_path / "a.jpg")
    with pytest.raises(
        LabelError, match=r"holds 2 \(20 pixels\).* it knows 1, 3, 5, 7, 9, \.\.\., 119, 60 values in all"
    ):
        load_dataset(tmp_path / "odd.toml", tmp_path).target("a")
