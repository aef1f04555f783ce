"""The pictures of the steps to come, decoded while the steps before are computed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future

from cosegbench_baselines.training.parts import Part
from cosegbench_baselines.training.pictures import LabelledPictures, One, Squares, stacked


class Feed:
    """Squares of the parts of one process, in the order in which it computes them.

    Memory is bounded by three steps' pictures, whatever the size of the data set. What a part holds does not depend on
    when it is asked for, so a training that goes on in the middle is fed as one from the start.

    Args:
        pictures: in memory, or read as they are asked for.
        places: which of them a step shows, all parts of it.
        mine: the parts of this process.
        steps: of the training; nothing is decoded beyond them.
    """

    def __init__(self, pictures: LabelledPictures, places: Callable[[int], list[int]], mine: range, steps: int) -> None:
        self.pictures, self.places, self.mine, self.steps = pictures, places, mine, steps
        self._coming: deque[tuple[tuple[int, int], list[Future[One]]]] = deque()
        self._ahead: Iterator[Part] = iter(())

    def squares(self, part: Part) -> Squares:
        """The pictures of ``part``."""
        if self.pictures.kept:
            return self.pictures.batch(part.slice(self.places(part.step)))
        if not self._coming or self._coming[0][0] != (part.step, part.index):
            self._coming.clear()
            self._ahead = self._from(part)
        while len(self._coming) <= 2 * len(self.mine) and (coming := next(self._ahead, None)) is not None:
            picks = coming.slice(self.places(coming.step))
            self._coming.append(((coming.step, coming.index), self.pictures.asked(picks)))
        return stacked([future.result() for future in self._coming.popleft()[1]])

    def _from(self, part: Part) -> Iterator[Part]:
        """``part`` and those that this process computes after it."""
        for step in range(part.step, max(self.steps, part.step + 1)):
            for index in self.mine:
                if (step, index) >= (part.step, part.index):
                    yield Part(part.seed, step, index, part.count)
