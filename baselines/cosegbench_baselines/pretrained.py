"""Published CLIP and CLIPSeg weights as ``transformers`` modules, checked before, while and after they are read."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from cosegbench.errors import DataError, MissingWeightsError, RequestError
from cosegbench_baselines.checkpoint_files import CONFIG, WEIGHTS
from cosegbench_baselines.hub import Snapshot


@dataclass(frozen=True, slots=True)
class Architecture:
    """What a checkpoint must be.

    Args:
        what: its name in messages.
        model_type: as its ``config.json`` states it.
        cls: the class of ``transformers`` that reads it.
    """

    what: str
    model_type: str
    cls: str


CLIP = Architecture("CLIP", "clip", "CLIPModel")
CLIPSEG = Architecture("CLIPSeg", "clipseg", "CLIPSegForImageSegmentation")

_ONE_TOWER = ("clip_text_model", "clip_vision_model", "clipseg_text_model", "clipseg_vision_model")
_LFS = b"version https://git-lfs"


def load_pretrained(kind: Architecture, snapshot: Snapshot) -> tuple[Any, Any]:
    """Model (float32, random nowhere) and tokenizer of a snapshot. Code beside the weights is never run.

    Raises:
        MissingWeightsError: a weight file is a Git LFS pointer.
        RequestError: the configuration is of another architecture.
        DataError: a file is there and cannot be read, or the weights do not fit the configuration.
    """
    _check_config(kind, snapshot)
    _check_pointers(kind, snapshot)
    model = _load_model(kind, snapshot)
    tokenizer = _load_tokenizer(kind, snapshot)
    _check_tokens(kind, snapshot, tokenizer, model.config.text_config)
    return model, tokenizer


def state_digest(model: Any) -> str:
    """sha256 over the names and float32 bytes of a model's parameters, in order of name, whatever file held them."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().float().contiguous().numpy().data)
    return digest.hexdigest()


def _check_config(kind: Architecture, snapshot: Snapshot) -> None:
    path = snapshot.folder / CONFIG
    try:
        config: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found = config.get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(f"{_where(kind, snapshot)}: {path} is not a JSON object ({error}). Fetch it again.") from error
    if found == kind.model_type:
        return
    why = f"{path} describes model_type {found!r}"
    if found in _ONE_TOWER:
        why += ", which is one tower; both the text and the image tower are needed"
    elif found in (CLIP.model_type, CLIPSEG.model_type):
        why += "; CLIPSeg goes to --weights, the CLIP that picks the labels to --set clip=..."
    raise RequestError(
        f"{_where(kind, snapshot)}: {why}. Expected model_type {kind.model_type!r}, for instance "
        f"{'openai/clip-vit-base-patch16' if kind is CLIP else 'CIDAS/clipseg-rd64-refined'}."
    )


def _check_pointers(kind: Architecture, snapshot: Snapshot) -> None:
    for name in WEIGHTS:
        path = snapshot.folder / name
        if path.is_file() and path.open("rb").read(len(_LFS)) == _LFS:
            raise MissingWeightsError(
                f"{_where(kind, snapshot)}: {path} is a Git LFS pointer, not the weights. Run `git lfs pull` there, "
                "or fetch the checkpoint with `hf download`."
            )


def _load_model(kind: Architecture, snapshot: Snapshot) -> Any:
    import transformers

    try:
        with _quiet():
            model, report = getattr(transformers, kind.cls).from_pretrained(
                str(snapshot.folder),
                dtype=torch.float32,
                weights_only=True,
                local_files_only=True,
                output_loading_info=True,
            )
    except Exception as error:  # safetensors, torch, pickle and transformers have no common base
        raise _unreadable(kind, snapshot, error) from error
    absent = sorted(report["missing_keys"])
    if absent:
        # transformers would fill them with random numbers
        raise DataError(
            f"{_where(kind, snapshot)}: {len(absent)} parameters that {CONFIG} asks for have no weights, "
            f"for instance {absent[0]}. The file is not a whole {kind.what}; fetch the checkpoint again."
        )
    return model


def _unreadable(kind: Architecture, snapshot: Snapshot, error: Exception) -> DataError:
    file = next((name for name in WEIGHTS if (snapshot.folder / name).is_file()), WEIGHTS[0])
    if isinstance(error, RuntimeError) and "mismatch" in str(error):
        return DataError(
            f"{_where(kind, snapshot)}: the weights do not have the sizes that {CONFIG} states. Both must be of one "
            "checkpoint; fetch it again."
        )
    return DataError(
        f"{_where(kind, snapshot)}: {snapshot.folder / file} cannot be read as weights "
        f"({type(error).__name__}: {_first(error)}). It may be cut short; fetch it again. Files that would need to run "
        "code when they are read are refused."
    )


def _load_tokenizer(kind: Architecture, snapshot: Snapshot) -> Any:
    from transformers import AutoTokenizer

    try:
        with _quiet():
            return AutoTokenizer.from_pretrained(str(snapshot.folder), local_files_only=True, trust_remote_code=False)
    except Exception as error:  # the tokenizers library raises plain Exception
        raise DataError(
            f"{_where(kind, snapshot)}: the tokenizer in {snapshot.folder} cannot be read "
            f"({type(error).__name__}: {_first(error)}). Fetch tokenizer.json, vocab.json and merges.txt again."
        ) from error


def _check_tokens(kind: Architecture, snapshot: Snapshot, tokenizer: Any, text: Any) -> None:
    """Raise where the text tower would be given tokens that it lacks, or would look for an end that never comes."""
    if len(tokenizer) > text.vocab_size:
        raise DataError(
            f"{_where(kind, snapshot)}: the tokenizer has {len(tokenizer)} tokens, the text tower {text.vocab_size}. "
            "They are of two checkpoints."
        )
    # OpenAI's configurations state 2, by which transformers means the highest id; every text would otherwise be pooled
    # at its first token and all names would have one embedding
    if text.eos_token_id not in (2, tokenizer.eos_token_id):
        raise DataError(
            f"{_where(kind, snapshot)}: the tokenizer ends a text with token {tokenizer.eos_token_id}, the text tower "
            f"looks for {text.eos_token_id}. They are of two checkpoints."
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back ``transformers``' progress bar and its table of missing keys, which our own errors replace."""
    from transformers.utils import logging as chatter

    level, bar = chatter.get_verbosity(), chatter.is_progress_bar_enabled()
    chatter.set_verbosity(logging.ERROR)
    chatter.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        chatter.set_verbosity(level)
        if bar:
            chatter.enable_progress_bar()  # type: ignore[no-untyped-call]


def _where(kind: Architecture, snapshot: Snapshot) -> str:
    return f"{kind.what} weights {snapshot.source!r}"


def _first(error: Exception) -> str:
    """The first line of an error, shortened: torch adds a page of advice that is wrong here."""
    lines = str(error).splitlines()
    return lines[0][:160] if lines else "no further word"
