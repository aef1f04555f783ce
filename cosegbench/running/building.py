"""Building a predictor from a request, and what it says about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosegbench.errors import CosegbenchError, PredictorError, RequestError
from cosegbench.files import file_digest
from cosegbench.options import Options, parse_options, takes
from cosegbench.plugins import describe_failure
from cosegbench.records import PredictorInfo
from cosegbench.records.codec import encode
from cosegbench.registry import PredictorEntry
from cosegbench.running.outputs import guarded

DEFAULT_DEVICE = "cpu"
DEFAULT_SEED = 0


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the predictor of a request is built; a fresh one is built for every pass, so that no data set leaves traces.

    Args:
        entry: the class.
        settings: ``key=value`` texts.
        weights: as the user gave them; None leaves it to the predictor's default for the data set's world.
        device: as the user gave it, or None.
        seed: as the user gave it, or None.
        name: the predictor's id in results; None for its own.
    """

    entry: PredictorEntry
    settings: tuple[str, ...] = ()
    weights: str | None = None
    device: str | None = None
    seed: int | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if self.weights is not None and not takes(self.entry.cls, "weights"):
            raise RequestError(f"predictor {self.entry.id!r} takes no weights. Leave --weights out.")
        if self.device not in (None, DEFAULT_DEVICE) and not takes(self.entry.cls, "device"):
            # The record would name a device on which nothing ran.
            raise RequestError(f"predictor {self.entry.id!r} takes no device. Leave --device out.")

    @property
    def id(self) -> str:
        """Name of the results folder and of the row."""
        return self.name or self.entry.id

    @property
    def run_device(self) -> str:
        """The device that is recorded."""
        return self.device or DEFAULT_DEVICE

    @property
    def run_seed(self) -> int:
        """The seed that is recorded and that the random generators get."""
        return DEFAULT_SEED if self.seed is None else self.seed

    def options(self, world: str) -> Options:
        """The arguments for data sets of one world.

        Raises:
            RequestError: an option that does not exist, does not fit or is missing.
        """
        defaults: Mapping[str, str] = getattr(self.entry.cls, "default_weights", None) or {}
        weights = self.weights if self.weights is not None else defaults.get(world)
        return parse_options(self.entry.cls, self.settings, weights=weights, device=self.run_device, seed=self.run_seed)

    def build(self, world: str) -> Any:
        """A new predictor.

        Raises:
            CosegbenchError: as its constructor raises it, for instance MissingWeightsError.
            PredictorError: its constructor raised anything else.
        """
        try:
            return self.entry.cls(**self.options(world).given)
        except CosegbenchError:
            raise
        except (Exception, SystemExit) as error:  # a constructor may raise anything
            raise PredictorError(f"predictor {self.id!r} cannot be built: {describe_failure(error)}.") from error

    def info(self, predictor: Any, world: str) -> PredictorInfo:
        """What the record says about a predictor that was built for ``world``.

        Raises:
            PredictorError: its ``describe`` raised, or returned something that a record cannot hold.
        """
        options = self.options(world)
        facts = dict(describe(predictor))
        weights = facts.pop("weights", options.resolved.get("weights"))
        digest = facts.pop("weights_digest", None) or _digest_of(options.resolved.get("weights"))
        return PredictorInfo(
            id=self.id,
            target=self.entry.target,
            origin=self.entry.origin,
            given=encode(options.given, "given"),
            arguments=encode(options.resolved, "arguments"),
            weights=None if weights is None else Path(str(weights)).name,
            weights_digest=digest,
            source_digest=self.entry.source_digest,
            tuned=bool(getattr(predictor, "tunes", False)) and hasattr(predictor, "tune"),
            facts=encode(facts, "facts"),
        )


def describe(predictor: Any) -> Mapping[str, Any]:
    """What ``describe()`` says, or nothing where a predictor has none.

    Raises:
        PredictorError: it raised, or returned no mapping.
    """
    if not callable(getattr(predictor, "describe", None)):
        return {}
    facts = guarded(predictor, "describe", "for the record")
    if not isinstance(facts, Mapping):
        raise PredictorError(
            f"{type(predictor).__name__}.describe returned a {type(facts).__name__}; expected a mapping."
        )
    return facts


def _digest_of(weights: Any) -> str | None:
    """SHA-256 of weights that are one file; None where they are a name."""
    path = Path(str(weights)) if weights else None
    return file_digest(path) if path is not None and path.is_file() else None
