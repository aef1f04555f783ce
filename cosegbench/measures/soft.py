"""Open mIoU: a wrong name that is nearly right costs less, by a named similarity.

The kernel ``open-miou`` states formula and source (Zhou et al., arXiv 2311.03352). With the identity it is
``detectron2-union``, which is why the plain figure beside it is that one and not the default rule: void pixels vanish,
and a class that is predicted without ground truth adds 0.
"""

from __future__ import annotations

from math import isclose

from cosegbench.errors import ProtocolError
from cosegbench.evidence import Evidence
from cosegbench.kernels import score
from cosegbench.measures.base import Definition, Setting, measured
from cosegbench.statistics import Counts, summands

_TREATMENT = "void pixels vanish; ignored pixels are left out; a class that is only predicted adds 0"
_SOURCE = "Zhou et al., arXiv 2311.03352, kernel open-miou"


def plain(evidence: Evidence, _: Setting) -> Counts:
    """The kernel ``detectron2-union``."""
    return summands(evidence, "detectron2-union").figure


def soft(evidence: Evidence, setting: Setting) -> float | None:
    """The kernel ``open-miou`` with the setting's similarity; None where there is none for these classes.

    Raises:
        ProtocolError: the similarity is about other classes.
    """
    if setting.likeness is None:
        return None
    if not setting.likeness.fits(setting.vocabulary):
        raise ProtocolError(
            f"similarity {setting.likeness.name} is not about the classes of {setting.vocabulary.id}; "
            "make one with `cosegbench vocabulary similarity`."
        )
    return score(evidence, "open-miou", similarity=setting.likeness.matrix).miou


def gain(evidence: Evidence, setting: Setting) -> float | None:
    """Soft minus plain, percentage points."""
    one, other = (measured(each, evidence, setting).value for each in (SOFT, PLAIN))
    if one is None or other is None:
        return None
    # the two add equal numbers in another order, so equal figures may differ in the last bit
    return 0.0 if isclose(one, other, abs_tol=1e-9) else one - other


PLAIN = Definition(
    key="open-miou-plain",
    name="mIoU with every name as it is (detectron2-union)",
    formula="hits / (true + predicted - hits) a class, summed over all images; mean as detectron2-union",
    treatment=_TREATMENT,
    source="kernel detectron2-union",
    compute=plain,
)
SOFT = Definition(
    key="open-miou",
    name="open mIoU under the similarity",
    formula="soft hits / (true + wrongly predicted mass), both weighed by the similarity; mean as detectron2-union",
    treatment=_TREATMENT,
    source=_SOURCE,
    compute=soft,
    needs="likeness",
)
GAIN = Definition(
    key="open-miou-gain",
    name="open mIoU minus plain (points)",
    formula="the difference of the two figures above it",
    treatment=_TREATMENT,
    source=_SOURCE,
    compute=gain,
    needs="likeness",
)
