from __future__ import annotations

import contextlib
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosegbench import IGNORE, VOID, Evidence
from cosegbench.errors import EvidenceError, LabelError
from scoring.maps import add_up, images, loop_counts

FEW = settings(max_examples=40, deadline=None)


def collect(classes, pairs) -> Evidence:
    evidence = Evidence(classes)
    for index, (prediction, target) in enumerate(pairs):
        evidence.add(f"image {index}", prediction, target)
    return evidence


@FEW
@given(images())
def test_counts_equal_those_of_a_plain_loop(case):
    classes, pairs = case
    expected = np.zeros((classes + 1, classes), np.int64)
    for (predicted, true), pixels in add_up([loop_counts(pair) for pair in pairs]).items():
        expected[min(predicted, classes), true] += pixels
    np.testing.assert_array_equal(collect(classes, pairs).confusion(), expected)


@FEW
@given(images(), st.randoms(use_true_random=False))
def test_merging_any_split_in_any_order_gives_the_same_bits(case, random):
    classes, pairs = case
    whole = collect(classes, pairs)
    parts = [Evidence(classes) for _ in range(3)]
    for index, (prediction, target) in enumerate(pairs):
        random.choice(parts).add(f"image {index}", prediction, target)
    random.shuffle(parts)
    merged = Evidence(classes)
    for part in parts:
        merged.merge(part)
    assert merged == whole
    assert merged.image_ids == whole.image_ids
    assert [merged.image_bytes(i) for i in merged.image_ids] == [whole.image_bytes(i) for i in whole.image_ids]


@FEW
@given(images())
def test_saved_then_read_is_equal_and_equal_evidence_gives_equal_files(tmp_path_factory, case):
    classes, pairs = case
    folder = tmp_path_factory.mktemp("evidence")
    evidence, reversed_order = collect(classes, pairs), Evidence(classes)
    for index, (prediction, target) in reversed(list(enumerate(pairs))):
        reversed_order.add(f"image {index}", prediction, target)
    evidence.save(folder / "a.npz")
    reversed_order.save(folder / "b.npz")
    assert Evidence.load(folder / "a.npz") == evidence
    assert (folder / "a.npz").read_bytes() == (folder / "b.npz").read_bytes()


@FEW
@given(images())
def test_ignored_pixels_have_no_effect_whatever_is_predicted_there(case):
    classes, pairs = case
    changed = []
    for prediction, target in pairs:
        other = prediction.copy()
        other[target == IGNORE] = classes - 1
        changed.append((other, target))
    assert collect(classes, changed) == collect(classes, pairs)


@FEW
@given(images())
def test_one_image_travels_as_bytes(case):
    classes, pairs = case
    evidence = collect(classes, pairs)
    evidence.add_ranked("image 0", [classes - 1], [0.25])
    evidence.add_binary("image 0", [0], [1], [2], [3])
    blobs = {image_id: evidence.image_bytes(image_id) for image_id in evidence.image_ids}
    assert Evidence.from_image_bytes(classes, blobs) == evidence


def test_every_channel_survives_saving(tmp_path):
    evidence = Evidence(5)
    evidence.add("a", np.zeros((2, 2), np.uint16), np.ones((2, 2), np.uint16))
    evidence.add_ranked("a", [3, 1], [0.9, -0.5])
    evidence.add_binary("a", [4, 0], [1, 0], [2, 9], [5, 3])
    evidence.add_binary("a", [4, 0], [1, 0], [1, 3], [5, 3], channel="binary-exclusive")
    evidence.add_binary("b", [], [], [], [])
    evidence.save(tmp_path / "evidence.npz")
    loaded = Evidence.load(tmp_path / "evidence.npz")
    assert loaded == evidence
    assert loaded.channels == {"binary"}
    assert loaded.table("ranked").rows["score"].tolist() == [0.9, -0.5]


def test_adding_an_image_twice_is_a_no_op_when_equal_and_an_error_when_not():
    prediction, target = np.zeros((2, 3), np.uint16), np.ones((2, 3), np.uint16)
    evidence = Evidence(2)
    evidence.add("cat.jpg", prediction, target)
    before = evidence.image_bytes("cat.jpg")
    evidence.add("cat.jpg", prediction, target)
    assert evidence.image_bytes("cat.jpg") == before
    with pytest.raises(EvidenceError, match=r"'cat\.jpg' was counted before with other counts"):
        evidence.add("cat.jpg", target, target)
    assert evidence.image_bytes("cat.jpg") == before


def test_a_refused_merge_takes_nothing_over():
    one, other = Evidence(2), Evidence(2)
    zeros, ones = np.zeros((1, 1), np.uint16), np.ones((1, 1), np.uint16)
    one.add("b", zeros, zeros)
    other.add("a", zeros, zeros)
    other.add("b", ones, zeros)
    with pytest.raises(EvidenceError, match="'b'"):
        one.merge(other)
    assert one.image_ids == ("b",)


def test_evidence_of_another_number_of_classes_is_refused():
    with pytest.raises(EvidenceError, match="3 classes into 2"):
        Evidence(2).merge(Evidence(3))
    blob = Evidence(3)
    blob.add("a", np.zeros((1, 1), np.uint16), np.zeros((1, 1), np.uint16))
    with pytest.raises(EvidenceError, match="3 classes; expected 2"):
        Evidence(2).add_image_bytes("a", blob.image_bytes("a"))


@pytest.mark.parametrize("classes", [3, 255, 256, 459, 847, 65535])
@pytest.mark.parametrize("where", ["prediction", "target"])
def test_a_value_out_of_range_names_image_value_and_range(classes, where):
    good, bad = np.zeros((3, 4), np.uint16), np.zeros((3, 4), np.uint16)
    bad[1, 2] = classes if classes < 65535 else 65534
    evidence = Evidence(classes)
    if classes == 65535:  # the last class that there can be
        evidence.add("x", bad, bad)
        return
    maps = (bad, good) if where == "prediction" else (good, bad)
    with pytest.raises(LabelError, match=rf"{where} of image 'x': value {classes} is outside 0\.\.{classes - 1} "):
        evidence.add("x", *maps)
    assert evidence.image_ids == ()


@pytest.mark.parametrize("classes", [20, 254, 255, 256, 257, 459, 847, 40000])
def test_the_highest_class_void_and_ignore_do_not_alias(classes):
    top = classes - 1
    prediction = np.array([[0, top, VOID, top, VOID, top]], np.uint16)
    target = np.array([[0, top, top, 0, IGNORE, IGNORE]], np.uint16)
    rows = [(int(p), int(t), int(n)) for p, t, n in counted(classes, prediction, target) if t != IGNORE]
    assert sorted(rows) == [(0, 0, 1), (top, 0, 1), (top, top, 1), (VOID, top, 1)]


@pytest.mark.parametrize("classes", [5, 300, 2000])
def test_noise_and_areas_are_counted_alike(classes):
    rng = np.random.default_rng(classes)
    noise = rng.integers(0, classes, (2, 90, 110)).astype(np.uint16)
    areas = np.repeat(np.repeat(noise[:, :9, :11], 10, axis=1), 10, axis=2)
    for prediction, target in (noise, areas, (noise[0], areas[1]), (noise[0], noise[0])):
        rows = counted(classes, prediction, target)
        pairs, pixels = np.unique(np.stack([prediction.ravel(), target.ravel()]), axis=1, return_counts=True)
        got = {(int(p), int(t)): int(n) for p, t, n in rows}
        assert got == dict(zip(map(tuple, pairs.T.tolist()), pixels.tolist(), strict=True))


@pytest.mark.parametrize(
    ("prediction", "target", "message"),
    [
        (
            np.zeros((2, 2), np.int64),
            np.zeros((2, 2), np.uint16),
            "prediction of image 'x': expected a uint16 array, got int64",
        ),
        (
            np.zeros((2, 2), np.uint16),
            np.zeros((2, 2), np.uint8),
            "target of image 'x': expected a uint16 array, got uint8",
        ),
        (np.zeros((2, 2), np.uint16), np.zeros((2, 3), np.uint16), r"'x': the prediction has shape \(2, 2\)"),
        (np.zeros((4,), np.uint16), np.zeros((4,), np.uint16), r"expected shape \(H, W\)"),
        ([[0]], np.zeros((1, 1), np.uint16), "expected a uint16 array, got list"),
    ],
)
def test_arrays_of_another_kind_are_refused(prediction, target, message):
    with pytest.raises(LabelError, match=message):
        Evidence(3).add("x", prediction, target)


def test_slices_and_read_only_maps_are_counted_in_place():
    whole = np.arange(36, dtype=np.uint16).reshape(6, 6) % 4
    view = whole[::2, ::-1]
    view.flags.writeable = False
    evidence = Evidence(4)
    evidence.add("x", view, view)
    assert evidence.confusion().trace() == view.size
    assert whole.max() == 3


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([1, 1], [0.5, 0.4], "contradict"),
        ([0, 1], [0.1, 0.2], "contradict"),
        ([7], [1.0], r"class 7 is outside 0\.\.2"),
    ],
)
def test_ranked_labels_must_be_distinct_descending_and_in_range(labels, scores, message):
    with pytest.raises(EvidenceError, match=message):
        Evidence(3).add_ranked("x", labels, scores)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([0], [5], [4], [9]), "contradict"),
        (([0], [-1], [4], [9]), "out of range"),
        (([0, 0], [1, 1], [4, 4], [9, 9]), "contradict"),
        (([0, 1], [1], [4], [9]), "unequal lengths"),
        (([3], [1], [4], [9]), "outside"),
    ],
)
def test_binary_counts_must_be_possible(columns, message):
    with pytest.raises(EvidenceError, match=message):
        Evidence(3).add_binary("x", *columns)


def test_damaged_bytes_and_files_are_refused(tmp_path):
    evidence = Evidence(3)
    evidence.add("x", np.zeros((2, 2), np.uint16), np.zeros((2, 2), np.uint16))
    blob = evidence.image_bytes("x")
    for damaged in (blob[:-1], blob + b"x", b"", b"abcd" + blob[4:], blob[:4] + b"\xff\xff" + blob[6:]):
        with pytest.raises(EvidenceError):
            Evidence(3).add_image_bytes("x", damaged)
    evidence.save(tmp_path / "good")
    content = (tmp_path / "good").read_bytes()
    (tmp_path / "cut").write_bytes(content[: len(content) // 2])
    for name in ("cut", "absent"):
        with pytest.raises(EvidenceError, match=name):
            Evidence.load(tmp_path / name)


def test_a_flipped_byte_never_gives_other_counts_or_another_error(tmp_path):
    evidence = Evidence(5)
    for index in range(3):
        evidence.add(str(index), np.full((4, 4), index, np.uint16), np.eye(4, dtype=np.uint16))
    evidence.save(tmp_path / "evidence")
    content = (tmp_path / "evidence").read_bytes()
    for place in range(0, len(content), 7):
        flipped = bytearray(content)
        flipped[place] ^= 0x5A
        (tmp_path / "evidence").write_bytes(flipped)
        with contextlib.suppress(EvidenceError):
            assert Evidence.load(tmp_path / "evidence") == evidence  # a date, or another byte that says nothing


def test_files_of_another_kind_are_refused_as_evidence(tmp_path):
    np.save(tmp_path / "array.npy", np.zeros(3))
    (tmp_path / "empty.npz").write_bytes(b"")
    np.savez(tmp_path / "objects.npz", version=np.array([{}], dtype=object))
    head = {"version": np.int64(1), "num_classes": np.int64(5), "image_ids": np.array(["x"])}
    np.savez(tmp_path / "lonely.npz", **head, **{"pairs/images": np.array([0])})
    columns = {name: np.zeros(0) for name in ("pairs/prediction", "pairs/target", "pairs/pixels")}
    np.savez(tmp_path / "outside.npz", **head, **columns, **{"pairs/images": np.array([9]), "pairs/counts": [0]})
    for path in (*tmp_path.iterdir(), tmp_path):
        with pytest.raises(EvidenceError, match=path.name):
            Evidence.load(path)


def test_counts_that_are_no_whole_numbers_and_scores_that_are_no_numbers_are_refused():
    evidence = Evidence(3)
    with pytest.raises(EvidenceError, match="label is of type float64"):
        evidence.add_binary("x", np.array([0.5]), [1], [1], [1])
    with pytest.raises(EvidenceError, match=r"label has shape \(1, 1\)"):
        evidence.add_binary("x", np.array([[0]]), [1], [1], [1])
    with pytest.raises(EvidenceError, match="score holds what is no finite number"):
        evidence.add_ranked("x", [1], [float("nan")])


@pytest.mark.parametrize("classes", [0, -1, 65536, 3.5])
def test_a_number_of_classes_that_cannot_be_is_refused(classes):
    with pytest.raises(EvidenceError, match=r"must be in 1\.\.65535"):
        Evidence(classes)


def test_storage_grows_with_the_pairs_that_occur_and_not_with_the_classes():
    labels = np.zeros((375, 500), np.uint16)
    sizes = []
    for classes, count in itertools.product((20, 60000), (1, 100)):
        evidence = Evidence(classes)
        for index in range(count):
            evidence.add(str(index), labels, labels)
        sizes.append(len(evidence.image_bytes("0")))
    assert len(set(sizes)) == 1
    assert sizes[0] < 64


def counted(classes, prediction, target):
    evidence = Evidence(classes)
    evidence.add("x", prediction, target)
    return evidence.table("pairs").rows.tolist()
