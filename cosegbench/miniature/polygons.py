"""A mask as polygons along pixel edges: the form in which COCO stores instances."""

from __future__ import annotations

import numpy as np

from cosegbench.miniature.paint import Mask

Point = tuple[int, int]


def mask_polygons(mask: Mask) -> list[list[float]] | None:
    """Outlines of a mask (H, W) as flat [x, y, x, y, ...] lists in pixels, one a part that hangs together by edges.

    Returns:
        None where the mask has a hole, since a list of polygons is their union and cannot have one.
    """
    following = _border(mask)
    polygons: list[list[float]] = []
    while following:
        loop = _follow(following)
        if _signed_area(loop) < 0:
            return None
        corners = [
            here
            for before, here, after in zip([loop[-1], *loop[:-1]], loop, [*loop[1:], loop[0]], strict=True)
            if not (before[0] == here[0] == after[0] or before[1] == here[1] == after[1])
        ]
        polygons.append([float(value) for corner in corners for value in corner])
    return polygons


def _border(mask: Mask) -> dict[Point, list[Point]]:
    """Pixel edges between inside and outside as start -> ends, directed so that the inside lies to the right."""
    wide = np.pad(mask, 1)
    inside = wide[1:-1, 1:-1]
    edges: dict[Point, list[Point]] = {}
    # (neighbour, start, end): the neighbour is outside; offsets are (x, y) from the pixel's upper left corner.
    sides = (
        (wide[:-2, 1:-1], (0, 0), (1, 0)),
        (wide[1:-1, 2:], (1, 0), (1, 1)),
        (wide[2:, 1:-1], (1, 1), (0, 1)),
        (wide[1:-1, :-2], (0, 1), (0, 0)),
    )
    for neighbour, start, end in sides:
        rows, columns = np.nonzero(inside & ~neighbour)
        for x, y in zip(columns.tolist(), rows.tolist(), strict=True):
            edges.setdefault((x + start[0], y + start[1]), []).append((x + end[0], y + end[1]))
    return edges


def _follow(following: dict[Point, list[Point]]) -> list[Point]:
    """Takes one closed loop out of the edges; where two pixels touch at a corner it stays with the same pixel."""
    first = next(iter(following))
    loop, here, heading = [first], first, (0, 0)
    while True:
        ends = following[here]
        right = (here[0] - heading[1], here[1] + heading[0])
        end = right if right in ends else ends[0]
        ends.remove(end)
        if not ends:
            del following[here]
        if end == first and (first not in following):
            return loop
        heading = (end[0] - here[0], end[1] - here[1])
        loop.append(end)
        here = end


def _signed_area(loop: list[Point]) -> int:
    """Twice the area: positive for an outer loop, negative for a hole."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(loop, [*loop[1:], loop[0]], strict=True))
