"""Build step that pyproject.toml cannot express: `datasets/` and `results/` become `cosegbench/_data/` in the wheel.

The two folders stay at the top level of the checkout, where users look for them, and outside any importable package,
because a package named `datasets` would shadow another project's.
"""

from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
SHIPPED = ("datasets/*.toml", "datasets/vocab/*.csv", "datasets/orders/*.csv", "results/*.csv")


class BuildWithData(build_py):
    """Copies the shipped data files beside the built package."""

    def run(self) -> None:
        """Build as usual, then copy; an editable install reads the checkout instead."""
        super().run()
        if self.editable_mode:
            return
        for pattern in SHIPPED:
            for source in sorted(ROOT.glob(pattern)):
                target = Path(self.build_lib) / "cosegbench" / "_data" / source.relative_to(ROOT)
                self.mkpath(str(target.parent))
                self.copy_file(str(source), str(target))


setup(
    packages=[
        *find_packages(".", include=["cosegbench", "cosegbench.*"]),
        *(find_packages("baselines", include=["cosegbench_baselines", "cosegbench_baselines.*"])),
    ],
    package_data={
        "cosegbench": ["py.typed"],
        "cosegbench.report": ["assets/*"],
        "cosegbench_baselines": ["py.typed", "weights/**/*.safetensors", "weights/**/*.json"],
    },
    cmdclass={"build_py": BuildWithData},
)
