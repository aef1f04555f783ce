"""How sure a figure is: intervals over images, paired differences, tests. From integer evidence, never from a model.

Images are the unit: they are drawn again or swapped whole, with all of their counts, and the averaging rule is applied
to the sums of each draw. So the classes that a mean runs over are found anew in every draw.
"""

from __future__ import annotations

from cosegbench.statistics.bootstrap import Bootstrap, PairedBootstrap, bootstrap, paired_bootstrap
from cosegbench.statistics.counts import Counts, Summands, summands
from cosegbench.statistics.images import Tally, image_values, tally
from cosegbench.statistics.intervals import Interval
from cosegbench.statistics.permutation import ClassTest, PermutationTest, permutation_test

__all__ = [
    "Bootstrap",
    "ClassTest",
    "Counts",
    "Interval",
    "PairedBootstrap",
    "PermutationTest",
    "Summands",
    "Tally",
    "bootstrap",
    "image_values",
    "paired_bootstrap",
    "permutation_test",
    "summands",
    "tally",
]
