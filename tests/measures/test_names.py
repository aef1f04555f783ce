"""Similarity of two lists of names, against scipy and against loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import directed_hausdorff

from cosegbench.errors import WorkError
from cosegbench.measures.names import NameSimilarity, soft_matrix
from cosegbench.text import TextRule
from cosegbench.text_encoders import embeddings


def unit(seed: int, count: int, width: int = 5) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(count, width))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return sum(float(a) * float(b) for a, b in zip(one, other, strict=True))


@given(st.integers(0, 1000), st.integers(1, 7), st.integers(1, 7))
@settings(max_examples=40, deadline=None)
def test_both_directions_are_scipys_directed_hausdorff_on_the_unit_sphere(seed: int, tests: int, trained: int) -> None:
    test, training = unit(seed, tests), unit(seed + 1, trained)
    found = NameSimilarity.of(test, training)
    # between unit vectors, distance^2 = 2 - 2 cosine
    there, back = (1 - directed_hausdorff(*pair)[0] ** 2 / 2 for pair in ((test, training), (training, test)))
    assert found.directed == pytest.approx(there)
    assert found.reverse == pytest.approx(back)
    assert found.hausdorff_distance == pytest.approx(1 - min(there, back))


def test_nearest_names_and_their_mean_are_those_of_a_loop() -> None:
    test, training = unit(3, 6), unit(4, 4)
    found = NameSimilarity.of(test, training)
    nearest = [max(cosine(one, other) for other in training) for one in test]
    places = [max(range(4), key=lambda place: cosine(one, training[place])) for one in test]
    assert found.nearest.tolist() == pytest.approx(nearest)
    assert found.nearest_index.tolist() == places
    assert found.mean_nearest == pytest.approx(sum(nearest) / 6)


def test_what_is_near_is_the_median_distance_of_neighbours_in_the_training_set() -> None:
    training = unit(5, 5)
    others = [max(cosine(one, two) for j, two in enumerate(training) if j != i) for i, one in enumerate(training)]
    assert NameSimilarity.of(unit(6, 2), training).near == pytest.approx(sorted(others)[2])


def test_a_single_training_name_has_no_neighbour_and_so_no_scale() -> None:
    assert NameSimilarity.of(unit(0, 3), unit(1, 1)).near is None


def test_a_set_and_itself_are_as_near_as_can_be() -> None:
    found = NameSimilarity.of(unit(0, 4), unit(0, 4))
    assert found.mean_nearest == pytest.approx(1.0)
    assert found.hausdorff_distance == pytest.approx(0.0)


def test_the_distance_is_the_same_in_both_directions() -> None:
    one, other = unit(0, 4), unit(1, 6)
    there, back = (NameSimilarity.of(*pair).hausdorff_distance for pair in ((one, other), (other, one)))
    assert there == pytest.approx(back)


def test_the_matrix_for_open_miou_lies_between_0_and_1_with_ones_on_the_diagonal() -> None:
    vectors = unit(2, 6)
    found = soft_matrix(vectors)
    assert np.diagonal(found).tolist() == [1.0] * 6
    for i in range(6):
        for j in range(6):
            if i != j:
                assert found[i, j] == pytest.approx(max(0.0, cosine(vectors[i], vectors[j])))


class Encoder:
    def __init__(self, rows: list[list[float]]) -> None:
        self.rows = rows

    def encode(self, names: list[str], text: TextRule) -> np.ndarray:
        return np.array(self.rows)

    def describe(self) -> dict[str, str]:
        return {}


def test_embeddings_have_unit_length() -> None:
    found = embeddings(Encoder([[3, 4], [0, 2]]), ["a", "b"], TextRule())
    assert found.tolist() == [[0.6, 0.8], [0.0, 1.0]]


@pytest.mark.parametrize("rows", [[[1.0, 0.0]], [[1.0], [0.0]], [[1.0], [math.nan]], [1.0, 2.0]])
def test_an_encoder_that_returns_something_else_is_named(rows: list[list[float]]) -> None:
    with pytest.raises(WorkError, match="a text encoder returned"):
        embeddings(Encoder(rows), ["a", "b"], TextRule())
