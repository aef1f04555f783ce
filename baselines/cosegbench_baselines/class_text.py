"""Text embeddings of class names: computed once a vocabulary, template and checkpoint, then kept."""

from __future__ import annotations

import hashlib
import json
import platform
from collections import OrderedDict
from collections.abc import Sequence

import torch

from cosegbench.text import TextRule
from cosegbench_baselines.backbone import FrozenClip
from cosegbench_baselines.precision import computing
from cosegbench_baselines.text_files import read_embeddings, write_embeddings
from cosegbench_baselines.tokens import token_ids

VERSION = 1
"""Raise it when the text encoder's own code changes its results: every kept embedding is then computed again."""

MEMORY = 32
"""Vocabularies kept in the process; the largest of Table 1 at ViT-L/14 is 1.4 MB."""

_kept: OrderedDict[str, torch.Tensor] = OrderedDict()


def class_embeddings(clip: FrozenClip, digest: str, names: Sequence[str], text: TextRule) -> torch.Tensor:
    """Text embeddings (n, width), float32, not normalised, on the CLIP's device.

    The same bits with and without what is kept: the key holds everything that may change one. Text towers run in
    float32 whatever the precision of the rest.

    Args:
        clip: its text tower and tokenizer.
        digest: of the CLIP's weights.
        names: n class names.
        text: the template.
    """
    device = next(clip.model.parameters()).device
    key = embedding_key(clip, digest, names, text, device)
    found = _kept.get(key)
    if found is None:
        found = read_embeddings(key, len(names), clip.width)
    if found is None:
        with computing("float32", str(device)):
            found = clip.encode_text(text.sentences(names)).cpu()
        write_embeddings(key, found)
    _keep(key, found)
    # a copy: what a caller does to it must not reach the next one
    return found.to(device, copy=True)


def embedding_key(clip: FrozenClip, digest: str, names: Sequence[str], text: TextRule, device: torch.device) -> str:
    """sha256 over names, template and checkpoint, and over what else decides the bits: tokens, device and libraries."""
    import transformers

    limit = int(clip.model.config.text_config.max_position_embeddings)
    tokens = token_ids(clip.tokenizer, text.sentences(names), limit) if names else torch.empty(0)
    identity = {
        "version": VERSION,
        "names": list(names),
        "template": text.template,
        "checkpoint": digest,
        "tokens": hashlib.sha256(tokens.numpy().tobytes()).hexdigest(),
        "device": _device_facts(device),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def forget() -> None:
    """Drop what this process keeps; files stay."""
    _kept.clear()


def _device_facts(device: torch.device) -> list[str | int]:
    if device.type == "cuda":
        return ["cuda", torch.cuda.get_device_name(device)]
    # sums on a CPU are split by its threads and vector width
    return [device.type, platform.machine(), torch.backends.cpu.get_cpu_capability(), torch.get_num_threads()]


def _keep(key: str, found: torch.Tensor) -> None:
    _kept[key] = found
    _kept.move_to_end(key)
    while len(_kept) > MEMORY:
        _kept.popitem(last=False)
