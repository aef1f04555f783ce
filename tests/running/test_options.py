from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from cosegbench.errors import RequestError, UnknownNameError
from cosegbench.options import convert, describe_options, parse_options, takes


class Model:
    def __init__(
        self,
        *,
        k: int | Literal["auto"] = 20,
        threshold: float = 0.3,
        dense: bool = False,
        mode: Literal["plain", "crop"] = "plain",
        name: str | None = None,
        sizes: tuple[int, ...] = (),
        weights: str | None = None,
        seed: int = 0,
    ) -> None:
        self.k = k


class Needy:
    def __init__(self, path: Path, *, device: str) -> None:
        self.path = path


class Open:
    def __init__(self, size: int = 1, **others: Any) -> None:
        self.size = size


class Plain:
    def __init__(self, count=3, word="a"):
        self.count = count


@pytest.mark.parametrize(
    ("text", "annotation", "value"),
    [
        ("3", int, 3),
        ("-3", int, -3),
        ("3", float, 3.0),
        ("1e-4", float, 1e-4),
        ("true", bool, True),
        ("No", bool, False),
        ("1", bool, True),
        ("0", bool, False),
        ("1", str, "1"),
        ("", str, ""),
        ("a=b", str, "a=b"),
        ("none", int | None, None),
        ("7", int | None, 7),
        ("none", str | None, None),
        ("nothing", str | None, "nothing"),
        ("auto", int | str, "auto"),
        ("12", int | str, 12),
        ("12", str | int, 12),
        ("1", bool | int, 1),
        ("true", bool | int, True),
        ("0.5", int | float, 0.5),
        ("2", int | float, 2),
        ("crop", Literal["plain", "crop"], "crop"),
        ("4", Literal[2, 4], 4),
        ("auto", int | Literal["auto"], "auto"),
        ("5", int | Literal["auto"], 5),
        ("a/b", Path, Path("a/b")),
        ("1,2, 3", tuple[int, ...], (1, 2, 3)),
        ("", tuple[int, ...], ()),
        ("1,x", tuple[int, str], (1, "x")),
        ("a,b", list[str], ["a", "b"]),
    ],
)
def test_a_text_becomes_the_value_that_its_annotation_says(text: str, annotation: Any, value: Any) -> None:
    read = convert(text, annotation, "option")

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "annotation", "expected"),
    [
        ("three", int, "a whole number"),
        ("3.5", int, "a whole number"),
        ("high", float, "a number"),
        ("inf", float, "a number"),
        ("nan", float, "a number"),
        ("maybe", bool, "true or false"),
        ("2", bool, "true or false"),
        ("soft", Literal["plain", "crop"], "one of 'plain', 'crop'"),
        ("x", int | None, "a whole number or none"),
        ("most", int | Literal["auto"], "a whole number or one of 'auto'"),
        ("1,x", tuple[int, ...], "tuple"),
        ("1", tuple[int, int], "tuple"),
    ],
)
def test_a_text_that_does_not_fit_is_refused_with_what_was_expected(text: str, annotation: Any, expected: str) -> None:
    with pytest.raises(RequestError) as caught:
        convert(text, annotation, "option 'x'")

    assert expected in str(caught.value)
    assert repr(text) in str(caught.value)


def test_given_and_defaulted_arguments_are_both_kept() -> None:
    options = parse_options(Model, ["k=auto", "dense=yes"])

    assert options.given == {"k": "auto", "dense": True}
    assert options.resolved["threshold"] == 0.3
    assert options.resolved["k"] == "auto"


def test_weights_device_and_seed_are_passed_only_where_the_signature_names_them() -> None:
    options = parse_options(Model, [], weights="a.safetensors", device="cpu", seed=4)

    assert options.given == {"weights": "a.safetensors", "seed": 4}
    assert takes(Model, "weights")
    assert not takes(Model, "device")


def test_an_unknown_option_is_refused_with_the_near_name_and_the_list() -> None:
    with pytest.raises(UnknownNameError) as caught:
        parse_options(Model, ["treshold=0.2"])

    assert "Did you mean 'threshold'?" in str(caught.value)
    assert "dense, k, mode, name, sizes, threshold" in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["k"], "expected key=value"),
        (["=3"], "expected key=value"),
        (["k=1", "k=2"], "set twice"),
        (["seed=3"], "use --seed 3"),
        (["weights=x"], "use --weights x"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(settings: list[str], words: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_options(Model, settings)

    assert words in str(caught.value)


def test_required_options_left_out_are_all_named_with_the_flag_that_gives_them() -> None:
    with pytest.raises(RequestError) as caught:
        parse_options(Needy, [])

    assert "--set path=VALUE" in str(caught.value)
    assert "--device VALUE" in str(caught.value)


def test_a_signature_with_keywords_takes_any_key_as_text() -> None:
    assert parse_options(Open, ["size=2", "other=3"]).given == {"size": 2, "other": "3"}


def test_a_signature_without_annotations_is_typed_by_its_defaults() -> None:
    assert parse_options(Plain, ["count=5", "word=7"]).given == {"count": 5, "word": "7"}


def test_the_options_of_a_class_can_be_listed() -> None:
    assert "threshold: float = 0.3" in describe_options(Model)
    assert not any(line.startswith("seed") for line in describe_options(Model))
