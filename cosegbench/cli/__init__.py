"""The command line: one module a command, loaded when the command is asked for."""

from __future__ import annotations

from cosegbench.cli.group import main

__all__ = ["main"]
