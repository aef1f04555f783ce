"""How near the class names of a test set are to those of a training set, by the cosine of their text embeddings.

With c(b, a) the cosine of test name b and training name a: the nearest of b is n(b) = max over a of c(b, a).

* mean of the nearest: mean over b of n(b).
* directed Hausdorff similarity: min over b of n(b), the test name that is farthest from all training names; the
  other direction asks the same of the training names.
* Hausdorff distance: max of both directed distances, 1 - similarity (Hausdorff, 1914), which is symmetric.

Source: SAN (Xu et al., CVPR 2023, arXiv 2302.12242) reports one label-set similarity for each test set, from CLIP's
text encoder; which direction, and which sentence a name stands in, was not read there. So both directions, their
Hausdorff distance and the mean are given, and none is called SAN's figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cosegbench.evidence.channels import IntArray
from cosegbench.kernels.base import FloatArray


@dataclass(frozen=True, eq=False)
class NameSimilarity:
    """Cosines of n test names with m training names.

    Args:
        cosines: (n, m) float64 in [-1, 1].
        within: (m, m) float64, cosines of the training names with each other.
    """

    cosines: FloatArray
    within: FloatArray

    @classmethod
    def of(cls, test: FloatArray, training: FloatArray) -> NameSimilarity:
        """From unit vectors, (n, width) and (m, width)."""
        return cls(np.clip(test @ training.T, -1, 1), np.clip(training @ training.T, -1, 1))

    @cached_property
    def nearest(self) -> FloatArray:
        """(n,) cosine of each test name with its nearest training name."""
        found: FloatArray = self.cosines.max(axis=1)
        return found

    @cached_property
    def nearest_index(self) -> IntArray:
        """(n,) which training name that is; of equally near ones the first."""
        found: IntArray = np.argmax(self.cosines, axis=1).astype(np.int64)
        return found

    @property
    def mean_nearest(self) -> float:
        """Mean over the test names of the cosine with the nearest training name."""
        return float(self.nearest.mean())

    @property
    def directed(self) -> float:
        """The lowest of :attr:`nearest`: Hausdorff similarity from test to training."""
        return float(self.nearest.min())

    @property
    def reverse(self) -> float:
        """The same from training to test."""
        return float(self.cosines.max(axis=0).min())

    @property
    def hausdorff_distance(self) -> float:
        """Symmetric, in [0, 2]; 0 only where both sets have the same embeddings."""
        return 1.0 - min(self.directed, self.reverse)

    @property
    def near(self) -> float | None:
        """What counts as near: the median cosine of a training name with its nearest other training name.

        A cosine means nothing by itself: an encoder puts all names into a narrow cone or into a wide one. This is how
        far apart neighbours are within the training set. None for a single name.
        """
        if len(self.within) < 2:
            return None
        others = self.within.copy()
        np.fill_diagonal(others, -np.inf)
        return float(np.median(others.max(axis=1)))


def soft_matrix(unit: FloatArray) -> FloatArray:
    """(K, K) similarity in [0, 1] for open mIoU: cosines of K unit vectors, clipped at 0, ones on the diagonal."""
    found: FloatArray = np.clip(unit @ unit.T, 0.0, 1.0)
    np.fill_diagonal(found, 1.0)
    return found
