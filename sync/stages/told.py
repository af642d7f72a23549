"""What a system was told in a pass, counted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Told:
    """What a system was told, in records, numbers and addresses, and deliveries."""

    written: int = 0
    shown: int = 0
    lacking: int = 0
    gone: int = 0
    refused: int = 0
    waiting: int = 0
    put_back: int = 0
    taken_off: int = 0
    unqueued: int = 0
    confirmed: int = 0
    settled: int = 0
    open: int = 0

    def add(self, other: Told) -> None:
        """What a second round did; `open` is how it stands now."""
        for name in self.__dataclass_fields__:
            if name not in {"open", "waiting"}:
                setattr(self, name, getattr(self, name) + getattr(other, name))
        self.open, self.waiting = other.open, other.waiting
