"""The embedded miniature: a drawn world whose files have the real formats and layouts."""

from cosegbench.miniature.cache import CACHE_VARIABLE, ensure_miniature, miniature_path
from cosegbench.miniature.draw import DEFAULT_SIZES, MARKER, SMALL_SIZES, MiniatureSizes, draw_miniature

__all__ = [
    "CACHE_VARIABLE",
    "DEFAULT_SIZES",
    "MARKER",
    "SMALL_SIZES",
    "MiniatureSizes",
    "draw_miniature",
    "ensure_miniature",
    "miniature_path",
]
