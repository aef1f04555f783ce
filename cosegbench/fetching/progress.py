"""What a fetch tells whoever watches it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Remarks, and a bar for whatever takes long."""

    def remark(self, text: str) -> None:
        """A line for people."""
        ...

    def start(self, what: str, total: int | None, unit: str, done: int = 0) -> None:
        """Something long begins: ``total`` units (None: unknown), of which ``done`` lie behind."""
        ...

    def advance(self, units: int) -> None:
        """So many more units are done; negative where work was lost."""
        ...

    def stop(self) -> None:
        """It ended, well or not."""
        ...


class Silent:
    """Tells nobody."""

    def remark(self, text: str) -> None:
        """Nothing."""

    def start(self, what: str, total: int | None, unit: str, done: int = 0) -> None:
        """Nothing."""

    def advance(self, units: int) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""
