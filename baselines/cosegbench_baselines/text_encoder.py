"""CLIP's text tower as a text encoder for class names. Cheap to import: torch comes when one is built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from cosegbench import TextRule


class ClipText:
    """CLIP's text tower: the shipped miniature, a local folder, or a hub id.

    Args:
        weights: ``miniature`` (shipped; it knows only the words of the miniature's world), a folder with a CLIP, or a
            hub id, ``name`` or ``name@revision``.
        device: torch device.

    Raises:
        MissingWeightsError: neither a local folder nor in reach on the hub.
        RequestError: weights of another architecture, or a device that is not there.
        DataError: a file is not what it should be.
    """

    default_weights: ClassVar[Mapping[str, str]] = {"miniature": "miniature", "real": "openai/clip-vit-base-patch16"}

    def __init__(self, weights: str, device: str = "cpu") -> None:
        from cosegbench_baselines.devices import check_device
        from cosegbench_baselines.sources import load_clip

        check_device(device)
        self._loaded = load_clip(weights)
        self._loaded.clip.to(device)

    def encode(self, names: Sequence[str], text: TextRule) -> npt.NDArray[np.float32]:
        """(n, width) float32 text embeddings, not normalised."""
        from cosegbench_baselines.class_text import class_embeddings

        found = class_embeddings(self._loaded.clip, self._loaded.digest, names, text)
        array: npt.NDArray[np.float32] = found.detach().cpu().numpy()
        return array

    def unknown(self, names: Sequence[str]) -> list[str]:
        """Names with a word that the tokenizer does not know; a published CLIP's knows parts of all words."""
        tokenizer = self._loaded.clip.tokenizer
        stranger = tokenizer.unk_token_id
        if stranger in (None, tokenizer.eos_token_id):
            return []  # OpenAI's tokenizer names its end token so, which every text has
        return [name for name in names if stranger in tokenizer(name)["input_ids"]]

    def describe(self) -> dict[str, Any]:
        """Weights, their digest and their revision on the hub."""
        found = self._loaded
        return {"weights": found.source, "weights_digest": found.digest, "revision": found.revision}
