"""The report as one HTML file: no network, no date, no path; equal reports give equal bytes.

Every name is escaped by the template engine. Beyond that the page forbids itself every script, style and address but
its own two texts, which it names by their SHA-256, so that a name that slipped through could still do nothing.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from cosegbench.pictures.colours import OKABE_ITO, TOL_MUTED
from cosegbench.report.contents import Report
from cosegbench.tables.figures import short

if TYPE_CHECKING:
    import jinja2

PALETTE = (*OKABE_ITO, *TOL_MUTED)
"""Colours of the systems, in the order of their names: those of classes in pictures."""

_CODE = re.compile("`([^`]+)`")
_SPACE = re.compile(r"\n\s*\n+")


def render(report: Report) -> str:
    """The page, ending with one newline."""
    environment = _environment()
    style = _trusted(environment.get_template("style.css.jinja").render(palette=PALETTE))
    script = _trusted(environment.get_template("script.js").render())
    page = environment.get_template("page.html.jinja").render(
        report=report, style=style, script=script, policy=_policy(style, script), colours=len(PALETTE)
    )
    # The templates leave blank lines, which are no part of any text.
    return _SPACE.sub("\n", page).strip() + "\n"


def code(text: str) -> Markup:
    """``text`` escaped, with what stands in backticks set as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.PackageLoader("cosegbench.report", "assets"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        code=code,
        exact=lambda value: f"{value:.6g}",
        place=lambda value: f"{min(100.0, max(0.0, value)):.4g}",
        short=short,
        capital=lambda text: text[:1].upper() + text[1:],
    )
    return made


def _trusted(text: str) -> Markup:
    """One of the package's own texts, without the blank lines that would be taken out of the page."""
    return Markup(_SPACE.sub("\n", text).strip())


def _policy(style: str, script: str) -> str:
    """What the page allows itself: its own style and script, and pictures within it."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
