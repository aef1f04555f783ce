"""How much one class name counts as another: a named similarity, without which no soft figure means anything."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cosegbench.concepts import overlaps
from cosegbench.errors import DataError, RequestError
from cosegbench.kernels.base import FloatArray
from cosegbench.vocabulary import Vocabulary

CONCEPTS = "concepts"
"""Name of the similarity that ships: 1 for classes that the concept table does not keep apart, otherwise 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """A similarity of the classes of one vocabulary.

    Args:
        name: what it is called.
        names: the K class names that it is about, in order.
        matrix: (K, K) float64 in [0, 1], rows predicted, columns true, ones on the diagonal.
    """

    name: str
    names: tuple[str, ...]
    matrix: FloatArray

    @property
    def digest(self) -> str:
        """SHA-256 over names and values: two soft figures with other digests are other quantities."""
        head = "\n".join(self.names).encode()
        return hashlib.sha256(head + np.ascontiguousarray(self.matrix, "<f8").tobytes()).hexdigest()

    def fits(self, vocabulary: Vocabulary) -> bool:
        """Whether it is about these classes."""
        return self.names == vocabulary.names


def by_concepts(vocabulary: Vocabulary) -> Likeness:
    """1 where two classes are the same concept, or one is a kind of the other, or annotators do not keep them apart.

    Source: ``datasets/vocab/concepts.csv``. Lenient on purpose: what it adds to plain mIoU may be a matter of names
    only, what it does not add is none.
    """
    matrix: FloatArray = np.eye(len(vocabulary))
    for index, others in enumerate(overlaps(vocabulary)):
        matrix[index, list(others)] = 1.0
    return Likeness(CONCEPTS, vocabulary.names, matrix)


def read_likeness(path: Path) -> Likeness:
    """Read a CSV as ``vocabulary similarity A A --matrix FILE`` writes it: names in the first row and column.

    Raises:
        RequestError: there is no such file.
        DataError: other names in the rows than in the columns, a value outside [0, 1], or no 1 on the diagonal.
    """
    if not path.is_file():
        raise RequestError(
            f"similarity {path}: there is no such file; `vocabulary similarity A A --matrix` writes one."
        )
    try:
        with path.open(newline="", encoding="utf-8") as file:
            head, *rows = list(csv.reader(file, strict=True))
        values = np.array([[float(value) for value in row[1:]] for row in rows], np.float64)
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"similarity {path} cannot be read: {error}.") from error
    names = tuple(head[1:])
    if tuple(row[0] for row in rows) != names or values.shape != (len(names), len(names)):
        raise DataError(f"similarity {path}: rows and columns must bear the same names in the same order.")
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise DataError(f"similarity {path}: every value must lie in [0, 1]; clip a cosine at 0.")
    if not (np.diagonal(values) == 1).all():
        raise DataError(f"similarity {path}: a class is like itself; write 1 on the diagonal.")
    return Likeness(path.name, names, values)


def write_likeness(path: Path, likeness: Likeness) -> None:
    """Write it as :func:`read_likeness` reads it, whole or not at all; values at full precision."""
    import io

    from cosegbench.files import write_text

    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(["", *likeness.names])
    for name, row in zip(likeness.names, likeness.matrix.tolist(), strict=True):
        writer.writerow([name, *map(repr, row)])
    write_text(path, lines.getvalue())
