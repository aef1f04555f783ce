"""Every measure against a plain loop over pixels."""

from __future__ import annotations

from collections import defaultdict

import pytest

from cosegbench.kernels import score
from cosegbench.labels import VOID
from cosegbench.measures import MEASURES, Setting, measure
from cosegbench.vocabulary import ClassEntry, Vocabulary

from .samples import CLASSES, Picture, areas, evidence_of, mean, pictures

NAMES = ("cat", "sofa", "car", "wall", "zebra", "dog")
KINDS = ("thing", "thing", "thing", "stuff", "", "thing")
VOCABULARY = Vocabulary("v", tuple(ClassEntry(i, name, i, (), KINDS[i]) for i, name in enumerate(NAMES)))
TRAINING = Vocabulary.from_names(["cat", "couch", "bus", "wall-brick", "wall-other"])


def values(images: list[Picture]) -> dict[str, float | None]:
    found = measure(evidence_of(images), Setting(VOCABULARY, TRAINING))
    return {each.definition.key: each.value for each in found}


@pytest.fixture(params=[0, 1, 2])
def images(request: pytest.FixtureRequest) -> list[Picture]:
    return pictures(request.param)


def ious(images: list[Picture]) -> dict[int, float]:
    hit, true, predicted, _ = areas(images)
    return {each: hit[each] / (true[each] + predicted[each] - hit[each]) for each in true}


def by_image(images: list[Picture]) -> list[dict[int, float]]:
    return [found for image in images if (found := ious([image]))]


def lowest(found: list[float]) -> list[float]:
    return sorted(found)[: max(1, int(0.1 * len(found)))]


def test_the_means_under_each_rule_for_void_are_those_of_a_loop_over_pixels(images: list[Picture]) -> None:
    hit, true, predicted, void = areas(images)
    found = values(images)
    assert found["miou-void-missed"] == pytest.approx(mean(list(ious(images).values())))
    vanished = [
        hit[each] / (true[each] - void[each] + predicted[each] - hit[each]) for each in true if true[each] > void[each]
    ]
    assert found["miou-void-vanishes"] == pytest.approx(mean(vanished))
    filled = [(hit[each] + void[each]) / (true[each] + predicted[each] - hit[each]) for each in true]
    assert found["miou-void-right"] == pytest.approx(mean(filled))
    assert found["void-share"] == pytest.approx(100 * sum(void.values()) / sum(true.values()))


def test_accuracies_and_the_weighted_mean_are_those_of_a_loop_over_pixels(images: list[Picture]) -> None:
    hit, true, _, _ = areas(images)
    found, total = values(images), sum(true.values())
    assert found["pixel-accuracy"] == pytest.approx(100 * sum(hit.values()) / total)
    assert found["mean-accuracy"] == pytest.approx(mean([hit[each] / true[each] for each in true]))
    weighted = sum(true[each] / total * iou for each, iou in ious(images).items())
    assert found["frequency-weighted-iou"] == pytest.approx(100 * weighted)


def test_means_by_image_and_the_worst_tenth_are_those_of_a_loop_over_images(images: list[Picture]) -> None:
    found, each_image = values(images), by_image(images)
    image_means = [sum(one.values()) / len(one) for one in each_image]
    assert found["miou-i"] == pytest.approx(mean(image_means))
    assert found["miou-i-worst10"] == pytest.approx(mean(lowest(image_means)))
    of_class: dict[int, list[float]] = defaultdict(list)
    for one in each_image:
        for label, iou in one.items():
            of_class[label].append(iou)
    assert found["miou-c"] == pytest.approx(mean([sum(each) / len(each) for each in of_class.values()]))
    worst = [sum(lowest(each)) / len(lowest(each)) for each in of_class.values()]
    assert found["miou-c-worst10"] == pytest.approx(mean(worst))


def test_the_worst_tenth_keeps_more_than_one_image_where_there_are_many() -> None:
    images = pictures(4, images=40)
    image_means = [sum(one.values()) / len(one) for one in by_image(images)]
    assert len(lowest(image_means)) == 3
    assert values(images)["miou-i-worst10"] == pytest.approx(mean(lowest(image_means)))


@pytest.mark.parametrize(
    ("level", "seen"), [("exact", {"cat"}), ("strict", {"cat", "sofa", "wall"}), ("loose", {"cat", "sofa", "wall"})]
)
def test_seen_unseen_and_their_harmonic_mean_split_the_classes_with_ground_truth(
    images: list[Picture], level: str, seen: set[str]
) -> None:
    parts: dict[bool, list[float]] = {True: [], False: []}
    for label, iou in ious(images).items():
        parts[NAMES[label] in seen].append(iou)
    found = values(images)
    one, other = mean(parts[True]), mean(parts[False])
    assert found[f"seen-{level}"] == pytest.approx(one)
    assert found[f"unseen-{level}"] == pytest.approx(other)
    assert found[f"harmonic-{level}"] == pytest.approx(2 * one * other / (one + other))


def test_things_stuff_and_the_rest_split_the_classes_with_ground_truth(images: list[Picture]) -> None:
    found = values(images)
    for key, kind in (("miou-things", "thing"), ("miou-stuff", "stuff"), ("miou-kind-unknown", "")):
        part = [iou for label, iou in ious(images).items() if KINDS[label] == kind]
        assert found[key] == pytest.approx(mean(part))


def test_label_sets_are_compared_image_by_image(images: list[Picture]) -> None:
    precision, recall, both = [], [], []
    for image in images:
        said = {predicted for predicted, _ in image.pixels() if predicted != VOID}
        shown = {true for _, true in image.pixels()}
        if shown:
            right = len(said & shown)
            precision.append(right / len(said) if said else 0.0)
            recall.append(right / len(shown))
            both.append(2 * right / (len(said) + len(shown)))
    found = values(images)
    assert len(precision) == len(images) - 1  # one image is ignored whole
    assert found["labels-precision"] == pytest.approx(mean(precision))
    assert found["labels-recall"] == pytest.approx(mean(recall))
    assert found["labels-f1"] == pytest.approx(mean(both))


def test_proposals_are_cut_at_k_and_compared_image_by_image(images: list[Picture]) -> None:
    found = values(images)
    shown = {image.id: {true for _, true in image.pixels()} for image in images}
    scored = [image for image in images if shown[image.id]]
    for depth in (1, 5, 10, 20):
        recalls = [
            len(set(image.proposals[:depth]) & shown[image.id]) / len(shown[image.id]) for image in scored
        ]  # fmt: skip
        assert found[f"proposals-recall-{depth}"] == pytest.approx(mean(recalls))
    rights = [len(set(image.proposals) & shown[image.id]) for image in scored]
    precisions = [
        right / len(image.proposals) if image.proposals else 0.0 for right, image in zip(rights, scored, strict=True)
    ]
    assert found["proposals-precision"] == pytest.approx(mean(precisions))
    f1 = [
        2 * right / (len(image.proposals) + len(shown[image.id])) for right, image in zip(rights, scored, strict=True)
    ]
    assert found["proposals-f1"] == pytest.approx(mean(f1))


def test_the_first_measure_is_the_default_rule_and_the_plain_form_of_open_miou_is_detectron2s(
    images: list[Picture],
) -> None:
    evidence, found = evidence_of(images), values(images)
    assert next(iter(MEASURES)) == "miou-void-missed"
    assert found["miou-void-missed"] == pytest.approx(score(evidence, "gt-void-fn").miou)
    assert found["open-miou-plain"] == pytest.approx(score(evidence, "detectron2-union").miou)


def test_every_class_count_is_that_of_the_classes_with_ground_truth(images: list[Picture]) -> None:
    _, true, _, _ = areas(images)
    found = {each.definition.key: each.classes for each in measure(evidence_of(images), Setting(VOCABULARY, TRAINING))}
    assert found["miou-void-missed"] == found["mean-accuracy"] == len(true)
    assert found["seen-strict"] == len({"cat", "sofa", "wall"} & {NAMES[label] for label in true})
    assert found["pixel-accuracy"] is None
    assert len(VOCABULARY) == CLASSES
