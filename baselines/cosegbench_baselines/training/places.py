"""The files of one training, all beside its checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cosegbench.files import file_digest


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one training.

    Args:
        stem: the checkpoint without ``.safetensors``; its name may have dots, which ``with_suffix`` would cut at.
    """

    stem: Path

    @classmethod
    def of(cls, out: Path, name: str) -> Places:
        """``out`` itself where it is a ``.safetensors`` file, else ``name`` in that folder."""
        if out.suffix == ".safetensors":
            return cls(out.with_name(out.name.removesuffix(".safetensors")))
        return cls(out / name)

    @property
    def folder(self) -> Path:
        """Where all of them lie."""
        return self.stem.parent

    @property
    def checkpoint(self) -> Path:
        """The weights."""
        return self._beside(".safetensors")

    @property
    def info(self) -> Path:
        """What the weights are."""
        return self._beside(".json")

    @property
    def state(self) -> Path:
        """From what an interrupted training goes on; removed when the checkpoint is there."""
        return self._beside(".state")

    @property
    def curve(self) -> Path:
        """One row a logged step."""
        return self._beside(".csv")

    @property
    def events(self) -> Path:
        """The folder of TensorBoard's events."""
        return self._beside(".tensorboard")

    def whole(self, sha256: object) -> bool:
        """Whether the weights are there and have this SHA-256."""
        return self.checkpoint.is_file() and file_digest(self.checkpoint) == sha256

    def _beside(self, ending: str) -> Path:
        return self.stem.with_name(self.stem.name + ending)
