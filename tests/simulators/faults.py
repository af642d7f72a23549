"""What can go wrong on the way to a vendor, on demand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum


class Fault(Enum):
    """One way in which a call fails."""

    LOST = "done, and the answer is lost"
    DROPPED = "not done, and no answer"
    HALF = "done, and half of the answer arrives"
    SLOW = "done, and the answer takes its time"
    STATUS = "not done, and answered with an error status"
    REVOKED = "the token is revoked from now on"


@dataclass(slots=True)
class Trouble:
    """A fault for the next `times` calls that fit, after `skip` of them."""

    fault: Fault
    method: str = "*"
    path: str = ".*"
    times: int = 1
    skip: int = 0
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def strikes(self, method: str, path: str) -> bool:
        """Whether this call is one of those; counted."""
        fits = self.method in ("*", method) and re.fullmatch(self.path, path)
        if not fits or self.times <= 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True
