"""Checkpoints of the published layout with random weights: folders, and the hub's cache."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

NAMES = ["dog", "cat", "sea", "sky", "sand", "tree", "unlabeled"]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


WORDS = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
"""Special tokens of the word tokenizer."""


def config(kind: str = "clip", special: dict[str, int] = WORDS, **sizes: Any) -> Any:
    """A ``CLIPConfig`` or ``CLIPSegConfig``; sizes are those of the vision tower, and ``width``."""
    from transformers import CLIPConfig, CLIPSegConfig

    width = sizes.pop("width", 16)
    vision = {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "image_size": 16,
        "patch_size": 4,
        "projection_dim": width,
        **sizes,
    }
    text = {
        "vocab_size": 49408,
        "hidden_size": width,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "max_position_embeddings": 77,
        "projection_dim": width,
        **special,
    }
    both: dict[str, Any] = {"text_config": text, "vision_config": vision, "projection_dim": width}
    if kind == "clip":
        return CLIPConfig(**both)
    return CLIPSegConfig(
        **both,
        extract_layers=[0, 1, 2],
        reduce_dim=8,
        decoder_num_attention_heads=2,
        decoder_intermediate_size=16,
        use_complex_transposed_convolution=True,
    )


def write_words(folder: Path) -> None:
    """A word tokenizer, as ``transformers`` saves one."""
    from cosegbench_baselines.tokens import build_word_tokenizer, load_word_tokenizer

    plain = folder / "words.json"
    build_word_tokenizer([f"a photo of a {name}" for name in NAMES]).save(str(plain))
    load_word_tokenizer(plain).save_pretrained(folder)
    plain.unlink()


def write_checkpoint(folder: Path, kind: str = "clip", tokenizer: Path | None = None, **sizes: Any) -> Any:
    """A published checkpoint's folder; returns the model whose random weights it holds."""
    import torch
    from transformers import CLIPModel, CLIPSegForImageSegmentation

    from cosegbench_baselines.training.clipseg import restart

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    model = (CLIPModel if kind == "clip" else CLIPSegForImageSegmentation)(
        config(kind, WORDS if tokenizer is None else {}, **sizes)
    ).eval()
    if kind == "clipseg":
        model.decoder.apply(restart)
    model.save_pretrained(folder)
    if tokenizer is None:
        write_words(folder)
    else:
        for name in ("vocab.json", "merges.txt"):
            shutil.copy(tokenizer / name, folder / name)
    return model


def put_in_cache(cache: Path, name: str, folder: Path, commit: str = COMMIT, branch: str = "main") -> Path:
    """Lay a folder into a hub cache as the hub client does: blobs, a snapshot of links to them, a branch."""
    repository = cache / f"models--{name.replace('/', '--')}"
    snapshot = repository / "snapshots" / commit
    for part in (repository / "blobs", repository / "refs", snapshot):
        part.mkdir(parents=True, exist_ok=True)
    (repository / "refs" / branch).write_text(commit)
    for number, path in enumerate(sorted(folder.iterdir())):
        blob = repository / "blobs" / f"{commit[:8]}{number}"
        shutil.copy(path, blob)
        (snapshot / path.name).symlink_to(Path("../../blobs") / blob.name)
    return snapshot
