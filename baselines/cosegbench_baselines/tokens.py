"""Tokenizers: CLIP's own for real checkpoints, and one token a word for the miniature."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

PAD, UNK, BOS, EOS = "<pad>", "<unk>", "<start>", "<end>"
SPECIAL = (PAD, UNK, BOS, EOS)
"""Special tokens of the word tokenizer; a token's id is its place here."""


def build_word_tokenizer(sentences: Iterable[str]) -> Any:
    """A lower-casing tokenizer with one id a word of ``sentences``, in alphabetical order.

    Returns:
        ``tokenizers.Tokenizer`` that frames a text by start and end tokens.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    split = pre_tokenizers.Whitespace()
    words = sorted({word for text in sentences for word, _ in split.pre_tokenize_str(text.lower())})
    vocabulary = {word: index for index, word in enumerate([*SPECIAL, *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNK))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = split
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A {EOS}", special_tokens=[(BOS, SPECIAL.index(BOS)), (EOS, SPECIAL.index(EOS))]
    )
    return tokenizer


def load_word_tokenizer(path: Path) -> Any:
    """The word tokenizer saved as JSON at ``path``, with the interface of ``transformers`` tokenizers."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_file=str(path), pad_token=PAD, unk_token=UNK, bos_token=BOS, eos_token=EOS, padding_side="right"
    )


def token_ids(tokenizer: Any, sentences: Sequence[str], limit: int) -> torch.Tensor:
    """Padded token ids (n, length) int64, cut to ``limit`` tokens."""
    encoded = tokenizer(list(sentences), padding=True, truncation=True, max_length=limit, return_tensors="pt")
    ids: torch.Tensor = encoded["input_ids"]
    return ids
