"""A world in which two things look the same but for a shade, and what is around them tells which one it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from fakes import plain_card, write_gray_png
from PIL import Image

NAMES = ("sky", "ground", "kite", "hole")
SKY, GROUND, KITE, HOLE = range(4)
COLOURS = {SKY: (0, 0, 250), GROUND: (120, 80, 0), KITE: (250, 0, 0), HOLE: (200, 0, 0)}
IMAGES = 12
SIDE = 24

PREDICTORS = '''
"""Predictors for tests; CONTROL is a folder in which they tell what they saw and are told to fail."""

from pathlib import Path

import numpy as np

from cosegbench import VOID, LabelMap

CONTROL = Path({control!r})
COLOURS = {colours!r}


class ByLook:
    """Every pixel by its own colour, in the names that it was taught."""

    def prepare(self, vocabulary, text):
        known = ("sky", "ground", "kite", "hole")
        self.index = [vocabulary.names.index(name) if name in vocabulary.names else VOID for name in known]

    def predict(self, images):
        with (CONTROL / "seen.txt").open("a") as stream:
            stream.writelines(image.info["image_id"] + "\\n" for image in images)
        limit = CONTROL / "fail"
        if limit.exists() and len((CONTROL / "seen.txt").read_text().splitlines()) > int(limit.read_text()):
            raise ValueError("no more")
        return [LabelMap(self.one(np.asarray(image).astype(int))) for image in images]

    def one(self, pixels):
        labels = np.full(pixels.shape[:2], VOID, np.uint16)
        for place, colour in COLOURS.items():
            labels[(abs(pixels - colour).sum(axis=2) < 20)] = self.index[place]
        return labels


class ByContext(ByLook):
    """Red is a kite where there is more sky than ground, a hole where there is more ground, and else nothing."""

    def one(self, pixels):
        labels = super().one(pixels)
        sky, ground, kite, hole = self.index
        red = (pixels[..., 0] >= 190) & (pixels[..., 1] < 10)
        above, below = (labels == sky).sum(), (labels == ground).sum()
        labels[red] = kite if above > below else hole if below > above else VOID
        return labels
'''


class World:
    """A folder with a card, its data, predictors and a folder of results."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root, self.control = folder, folder / "data", folder / "control"
        self.results = folder / "probes"
        self.control.mkdir()
        self.card = plain_card(self.root, len(NAMES))
        rows = ["index,native_id,name,synonyms", *(f"{i},{i + 1},{name},flying {name}" for i, name in enumerate(NAMES))]
        (self.root / "mine.csv").write_text("\n".join(rows) + "\n")
        (self.root / "photos").mkdir()
        for number in range(IMAGES):
            self._draw(f"image_{number:02}", number)
        self.file = folder / "mine.py"
        text = PREDICTORS.replace("{control!r}", repr(str(self.control))).replace("{colours!r}", repr(COLOURS))
        self.file.write_text(text)

    def words(self, probe: str, *more: str, predictors: tuple[str, ...] = ("ByContext",)) -> list[str]:
        """Words of a command line."""
        named = [word for each in predictors for word in ("--predictor", f"{self.file}:{each}")]
        return [
            *("probe", probe, *named, "--dataset", str(self.card), "--data-root", str(self.root)),
            *("--results", str(self.results), "--threads", "1", "--batch-size", "4", *more),
        ]

    def seen(self) -> list[str]:
        """The pictures that were predicted so far, in order."""
        path = self.control / "seen.txt"
        return path.read_text().splitlines() if path.exists() else []

    def _draw(self, image_id: str, number: int) -> None:
        around, thing = (SKY, KITE) if number % 2 else (GROUND, HOLE)
        labels = np.full((SIDE, SIDE), around)
        labels[4 + number % 3 : 15, 6:14] = thing
        pixels = np.array([COLOURS[label] for label in range(4)], np.uint8)[labels]
        write_gray_png(self.root / f"labels/{image_id}.png", (labels + 1).astype(np.uint8))
        Image.fromarray(pixels).save(self.root / f"photos/{image_id}.jpg", format="PNG")
