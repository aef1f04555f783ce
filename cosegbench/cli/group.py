"""The top-level command: lists the commands without importing them, and turns our errors into exit codes."""

from __future__ import annotations

import errno
import importlib
import sys
from typing import Any

import click

from cosegbench import __version__
from cosegbench.errors import CosegbenchError

COMMANDS = {
    "run": "Run a predictor on data sets and write one record for each data set and family of protocols.",
    "score": "Score label PNGs that any program wrote; needs the data set's labels, no photographs.",
    "rescore": "Score kept evidence again, by any protocol that it allows, without inference.",
    "table": "Print Table 1: as the paper prints it, and as measured.",
    "compare": "Compare two predictors image by image: difference, interval, test, class by class.",
    "report": "Write everything that records say as one HTML page.",
    "show": "Draw images with ground truth, saved predictions and where they differ.",
    "probe": "Test what a table cannot show: context, co-occurrence, names.",
    "labels": "Keep a predictor's first stage: the labels that it proposes for each image, ranked.",
    "train": "Train weights, from the first step or from where an interrupted training stopped.",
    "datasets": "List, explain, fetch, verify and draw data sets.",
    "vocabulary": "Show, align and compare class names.",
    "predictors": "List predictors and check that one keeps the contract.",
    "protocols": "List, explain and compare protocols.",
}
"""Command -> short help. Kept here so that ``--help`` imports no command; a test holds them equal."""

EXAMPLES = """
\b
Examples:
  cosegbench run --predictor coseg-prefix --suite miniature
  cosegbench run --predictor ./mine.py:Mine --suite cross-dataset --data-root /data
  cosegbench table --protocol standard --protocol coseg-authors
"""


class LazyGroup(click.Group):
    """A group whose commands are imported only when they are invoked."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in the order in which a user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; each module of :mod:`cosegbench.cli` defines ``command``."""
        if cmd_name not in COMMANDS:
            return None
        return importlib.import_module(f"cosegbench.cli.{cmd_name}").command  # type: ignore[no-any-return]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table above."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with the near names for a command that does not exist."""
        import difflib

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=3)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error raised on purpose, or by the system, is printed without a traceback."""
        from cosegbench.running.stopping import AGAIN, stop_code, stoppable

        try:
            with stoppable():
                return super().invoke(ctx)
        except CosegbenchError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt as stop:
            click.echo(f"\nStopped. {AGAIN}", err=True)
            ctx.exit(stop_code(stop))
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read our output has seen enough, which click treats so
                raise
            click.echo(f"Error: the system refused: {error}.", err=True)
            ctx.exit(1)


@click.group(
    cls=LazyGroup, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="cosegbench")
def main() -> None:
    """Score open-vocabulary segmentation under every protocol by name, and say which one a figure is.

    Exit codes: 0 done, 1 failed while working, 2 bad request, 130 stopped by Ctrl-C, 143 by SIGTERM. Results go to
    standard output, remarks and progress to standard error.
    """


if __name__ == "__main__":
    sys.exit(main())
