"""Small helpers for Markdown: tables, figures, lists in words."""

from __future__ import annotations

from collections.abc import Sequence

DASH = "-"


def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A GitHub table, the first column to the left and the others to the right."""
    from tabulate import tabulate

    alignment = ["left", *["right"] * (len(head) - 1)] if body else None
    return str(tabulate(body, head, tablefmt="github", disable_numparse=True, colalign=alignment))


def figure(value: float | None, decimals: int = 1, scale: float = 1.0) -> str:
    """A number for a reader; a dash where there is none."""
    return DASH if value is None else f"{value * scale:.{decimals}f}"


def signed(value: float, decimals: int = 1) -> str:
    """A difference with its sign; what rounds to nothing has none."""
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text


def percent(value: float | None) -> str:
    """A share 0..1 as whole percent."""
    return figure(value, 0, 100)


def code(name: str) -> str:
    """A name as code."""
    return f"`{name}`"


def listing(parts: Sequence[str]) -> str:
    """``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else "none"


def short(column: str) -> str:
    """A column's name without the world's."""
    return column.removeprefix("miniature-")
