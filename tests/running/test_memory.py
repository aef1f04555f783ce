"""The memory of a run does not depend on how many images it has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fakes import plain_card, write_gray_png, write_photograph

SHAPE, CLASSES, FEW, MANY = (375, 500), 459, 40, 160

PROGRAM = """
import resource, sys
from pathlib import Path
import numpy as np
from cosegbench import LabelMap
from cosegbench.protocols import Input
from cosegbench.running.request import RunRequest
from cosegbench.running.runner import run

root, results, limit = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
run(RunRequest("predictor.py:Half", (root / "mine.toml",), data_root=root, results=results, limit=limit, threads=2,
               input=Input("crop")))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""

PREDICTOR = """
import numpy as np
from cosegbench import LabelMap

class Half:
    def prepare(self, vocabulary, text):
        self.classes = len(vocabulary)

    def predict(self, images):
        return [LabelMap(np.full(image.size[::-1], self.classes - 1, np.uint16)) for image in images]
"""


def peak(folder: Path, limit: int) -> int:
    """Greatest resident memory of a process that runs the first so many images, in bytes."""
    words = [sys.executable, "-c", PROGRAM, str(folder), str(folder / f"results-{limit}"), str(limit)]
    return int(subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ru_maxrss is in other units elsewhere")
def test_the_peak_does_not_grow_with_the_number_of_images(tmp_path: Path) -> None:
    plain_card(tmp_path, CLASSES)
    label = np.repeat(np.arange(1, SHAPE[1] + 1, dtype=np.uint16)[None] % CLASSES, SHAPE[0], axis=0)
    photograph = write_photograph(tmp_path / "one.jpg", SHAPE).read_bytes()
    drawn = write_gray_png(tmp_path / "one.png", label).read_bytes()
    for folder, suffix, content in (("photos", "jpg", photograph), ("labels", "png", drawn)):
        (tmp_path / folder).mkdir()
        for number in range(MANY):
            (tmp_path / folder / f"image_{number:03d}.{suffix}").write_bytes(content)
    (tmp_path / "predictor.py").write_text(PREDICTOR)

    one_image = SHAPE[0] * SHAPE[1] * (3 + 2)  # colours and label
    grown = peak(tmp_path, MANY) - peak(tmp_path, FEW)
    assert grown < (MANY - FEW) * one_image / 5
