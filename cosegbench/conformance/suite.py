"""The conformance suite for anybody's predictor: in seconds, on drawn images, whether it will survive a long run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cosegbench.conformance.compare import Difference, compare_predictions
from cosegbench.conformance.material import draw_images, vocabularies
from cosegbench.errors import CosegbenchError
from cosegbench.plugins import describe_failure
from cosegbench.prediction import Prediction
from cosegbench.records.codec import encode
from cosegbench.running.building import Recipe, describe
from cosegbench.running.outputs import call_predict, guarded
from cosegbench.running.process import seed_batch
from cosegbench.running.ranked import check_ranked
from cosegbench.text import TextRule
from cosegbench.vocabulary import Vocabulary

if TYPE_CHECKING:
    from PIL import Image

TOLERANCE = 1e-4
"""Largest allowed difference of a mask or score between a batch of two and one image at a time."""

LABEL_TOLERANCE = 0.005
"""Largest allowed share of pixels whose class differs between the two, for label maps."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the report.

    Args:
        name: what was checked.
        passed: None where the check does not apply or could not be made.
        detail: what was seen.
        advice: what to do; empty where it passed.
    """

    name: str
    passed: bool | None
    detail: str = ""
    advice: str = ""


class _Failed(Exception):  # noqa: N818 - a verdict inside this module, not an error
    """A check's verdict: what was seen and what to do."""

    def __init__(self, detail: str, advice: str) -> None:
        super().__init__(detail)
        self.detail, self.advice = detail, advice


class _Skipped(Exception):  # noqa: N818 - a verdict inside this module, not an error
    """The check does not apply; says why."""


def check_predictor(recipe: Recipe, world: str = "real") -> Iterator[CheckResult]:
    """Check one predictor; results come one by one, as they are known.

    Args:
        recipe: class and options.
        world: which default weights to use.
    """
    suite = _Suite(recipe, world)
    first = _verdict("it can be built", suite.build)
    yield first
    if not first.passed:
        yield CheckResult("everything else", None, "not tried, because it cannot be built")
        return
    for name, check in suite.checks():
        yield _verdict(name, check)


def _verdict(name: str, check: Callable[[], str]) -> CheckResult:
    try:
        return CheckResult(name, True, check())
    except _Skipped as skipped:
        return CheckResult(name, None, str(skipped))
    except _Failed as failed:
        return CheckResult(name, False, failed.detail, failed.advice)
    except CosegbenchError as error:
        return CheckResult(name, False, str(error), "Mend what the message names.")
    except Exception as error:  # a predictor's code may raise anything
        return CheckResult(name, False, describe_failure(error), "Mend the place named in brackets.")


class _Suite:
    """The checks of one predictor; they share one instance, as a run over several data sets might."""

    def __init__(self, recipe: Recipe, world: str) -> None:
        self.recipe, self.world = recipe, world
        self.predictor: Any = None
        self.vocabularies = vocabularies()

    @property
    def images(self) -> list[Image.Image]:
        """Drawn anew for each check, so that none is spoilt by a predictor that paints on them."""
        return draw_images()

    def checks(self) -> list[tuple[str, Callable[[], str]]]:
        """Name and check, in the order of the report."""
        by_size = [
            (f"predictions for {name}", self._predictions_for(words)) for name, words in self.vocabularies.items()
        ]
        return [
            ("what it declares about itself", self.declarations),
            *by_size,
            ("a plain grey image", self.grey),
            ("the same images twice give the same bits", self.deterministic),
            ("a batch of two equals one image at a time", self.batch_independent),
            ("another vocabulary in between leaves no trace", self.no_trace),
            ("the images are left as they were", self.images_untouched),
            ("ranked labels", self.ranked),
        ]

    def build(self) -> str:
        self.predictor = self.recipe.build(self.world)
        given = self.recipe.options(self.world).given
        return ", ".join(f"{key}={value}" for key, value in given.items()) or "without arguments"

    def declarations(self) -> str:
        size = getattr(self.predictor, "input_size", None)
        if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 1):
            raise _Failed(
                f"input_size is {size!r}", "Make it the side of the model's square input in pixels, or leave it out."
            )
        weights = getattr(self.recipe.entry.cls, "default_weights", {})
        if not isinstance(weights, Mapping):
            raise _Failed(f"default_weights is a {type(weights).__name__}", "Make it a mapping from world to weights.")
        facts = encode(describe(self.predictor), "describe()")
        words = [] if size is None else [f"input_size {size}"]
        return ", ".join([*words, f"describe() gives {', '.join(facts)}" if facts else "no describe()"])

    def _predictions_for(self, words: Vocabulary) -> Callable[[], str]:
        def check() -> str:
            images = self.images
            found = self.predict(words, images)
            for image, prediction in zip(images, found, strict=True):
                _assign(prediction, image, words)
            return f"{len(found)} images: {', '.join(sorted({type(each).__name__ for each in found}))}"

        return check

    def grey(self) -> str:
        from PIL import Image

        image = Image.new("RGB", (50, 41), (127, 127, 127))
        image.info["image_id"] = "grey"
        words = self.vocabularies["5 classes"]
        (prediction,) = self.predict(words, [image])
        _assign(prediction, image, words)
        return "no complaint"

    def deterministic(self) -> str:
        first, second = (self.predict(self.vocabularies["5 classes"], self.images) for _ in range(2))
        worst = _worst(first, second)
        if not worst.same_bits:
            raise _Failed(worst.words, "Seed what it draws from, or switch off non-deterministic operations.")
        return "equal"

    def batch_independent(self) -> str:
        words, pair = self.vocabularies["5 classes"], self.images[:2]
        together = self.predict(words, pair)
        apart = [self.predict(words, [image])[0] for image in pair]
        worst = _worst(together, apart)
        if worst.number > TOLERANCE or worst.labels > LABEL_TOLERANCE:
            raise _Failed(
                f"{worst.words}; allowed are {TOLERANCE:g} and {LABEL_TOLERANCE:.1%} of the pixels",
                "Let no operation run across the images of a batch (batch norm that trains, attention over the batch).",
            )
        return worst.words

    def no_trace(self) -> str:
        words = self.vocabularies["5 classes"]
        self.predictor = self.recipe.build(self.world)  # a new one: the checks before this may have left their traces
        before = self.predict(words, self.images[:1])
        self.predict(self.vocabularies["6 classes with a background"], self.images[:1])
        worst = _worst(before, self.predict(words, self.images[:1]))
        if not worst.same_bits:
            raise _Failed(worst.words, "Let prepare() replace everything that the vocabulary decides.")
        return "equal"

    def images_untouched(self) -> str:
        images = self.images

        def state() -> list[Any]:
            return [(image.mode, image.size, image.tobytes(), dict(image.info)) for image in images]

        before = state()
        self.predict(self.vocabularies["5 classes"], images)
        if state() != before:
            raise _Failed("an image changed inside predict()", "Work on a copy: image.copy().")
        return "equal"

    def ranked(self) -> str:
        if not callable(getattr(self.predictor, "rank_labels", None)):
            raise _Skipped("it has no rank_labels(images)")
        words = self.vocabularies["5 classes"]
        guarded(self.predictor, "prepare", "vocabulary", words, TextRule())
        images = self.images
        answer = guarded(self.predictor, "rank_labels", "drawn images", images)
        for image, each in zip(images, answer, strict=True):
            check_ranked(each, len(words), image.info["image_id"])
        return f"{len(answer[0].labels)} of {len(words)} labels an image"

    def predict(self, words: Vocabulary, images: Sequence[Image.Image]) -> list[Prediction]:
        """Prepare for a vocabulary and predict one batch, as the run loop does."""
        guarded(self.predictor, "prepare", f"vocabulary of {len(words)} classes", words, TextRule())
        seed_batch(self.recipe.run_seed, 0)
        return call_predict(self.predictor, images, [image.info["image_id"] for image in images])


def _assign(prediction: Prediction, image: Image.Image, words: Vocabulary) -> None:
    """Reduce a prediction to labels, which checks shape, type, range and finiteness."""
    from cosegbench.assignment import AssignmentRule, assign

    width, height = image.size
    assign(prediction, (height, width), AssignmentRule(), len(words), words.background, image.info["image_id"])


def _worst(first: Sequence[Prediction], second: Sequence[Prediction]) -> Difference:
    return max((compare_predictions(*pair) for pair in zip(first, second, strict=True)), key=lambda each: each.rank)
