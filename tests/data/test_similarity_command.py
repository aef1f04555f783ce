"""``cosegbench vocabulary similarity``, with an encoder of a few lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from cosegbench.cli import main
from cosegbench.errors import PluginError, RequestError
from cosegbench.measures import read_likeness
from cosegbench.text import TextRule
from cosegbench.text_encoders import TEXT_ENCODERS, load_text_encoder


class Letters:
    """Counts letters; knows every word but those with a z."""

    def __init__(self, weights: str, device: str = "cpu") -> None:
        self.weights = weights

    default_weights = {"miniature": "small", "real": "large"}  # noqa: RUF012

    def encode(self, names: Sequence[str], text: TextRule) -> np.ndarray:
        return np.array([[1.0 + text.sentence(name).lower().count(letter) for letter in "abcdeorst"] for name in names])

    def unknown(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if "z" in name] if self.weights == "shy" else []

    def describe(self) -> dict[str, str]:
        return {"weights": self.weights, "weights_digest": "0123456789abcdef"}


class NoDefault(Letters):
    """Has no weights of its own."""

    default_weights = {}  # noqa: RUF012


@pytest.fixture(autouse=True)
def encoder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(TEXT_ENCODERS, "_registered", {})
    TEXT_ENCODERS.register("letters")(Letters)
    TEXT_ENCODERS.register("bare")(NoDefault)
    TEXT_ENCODERS.register("number")(int)
    yield


def similarity(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["vocabulary", "similarity", "--encoder", "letters", *map(str, arguments)])


def document(*arguments: str | Path) -> dict:
    done = similarity(*arguments, "--json", "-")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def oracle(template: str, training: Sequence[str], test: Sequence[str]) -> list[float]:
    """The cosine of each test name with its nearest training name, by loops."""

    def vector(name: str) -> list[float]:
        return [1.0 + template.replace("{}", name).lower().count(letter) for letter in "abcdeorst"]

    def cosine(one: str, other: str) -> float:
        a, b = vector(one), vector(other)
        dot = sum(x * y for x, y in zip(a, b, strict=True))
        return dot / (sum(x * x for x in a) ** 0.5 * sum(y * y for y in b) ** 0.5)

    return [max(cosine(name, each) for each in training) for name in test]


def names(dataset: str) -> list[str]:
    done = CliRunner().invoke(main, ["vocabulary", "show", dataset, "--json", "-"])
    return [each["name"] for each in json.loads(done.stdout)["classes"]]


@pytest.mark.parametrize("template", ["a photo of a {}", "{}"])
def test_the_figures_are_those_of_a_loop_over_the_names(template: str) -> None:
    found = document("voc20", "context59", "--template", template)
    nearest = oracle(template, names("voc20"), names("context59"))
    back = oracle(template, names("context59"), names("voc20"))
    assert found["mean_nearest"] == pytest.approx(sum(nearest) / 59)
    assert found["hausdorff_similarity_test_to_training"] == pytest.approx(min(nearest))
    assert found["hausdorff_similarity_training_to_test"] == pytest.approx(min(back))
    assert found["hausdorff_distance"] == pytest.approx(1 - min(*nearest, *back))
    by_name = {row["name"]: row["cosine"] for row in found["names"]}
    assert by_name == pytest.approx(dict(zip(names("context59"), nearest, strict=True)))


def test_the_farthest_names_come_first_with_their_nearest_and_what_the_concept_table_says() -> None:
    rows = document("voc20", "context59")["names"]
    assert [row["cosine"] for row in rows] == sorted(row["cosine"] for row in rows)
    plant = next(row for row in rows if row["name"] == "pottedplant")
    assert (plant["nearest"], plant["relation"]) == ("pottedplant", "exact")


def test_what_has_no_near_name_is_counted_by_the_limit_that_was_given() -> None:
    found = document("voc20", "context59", "--near", "0.97", "--template", "{}")
    assert found["near"] == 0.97
    assert found["names_without_a_near_one"] == sum(row["cosine"] < 0.97 for row in found["names"]) > 0


def test_a_set_and_itself_have_nothing_far() -> None:
    found = document("voc20", "voc20")
    assert found["mean_nearest"] == pytest.approx(1.0)
    assert found["names_without_a_near_one"] == 0


def test_the_encoder_and_its_weights_are_named_by_the_world_of_the_data_sets() -> None:
    text = similarity("voc20", "context59").stdout
    assert "Encoder letters, weights large (sha256 0123456789ab)" in text
    assert "weights small" in similarity("miniature-voc20", "miniature-context59").stdout
    assert "weights large" in similarity("miniature-voc20", "context59").stdout
    assert "weights mine" in similarity("voc20", "context59", "--weights", "mine").stdout


def test_as_many_names_are_listed_as_were_asked_for() -> None:
    listed = [
        line for line in similarity("voc20", "context59", "--lowest", "3").stdout.splitlines() if line[:1].islower()
    ]
    assert len(listed) == 1 + 3  # the heading begins with "name of"
    assert "concept table" not in similarity("voc20", "context59", "--lowest", "0").stdout


def test_the_matrix_is_read_back_as_a_similarity_of_the_test_names(tmp_path: Path) -> None:
    done = similarity("voc20", "context59", "--matrix", tmp_path / "m.csv")
    assert "Wrote" in done.stderr
    found = read_likeness(tmp_path / "m.csv")
    assert list(found.names) == names("context59")
    assert found.matrix == pytest.approx(found.matrix.T)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("voc20", "context5"), "Did you mean 'context59'"),
        (("voc20", "coco-stuff", "--weights", "shy"), "does not know a word of 2 of 171 names of coco-stuff (zebra"),
        (("voc20", "context59", "--template", "no place"), "exactly one '{}'"),
        (("voc20", "context59", "--near", "2"), "not in the range"),
        (("voc20", "context59", "--encoder", "leters"), "unknown text encoder 'leters'. Did you mean 'letters'"),
        (("voc20", "context59", "--encoder", "bare"), "has no weights for real data sets"),
        (("voc20", "context59", "--encoder", "number"), "has no encode and no describe"),
        (("voc20", "context59", "--matrix", "/"), "is a folder"),
    ],
)
def test_a_request_that_cannot_be_met_is_exit_code_2(arguments: tuple[str, ...], words: str) -> None:
    done = similarity(*arguments)
    assert done.exit_code == 2
    assert words in " ".join(done.stderr.split())


def test_an_encoder_may_be_named_by_its_module() -> None:
    assert isinstance(load_text_encoder(f"{__name__}:Letters", "w", "real"), Letters)
    with pytest.raises(PluginError):
        load_text_encoder("no.such.module:Thing", None, "real")
    with pytest.raises(RequestError):
        load_text_encoder(f"{__name__}:NoDefault", None, "miniature")
