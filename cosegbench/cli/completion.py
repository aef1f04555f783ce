"""What the shell offers after an option: names of predictors, data sets, suites and protocols.

Paths are always allowed beside a name, so what is offered never limits what may be given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Names = Iterable[tuple[str, str]]
Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def _completer(names: Callable[[], Names]) -> Completer:
    """A callback for click: those names, with their help, that begin as the word does."""

    def complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(name, help=text) for name, text in names() if name.startswith(incomplete)]

    return complete


def _protocols() -> Names:
    from cosegbench.protocols import list_protocols

    return [(protocol.name, protocol.summary) for protocol in list_protocols()]


def _datasets() -> Names:
    from cosegbench.cards import list_cards

    return [(name, "") for name in list_cards()]


def _suites() -> Names:
    from cosegbench.suites import SUMMARIES

    return SUMMARIES.items()


def _predictors() -> Names:
    from cosegbench.registry import predictor_summaries

    return [(each.plugin.name, each.text) for each in predictor_summaries() if each.problem is None]


complete_protocols = _completer(_protocols)
complete_datasets = _completer(_datasets)
complete_suites = _completer(_suites)
complete_predictors = _completer(_predictors)
