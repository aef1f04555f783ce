"""Real files of the data sets, where they lie beside the checkout; skipped elsewhere."""

import json

import numpy as np
import pytest
from fakes import loose_card, make_coco, make_instances, write_json

from cosegbench.cards import load_card
from cosegbench.dataset import load_dataset, locate_dataset
from cosegbench.image_lists import image_list_digest
from cosegbench.verify import verify

VOC_PIXELS = [
    7413930, 103000, 61067, 110675, 72470, 56329, 298557, 152481, 279267, 148858, 51334,
    333981, 127817, 78985, 169819, 462893, 16699, 110946, 89540, 46635, 192874,
]  # fmt: skip
VOC_IGNORED = 557358


def test_the_61_real_voc_labels_have_the_published_pixel_sums(shared, tmp_path):
    lists = "VOCdevkit/VOC2012/ImageSets/Segmentation/"
    card = loose_card(tmp_path, "voc21", **{f"{lists}val.txt": f"{lists}sample.txt"})
    report = verify(load_dataset(card, shared / "real"), photographs=False)
    assert report.ok
    assert report.images == 61
    assert list(report.pixels.values()) == VOC_PIXELS
    assert report.ignored_share == VOC_IGNORED / (sum(VOC_PIXELS) + VOC_IGNORED)


def test_the_real_voc_photographs_have_the_size_of_their_labels(shared):
    dataset = locate_dataset("voc20", shared / "real")
    for path in sorted((shared / "real/VOCdevkit/VOC2012/JPEGImages").iterdir()):
        image, target = dataset.sample(path.stem)
        assert image.size[::-1] == target.shape


@pytest.mark.parametrize(("split", "count"), [("train", 1464), ("val", 1449)])
def test_the_official_voc_lists_are_those_that_the_cards_pin(shared, split, count):
    dataset = load_dataset("voc20", shared / "real", split)
    assert len(dataset) == count
    assert dataset.image_list_digest == dataset.split_card.ids_sha256


@pytest.mark.parametrize(
    ("card", "path"),
    [("coco-stuff", "cocostuff/coco2017_val_ids_5000.txt"), ("context459", "pascal_context/val_5104.txt")],
)
def test_the_real_val_ids_are_those_that_the_card_pins(shared, card, path):
    split = load_card(card).split("val", load_card(card).choose({}))
    ids = (shared / "real" / path).read_text().split()
    assert len(ids) == split.count
    assert image_list_digest(ids) == split.ids_sha256


def test_the_5105_images_are_the_5104_and_the_one_that_the_card_names(shared):
    card = load_card("context59")
    small, large = (card.split("val", card.choose({"images": value})) for value in ("5104", "5105"))
    ids = (shared / "real/pascal_context/val_5104.txt").read_text().split()
    assert image_list_digest([*ids, *small.exclude]) == large.ids_sha256


@pytest.fixture
def instances(shared, tmp_path):
    """The annotations of 100 real images under the name that the card expects."""
    content = json.loads((shared / "real/coco/instances_val2014_100.json").read_text())
    write_json(tmp_path / "coco/annotations/instances_val2017.json", content)
    return tmp_path, loose_card(tmp_path, "coco-things"), content


def test_100_real_images_are_painted_and_some_of_them_under_every_rule(instances):
    root, card, content = instances
    categories = {a["category_id"] for a in content["annotations"]}
    for overlap in ("first", "last", "ignore"):
        for crowd in ("under", "ignore", "in-order", "skip"):
            dataset = load_dataset(card, root, route="instances", overlap=overlap, crowd=crowd)
            default = (overlap, crowd) == ("first", "under")
            report = verify(dataset if default else dataset.subset(12), photographs=False)
            assert report.ok
            native = {
                dataset.vocabulary.native_ids[dataset.vocabulary.index_of(n)] for n, p in report.pixels.items() if p
            }
            assert native <= categories


def test_real_regions_have_the_area_that_the_file_says(instances):
    from cosegbench.adapters.regions import decode_region, read_regions

    root, _, content = instances
    index = read_regions(root / "coco/annotations/instances_val2017.json", "annotations")
    errors = [
        abs(int(decode_region(a["segmentation"], image.height, image.width, "").sum()) - a["area"])
        / max(a["area"], 100)
        for image in index.values()
        for a in image.annotations
    ]
    assert len(errors) == len(content["annotations"]) == 839
    # The file's areas are those of the polygons, ours those of their pixels.
    assert np.median(errors) < 0.02
    assert max(errors) < 0.35


def test_repainted_real_labels_are_the_same_labels(instances, tmp_path):
    root, card, _ = instances
    dataset = load_dataset(card, root, route="instances")
    native = np.array([*dataset.vocabulary.native_ids, 0], np.uint16)
    ids = dataset.image_ids[:10]
    maps = {image_id: native[np.minimum(dataset.target(image_id), len(native) - 1)] for image_id in ids}
    make_instances(tmp_path / "again", maps)
    again = load_dataset(card, tmp_path / "again", route="instances")
    for image_id in ids:
        assert np.array_equal(again.target(image_id), dataset.target(image_id))


def test_real_photographs_and_their_panoptic_things_are_read_as_label_maps(shared, tmp_path):
    from PIL import Image

    coco = shared / "real/coco"
    content = json.loads((coco / "panoptic_examples.json").read_text())
    things = set(load_card("coco-things").vocabulary().native_ids)
    areas: dict[str, dict[int, int]] = {}
    labels = {}
    found = set()
    for annotation in content["annotations"]:
        with Image.open(coco / "panoptic_examples" / annotation["file_name"]) as image:
            segments = np.asarray(image.convert("RGB")).astype(np.uint32) @ np.array([1, 256, 65536], np.uint32)
        found.add((len(np.unique(segments[segments > 0])), int((segments == 0).sum())))
        image_id = annotation["file_name"].removesuffix(".png")
        labels[image_id], areas[image_id] = np.zeros(segments.shape, np.uint16), {}
        for info in annotation["segments_info"]:
            if info["category_id"] in things:
                labels[image_id][segments == info["id"]] = info["category_id"]
                areas[image_id][info["category_id"]] = areas[image_id].get(info["category_id"], 0) + info["area"]
    assert found == {(18, 2712), (32, 7189)}  # segments and pixels of none
    make_coco(tmp_path, labels, photographs=False)
    (tmp_path / "coco/images").mkdir()
    (tmp_path / "coco/images/val2017").symlink_to(coco / "images")
    dataset = load_dataset(loose_card(tmp_path, "coco-things"), tmp_path)
    assert verify(dataset).ok
    for image_id, expected in areas.items():
        counts = dataset.labels.count(image_id).classes
        assert {dataset.vocabulary.native_ids[i]: int(counts[i]) for i in np.flatnonzero(counts)} == expected
