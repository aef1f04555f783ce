"""Similarities of class names: the concept table's, and matrices in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cosegbench.concepts import overlaps
from cosegbench.errors import DataError, ProtocolError, RequestError
from cosegbench.evidence import Evidence
from cosegbench.measures import MEASURES, Likeness, Setting, by_concepts, measure, read_likeness, write_likeness
from cosegbench.measures.base import measured
from cosegbench.vocabulary import Vocabulary

from .samples import CLASSES, evidence_of, pictures


def test_a_class_and_its_kinds_overlap_and_strangers_do_not() -> None:
    vocabulary = Vocabulary.from_names(["wall", "cat", "wall-brick", "zebra", "mountain", "hill"])
    assert overlaps(vocabulary) == ((2,), (), (0,), (), (5,), (4,))


def test_two_names_of_one_concept_overlap() -> None:
    assert overlaps(Vocabulary.from_names(["couch", "sofa", "cat"])) == ((1,), (0,), ())


def test_the_similarity_of_the_concept_table_is_symmetric_with_ones_on_the_diagonal() -> None:
    matrix = by_concepts(Vocabulary.from_names(["wall", "cat", "wall-brick"])).matrix
    assert matrix.tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 1]]


def test_open_miou_by_a_matrix_is_that_of_a_loop_over_pixels() -> None:
    images = pictures(2)
    draw = np.random.default_rng(0)
    matrix = np.clip(draw.random((CLASSES, CLASSES)), 0, 1)
    np.fill_diagonal(matrix, 1.0)
    vocabulary = Vocabulary.from_names([f"class {index}" for index in range(CLASSES)])
    soft = [0.0] * CLASSES
    wrong = [0.0] * CLASSES
    true = [0] * CLASSES
    for image in images:
        for said, is_ in image.pixels():
            if said < CLASSES:
                true[is_] += 1
                soft[is_] += matrix[said, is_]
                wrong[said] += 1 - matrix[said, is_]
    ious = [soft[each] / (true[each] + wrong[each]) for each in range(CLASSES) if true[each]]
    averaged = sum(true[each] > 0 or wrong[each] > 0 for each in range(CLASSES))
    setting = Setting(vocabulary, None, Likeness("drawn", vocabulary.names, matrix))
    found = measured(MEASURES["open-miou"], evidence_of(images), setting)
    assert found.value == pytest.approx(100 * sum(ious) / averaged)
    assert averaged > len(ious)  # the class that is only predicted adds 0


def test_a_similarity_about_other_classes_is_refused_where_it_is_used() -> None:
    likeness = by_concepts(Vocabulary.from_names(["a", "b"]))
    with pytest.raises(ProtocolError, match="similarity concepts is not about the classes of other"):
        measured(MEASURES["open-miou"], Evidence(2), Setting(Vocabulary.from_names("cd", id="other"), None, likeness))


def test_a_matrix_is_read_as_it_was_written(tmp_path: Path) -> None:
    matrix = np.array([[1.0, 1 / 3], [0.1, 1.0]])
    write_likeness(tmp_path / "s.csv", Likeness("clip", ("a, b", 'c "d"'), matrix))
    found = read_likeness(tmp_path / "s.csv")
    assert (found.name, found.names) == ("s.csv", ("a, b", 'c "d"'))
    assert found.matrix.tolist() == matrix.tolist()
    assert found.digest == Likeness("other name", ("a, b", 'c "d"'), matrix).digest


def test_other_values_or_names_are_another_digest() -> None:
    one = Likeness("s", ("a", "b"), np.eye(2))
    assert one.digest != Likeness("s", ("a", "c"), np.eye(2)).digest
    assert one.digest != Likeness("s", ("a", "b"), np.array([[1.0, 0.5], [0.0, 1.0]])).digest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (",a,b\na,1,0\nc,0,1\n", "same names in the same order"),
        (",a,b\na,1,0\n", "same names in the same order"),
        (",a,b\na,1,0\nb,1\n", "cannot be read"),
        (",a,b\na,1,2\nb,0,1\n", r"must lie in \[0, 1\]"),
        (",a,b\na,1,nan\nb,0,1\n", r"must lie in \[0, 1\]"),
        (",a,b\na,1,0\nb,0,0.5\n", "write 1 on the diagonal"),
        (",a\na,much\n", "cannot be read"),
        ("", "cannot be read"),
        (",\n", "same names|cannot be read|no class"),
    ],
)
def test_a_file_that_is_no_similarity_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "s.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        read_likeness(path)


def test_a_file_that_is_not_there_is_a_bad_request(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="there is no such file"):
        read_likeness(tmp_path / "s.csv")


def test_what_a_run_gains_by_its_names_is_open_minus_plain() -> None:
    vocabulary = Vocabulary.from_names(["wall", "wall-brick"])
    evidence = Evidence(2)
    evidence.add("a", np.array([[1, 1, 0, 0]], np.uint16), np.array([[0, 1, 0, 0]], np.uint16))
    found = {
        each.definition.key: each.value
        for each in measure(evidence, Setting(vocabulary, None, by_concepts(vocabulary)))
    }
    assert found["open-miou"] == 100.0
    assert found["open-miou-gain"] == pytest.approx(100.0 - found["open-miou-plain"])  # type: ignore[operator]
