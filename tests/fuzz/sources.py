"""Turning a fuzzer's bytes into decisions, and values into odd neighbours of themselves."""

from __future__ import annotations

import copy
from typing import Any

ODD: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 2, 255, 256, 65534, 65535, 65536, 2**31, 2**63, 10**30),
    *(0.5, -0.0, 1e308, float("nan"), float("inf")),
    *("", " ", "a", "0", "../x", "/etc/passwd", "\0", "a\nb", "<script>", "\u00e9\u6f22\U0001f600", "\ud800"),
    *("x" * 5000, "9" * 5000, [], {}, [[]], [None], {"": None}, "P" * 4000, "NaN"),
)


class Source:
    """Decisions that bytes make; when they are used up, every decision is the first."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def below(self, limit: int) -> int:
        """A number in 0..limit-1."""
        size = 1 if limit <= 256 else 2 if limit <= 65536 else 4
        part = self._data[self._place : self._place + size]
        self._place += size
        return int.from_bytes(part, "little") % limit

    def one_of(self, values: Any) -> Any:
        return values[self.below(len(values))]

    def rest(self) -> bytes:
        part, self._place = self._data[self._place :], len(self._data)
        return part


def edited(value: Any, source: Source) -> Any:
    """A copy with one to four of its nodes replaced, removed, repeated or renamed."""
    value = copy.deepcopy(value)
    for _ in range(1 + source.below(4)):
        value = _edit(value, source)
    return value


def spliced(seed: bytes, source: Source) -> bytes:
    """A copy with up to four runs of bytes overwritten, cut out or put in, and perhaps cut off."""
    data = bytearray(seed)
    for _ in range(1 + source.below(4)):
        place, act = source.below(len(data) + 1), source.below(5)
        if act == 0:
            data[place : place + 1] = bytes([source.below(256)])
        elif act == 1:
            data[place : place + 4] = source.below(1 << 32).to_bytes(4, source.one_of(("little", "big")))
        elif act == 2:
            del data[place : place + 1 + source.below(16)]
        elif act == 3:
            data[place:place] = data[place : place + source.below(64)]
        else:
            del data[place:]
    return bytes(data)


def _edit(value: Any, source: Source) -> Any:
    if not isinstance(value, dict | list) or not value or source.below(6) == 0:
        return copy.deepcopy(source.one_of(ODD))
    key = source.one_of(list(value) if isinstance(value, dict) else range(len(value)))
    act = source.below(8)
    if act == 0:
        del value[key]
    elif act == 1 and isinstance(value, list):
        value.append(copy.deepcopy(value[key]))
    elif act == 1:
        value[str(source.one_of(ODD))[:50]] = value.pop(key)
    else:
        value[key] = _edit(value[key], source)
    return value
