"""The hyper-parameters of CoSeg, each a named field with the paper's value as its default.

A configuration is frozen, is saved in a checkpoint's JSON, and is all that differs between ViT-B/16 and the miniature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeVar

from cosegbench.errors import RequestError

Variant = Literal["prefix", "xatten"]
FilmOrder = Literal["block-film", "film-block"]

_C = TypeVar("_C")


@dataclass(frozen=True, slots=True)
class LabelModelConfig:
    """The transformer that turns the image's patch tokens into label tokens.

    Args:
        variant: ``prefix`` (decoder-only blocks over [queries; tokens], no attention mask) or ``xatten`` (an encoder
            over the tokens and a decoder whose queries cross-attend to it).
        queries: N, learnable query tokens, one label and one mask each.
        width: width of the tokens; that of CLIP's joint space.
        blocks: decoder-only blocks of ``prefix``; ``xatten`` splits them evenly between encoder and decoder.
        heads: attention heads.
        feedforward: width of the feed-forward layers.
        dropout: dropout while training.
        query_std: standard deviation of the queries' normal initialisation.
        norm_patches: patch tokens pass CLIP's last layer norm before the visual projection, as its CLS token does; the
            authors' code leaves it out, and the paper does not say.
        final_norm: ``xatten`` only: a layer norm after the encoder and one after the decoder, which ``nn.Transformer``
            of the authors' code has and the paper does not mention.
    """

    variant: Variant = "prefix"
    queries: int = 20
    width: int = 512
    blocks: int = 8
    heads: int = 4
    feedforward: int = 2048
    dropout: float = 0.1
    query_std: float = 0.02
    norm_patches: bool = True
    final_norm: bool = False


@dataclass(frozen=True, slots=True)
class MaskDecoderConfig:
    """CoSeg's mask decoder: transformer blocks at a reduced width, conditioned by FiLM on a label token.

    Args:
        hidden: CLIP's width.
        width: width of the conditioning token (CLIP's joint space).
        reduce: the decoder's width, ``d_reduce``.
        taps: which CLIP hidden states are read, in the order of the blocks; 0 is the embedding before the first layer.
        heads: attention heads of a block.
        feedforward: width of a block's feed-forward layer.
        dropout: dropout while training.
        patch: CLIP's patch size in pixels; even. The head upsamples by 4 (by 2 for ViT-L/14's 14) and then by the rest.
        order: ``block-film`` as the paper writes it, or ``film-block`` as the authors' code does it.
        shared_film: one FiLM for all blocks (authors' code) instead of one each.
        condition: what FiLM sees of a label token: ``raw``, or ``unit`` -- brought to the length sqrt(width), so that a
            predicted token and a text embedding of the same direction draw the same mask.
        keep_cls: the CLS token passes the blocks and is dropped after the last (authors' code), not before the first.
    """

    hidden: int = 768
    width: int = 512
    reduce: int = 128
    taps: tuple[int, ...] = (3, 6, 9)
    heads: int = 4
    feedforward: int = 2048
    dropout: float = 0.1
    patch: int = 16
    order: FilmOrder = "block-film"
    shared_film: bool = False
    condition: Literal["raw", "unit"] = "raw"
    keep_cls: bool = False


@dataclass(frozen=True, slots=True)
class CoSegConfig:
    """Both halves of a CoSeg system and the side in pixels of its square input."""

    label_model: LabelModelConfig = LabelModelConfig()
    mask_decoder: MaskDecoderConfig = MaskDecoderConfig()
    image_size: int = 224

    def to_json(self) -> dict[str, Any]:
        """Plain data for a checkpoint's JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CoSegConfig:
        """Read what :meth:`to_json` wrote.

        Raises:
            RequestError: an unknown or missing field, named.
        """
        try:
            return cls(
                read_fields(LabelModelConfig, data["label_model"]),
                read_fields(MaskDecoderConfig, data["mask_decoder"]),
                int(data["image_size"]),
            )
        except KeyError as error:
            raise RequestError(f"CoSeg configuration: the field {error.args[0]!r} is missing.") from error


def read_fields(kind: Callable[..., _C], data: Mapping[str, Any]) -> _C:
    """A dataclass from its JSON, where tuples have become lists.

    Raises:
        RequestError: an unknown field, named.
    """
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(data) - known)
    if unknown:
        raise RequestError(f"CoSeg configuration: unknown field {unknown[0]!r}; known: {', '.join(sorted(known))}.")
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    return kind(**values)
