"""The embedded miniature: a drawn world whose files have the real formats and layouts."""

from cosegbench.miniature.draw import DEFAULT_SIZES, SMALL_SIZES, MiniatureSizes, draw_miniature

__all__ = ["DEFAULT_SIZES", "SMALL_SIZES", "MiniatureSizes", "draw_miniature"]
