"""A small data set of the user's own, and predictors in files, for the tests of running."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from fakes import plain_card, random_labels, write_gray_png, write_photograph

from cosegbench.running.request import RunRequest

CLASSES = 4
IMAGES = 10

PREDICTOR = '''
"""Predictors for tests; CONTROL is a folder in which they are told what to do and tell what they did."""

import os
import random
import signal
from pathlib import Path

import numpy as np

from cosegbench import LabelMap, MaskSet

CONTROL = Path({control!r})


class Brightness:
    """The class of a pixel is its brightness; draws from every random generator there is."""

    def __init__(self, shift: int = 0, seed: int = 0, weights: str | None = None):
        self.shift = shift

    def prepare(self, vocabulary, text):
        self.classes = len(vocabulary)

    def predict(self, images):
        with (CONTROL / "seen.txt").open("a") as stream:
            stream.writelines(image.info["image_id"] + "\\n" for image in images)
        seen = len((CONTROL / "seen.txt").read_text().split())
        for name, act in (("fail", self.fail), ("kill", self.kill), ("stop", self.stop)):
            if (CONTROL / name).exists() and seen > int((CONTROL / name).read_text()):
                act()
        return [self.one(image) for image in images]

    def one(self, image):
        grey = np.asarray(image.convert("L"), np.int64) * self.classes // 256
        noise = np.random.randint(0, 2, grey.shape) + random.randint(0, 1)
        return LabelMap(((grey + noise + self.shift) % self.classes).astype(np.uint16))

    def fail(self):
        raise ValueError("the disk is on fire")

    def kill(self):
        os.kill(os.getpid(), signal.SIGKILL)

    def stop(self):
        raise KeyboardInterrupt


class Told(Brightness):
    """Says of itself what a file says, as one that is built from two weight files may."""

    def describe(self):
        return {"tower": (CONTROL / "tower.txt").read_text()}


class Masks:
    """Two masks: the left half is class 0, the right half class 1."""

    input_size = 16

    def prepare(self, vocabulary, text):
        self.classes = len(vocabulary)

    def predict(self, images):
        masks = np.zeros((2, 16, 16), np.float32)
        masks[0, :, :8] = masks[1, :, 8:] = 0.9
        return [MaskSet(masks, np.eye(2, self.classes, dtype=np.float32)) for _ in images]
'''


class World:
    """A folder with a card, its data, predictors and a results folder."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "data"
        self.control = folder / "control"
        self.results = folder / "results"
        self.control.mkdir()
        self.card = plain_card(self.root, CLASSES)
        self.labels = random_labels(IMAGES, list(range(CLASSES + 1)), prefix="image_")
        for place, (image_id, label) in enumerate(self.labels.items()):
            write_gray_png(self.root / f"labels/{image_id}.png", label.astype(np.uint8))
            write_photograph(self.root / f"photos/{image_id}.jpg", label.shape, seed=place)
        self.file = folder / "mine.py"
        self.file.write_text(PREDICTOR.replace("{control!r}", repr(str(self.control))))

    def request(self, predictor: str = "Brightness", **changes: Any) -> RunRequest:
        given = {
            "predictor": f"{self.file}:{predictor}",
            "datasets": (self.card,),
            "data_root": self.root,
            "results": self.results,
            "batch_size": 3,
            "threads": 1,
        }
        return RunRequest(**{**given, **changes})

    def words(self, *more: str, predictor: str = "Brightness") -> list[str]:
        """The same as words of a command line."""
        return [
            *("run", "--predictor", f"{self.file}:{predictor}", "--dataset", str(self.card)),
            *("--data-root", str(self.root), "--results", str(self.results), "--batch-size", "3", "--threads", "1"),
            *more,
        ]

    def tell(self, word: str, after: int) -> None:
        """Make the predictor fail, stop or kill its process once it has seen more than so many images."""
        (self.control / word).write_text(str(after))

    def forget(self, word: str) -> None:
        (self.control / word).unlink()

    def seen(self) -> list[str]:
        """The images that were predicted so far, in order."""
        path = self.control / "seen.txt"
        return path.read_text().split() if path.exists() else []

    def evidence(self, predictor: str = "mine.Brightness") -> bytes:
        return (self.results / predictor / "mine.open-vocabulary.evidence.npz").read_bytes()
