"""COCO's instances JSON and PASCAL in Detail: polygons and run lengths painted to one map."""

import json

import numpy as np
import pytest
from fakes import (
    categories,
    loose_card,
    make_coco,
    make_context,
    make_detail,
    make_instances,
    random_labels,
    region,
    write_json,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench.adapters.instances_json import CROWD_RULES, OVERLAP_RULES, paint
from cosegbench.adapters.regions import ImageRegions, decode_region, read_regions
from cosegbench.cards import load_card
from cosegbench.dataset import load_dataset, locate_dataset
from cosegbench.errors import DataError
from cosegbench.labels import IGNORE

LEFT = np.array([[1, 1, 0, 0]], bool)
MIDDLE = np.array([[0, 1, 1, 0]], bool)
ALL = np.ones((1, 4), bool)


def painted(annotations, overlap="first", crowd="under"):
    return paint(ImageRegions(1, 4, None, annotations), overlap, crowd, "f.json, image x").tolist()[0]


TWO = [region(1, 1, 5, LEFT), region(2, 1, 7, MIDDLE)]


@pytest.mark.parametrize(
    ("overlap", "expected"), [("first", [5, 5, 7, 0]), ("last", [5, 7, 7, 0]), ("ignore", [5, IGNORE, 7, 0])]
)
def test_the_overlap_rule_decides_who_keeps_a_pixel(overlap, expected):
    assert painted(TWO, overlap=overlap) == expected


def test_refused_overlaps_name_file_image_and_annotation():
    with pytest.raises(DataError, match=r"f\.json, image x, annotation 2: overlaps an earlier one"):
        painted(TWO, overlap="refuse")


def test_overlap_is_ignored_whatever_the_classes():
    assert painted([region(1, 1, 5, LEFT), region(2, 1, 5, MIDDLE)], overlap="ignore") == [5, IGNORE, 5, 0]


@pytest.mark.parametrize(
    ("crowd", "expected"),
    [("under", [5, 5, 9, 9]), ("ignore", [5, 5, IGNORE, IGNORE]), ("in-order", [9, 9, 9, 9]), ("skip", [5, 5, 0, 0])],
)
def test_the_crowd_rule_decides_what_crowd_regions_do(crowd, expected):
    assert painted([region(1, 1, 9, ALL, crowd=1), region(2, 1, 5, LEFT)], crowd=crowd) == expected


@pytest.mark.parametrize("overlap", OVERLAP_RULES)
@pytest.mark.parametrize("crowd", CROWD_RULES)
def test_every_rule_gives_the_same_where_nothing_overlaps(overlap, crowd):
    assert painted([region(1, 1, 5, LEFT), region(2, 1, 7, ~LEFT)], overlap, crowd) == [5, 5, 7, 7]


def test_painting_first_wins_is_painting_backwards_with_last_wins():
    rng = np.random.default_rng(0)
    annotations = [region(i, 1, i + 1, rng.random((6, 8)) < 0.4) for i in range(5)]
    forward = paint(ImageRegions(6, 8, None, annotations), "first", "skip", "")
    backward = paint(ImageRegions(6, 8, None, annotations[::-1]), "last", "skip", "")
    assert np.array_equal(forward, backward)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_run_lengths_go_down_columns_and_begin_with_zeros(height, width, seed):
    mask = np.random.default_rng(seed).random((height, width)) < 0.5
    assert np.array_equal(decode_region(region(1, 1, 1, mask)["segmentation"], height, width, ""), mask)


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 30), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_compressed_run_lengths_give_the_same_mask(height, width, block, seed):
    from pycocotools import mask as codec

    cells = np.random.default_rng(seed).random((height, width)) < 0.3
    mask = np.kron(cells, np.ones((block, 1), bool))[:height]
    encoded = codec.encode(np.asfortranarray(mask.astype(np.uint8)))
    for counts in (encoded["counts"], encoded["counts"].decode()):
        assert np.array_equal(decode_region({"size": [height, width], "counts": counts}, height, width, ""), mask)


def test_several_polygons_are_united():
    square = [0, 0, 4, 0, 4, 4, 0, 4]
    other = [6, 6, 9, 6, 9, 9, 6, 9]
    mask = decode_region([square, other], 10, 10, "")
    assert mask[:4, :4].all()
    assert mask[6:9, 6:9].all()
    assert mask.sum() == 16 + 9


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ({"size": [4, 1], "counts": [0, 4]}, r"run lengths are for size \[4, 1\], the image has \[1, 4\]"),
        ({"size": [1, 4], "counts": [0, 400]}, "runs add up to 400, the image has 4 pixels"),
        ({"size": [1, 4], "counts": [5, -1]}, "runs add up to 4"),
        ([[0, 0, 3, 3]], "neither polygons of at least 3 points nor run lengths"),
        ([], "neither polygons"),
        ("nothing", "neither polygons"),
        ({"size": [1, 4]}, "cannot be decoded"),
        ({"size": [1, 4], "counts": ""}, "runs add up to 0, the image has 4 pixels"),
        ({"size": [1, 4], "counts": "11"}, "runs add up to 2, the image has 4 pixels"),
        ({"size": [1, 4], "counts": [1.5, 2.5]}, "runs add up to 4.0"),
        ({"size": [1, 4], "counts": None}, "cannot be decoded"),
    ],
)
def test_a_region_that_cannot_be_decoded_is_an_error_that_names_it(segmentation, message):
    with pytest.raises(DataError, match=f"f.json, annotation 3: .*{message}"):
        decode_region(segmentation, 1, 4, "f.json, annotation 3")


def things(tmp_path, count=3):
    ids = list(load_card("coco-things").vocabulary().native_ids)
    labels = random_labels(count, [0, *ids], prefix="00000000")
    make_coco(tmp_path, labels)
    make_instances(tmp_path, labels)
    return labels


def test_both_routes_to_coco_things_agree_where_instances_do_not_overlap(tmp_path):
    labels = things(tmp_path)
    card = loose_card(tmp_path, "coco-things")
    maps, instances = (load_dataset(card, tmp_path, route=route) for route in ("stuffthingmaps", "instances"))
    assert maps.image_ids == instances.image_ids == tuple(sorted(labels))
    for image_id in labels:
        assert np.array_equal(maps.target(image_id), instances.target(image_id))


def test_an_image_without_instances_stays_in_the_split_and_is_all_ignored(tmp_path):
    labels = {"000000000001": np.zeros((3, 4), np.uint16), "000000000002": np.ones((3, 4), np.uint16)}
    make_instances(tmp_path, labels)
    dataset = load_dataset(loose_card(tmp_path, "coco-things"), tmp_path, route="instances")
    assert dataset.image_ids == ("000000000001", "000000000002")
    assert (dataset.target("000000000001") == IGNORE).all()


def test_the_chosen_rules_reach_the_painter(tmp_path):
    mask = np.ones((2, 2), bool)
    images = [{"id": 1, "file_name": "000000000001.jpg", "height": 2, "width": 2}]
    annotations = [region(1, 1, 1, mask), region(2, 1, 2, mask)]
    content = {"images": images, "annotations": annotations, "categories": categories("coco-things")}
    write_json(tmp_path / "coco/annotations/instances_val2017.json", content)
    card = loose_card(tmp_path, "coco-things")
    for overlap, expected in (("first", 0), ("last", 1), ("ignore", IGNORE)):
        target = load_dataset(card, tmp_path, route="instances", overlap=overlap).target("000000000001")
        assert np.unique(target).tolist() == [expected]


def test_a_file_whose_categories_are_numbered_otherwise_is_refused(tmp_path):
    labels = {"000000000001": np.ones((2, 2), np.uint16)}
    path = make_instances(tmp_path, labels)
    content = json.loads(path.read_text())
    for number, category in enumerate(content["categories"], 1):
        category["id"] = number
    write_json(path, content)
    with pytest.raises(DataError, match=r"(?s)categories are not those of coco-things.*category 13 is 'parking meter'"):
        load_dataset(loose_card(tmp_path, "coco-things"), tmp_path, route="instances")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "cannot be read as JSON"),
        ('{"images": []}', "has not the layout of an annotation file"),
        ('{"images": [], "categories": []}', "holds no list of annotations"),
        (
            '{"images": [], "categories": [], "annotations": [{"image_id": 3, "category_id": 1}]}',
            "not listed, such as 3",
        ),
        ('{"images": [], "categories": [], "annotations": [{"image_id": 3, "category_id": 0}]}', "category 0 is no id"),
    ],
)
def test_a_json_file_of_another_layout_is_an_error_that_names_it(tmp_path, content, message):
    path = tmp_path / "coco/annotations/instances_val2017.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(DataError, match=rf"instances_val2017\.json.*{message}"):
        locate_dataset(loose_card(tmp_path, "coco-things"), tmp_path, route="instances").target("x")


def test_both_routes_to_context_59_agree_on_files_that_say_the_same(tmp_path):
    ids = list(load_card("context59").vocabulary().native_ids)
    labels = random_labels(3, [0, *ids], prefix="2008_")
    make_context(tmp_path, labels)
    make_detail(tmp_path, labels)
    card = loose_card(tmp_path, "context60")
    mat, detail = (load_dataset(card, tmp_path, route=route) for route in ("mat", "json"))
    assert mat.image_ids == detail.image_ids
    for image_id in labels:
        assert np.array_equal(mat.target(image_id), detail.target(image_id))


def test_the_json_of_context_holds_train_and_val_and_the_phase_parts_them(tmp_path):
    labels = random_labels(2, [0, 2, 9], prefix="2008_")
    path = make_detail(tmp_path, labels)
    content = json.loads(path.read_text())
    content["images"][0]["phase"] = "train"
    write_json(path, content)
    card = loose_card(tmp_path, "context59")
    ids = {split: load_dataset(card, tmp_path, split, route="json").image_ids for split in ("train", "val")}
    assert ids == {"train": ("2008_000000",), "val": ("2008_000001",)}


def test_detail_annotations_are_painted_in_file_order_crowd_included(tmp_path):
    labels = {"2008_000001": np.zeros((1, 4), np.uint16)}
    path = make_detail(tmp_path, labels)
    content = json.loads(path.read_text())
    content["annos_segmentation"] = [region(1, 2008000001, 2, ALL), region(2, 2008000001, 9, LEFT, crowd=1)]
    write_json(path, content)
    target = load_dataset(loose_card(tmp_path, "context59"), tmp_path, route="json").target("2008_000001")
    assert target.tolist() == [[1, 1, 0, 0]]


def test_an_image_that_is_listed_twice_a_broken_category_and_endless_brackets_are_errors(tmp_path):
    path = tmp_path / "f.json"
    image = {"id": 1, "file_name": "x.jpg", "height": 1, "width": 4}
    write_json(path, {"images": [image, image], "annotations": [region(1, 1, 5, LEFT)], "categories": []})
    with pytest.raises(DataError, match="lists image 'x' twice"):
        read_regions(path, "annotations")
    write_json(path, {"images": [image], "annotations": [{**region(1, 1, 5, LEFT), "category_id": 5.5}]})
    with pytest.raises(DataError, match=r"annotation 1: category 5\.5 is no id"):
        read_regions(path, "annotations")
    path.write_text("[" * 100_000)
    with pytest.raises(DataError, match="cannot be read as JSON"):
        read_regions(path, "annotations")
