"""Every exception we raise, sorted by what to do next.

    RingrenError
      UserError           a setting, file or argument: the user mends it; no traceback    exit 1
      TryAgain            the same call may go through later                              exit 5
      SystemStopped       this system only, the others go on                              exit 5
      RunStopped          before any write; asks a person                                 exit 3
      StartOver           this stream must be read again from its beginning               exit 5
      Leaving             somebody asked us to stop: what is done is kept                 exit 5
      LeaseLost           another process took over; nothing of ours was written          exit 5
      InvariantBroken     our own bug, loud                                               exit 70

What goes wrong with a single record is no exception: it is an `Outcome` or a `Finding`.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command line. `worst()` knows which wins."""

    OK = 0
    USER = 1
    CHANGES = 2
    GUARD = 3
    VIOLATION = 4
    FAILED = 5
    BUG = 70


_PRECEDENCE = (
    Exit.BUG,
    Exit.VIOLATION,
    Exit.GUARD,
    Exit.FAILED,
    Exit.USER,
    Exit.CHANGES,
    Exit.OK,
)


def worst(*codes: Exit) -> Exit:
    """The code that a command ends with when several hold: 70 > 4 > 3 > 5 > 1 > 2 > 0."""
    return min(codes, key=_PRECEDENCE.index, default=Exit.OK)


class RingrenError(Exception):
    """`message` says what is wrong and where, `remedy` what to do about it.

    Both are keys of the text table, with `details` as their arguments (`remedy` left out means
    the key `<message>.remedy` if there is one); text that is no key is shown as it stands.
    """

    exit_code = Exit.BUG

    def __init__(self, message: str, remedy: str = "", **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.details = details


class UserError(RingrenError):
    """A setting, file or argument that the user can mend. Names file, row and field."""

    exit_code = Exit.USER


class TryAgain(RingrenError):
    """Passing trouble; `after_seconds` when the system said how long to wait."""

    exit_code = Exit.FAILED

    def __init__(
        self,
        message: str,
        remedy: str = "",
        after_seconds: float | None = None,
        **details: object,
    ) -> None:
        super().__init__(message, remedy, **details)
        self.after_seconds = after_seconds


class SystemStopped(RingrenError):
    """This system cannot be used now: rights, wire format, disk. The others go on."""

    exit_code = Exit.FAILED


class RunStopped(RingrenError):
    """A safety stop before anything was written. A person decides how to go on."""

    exit_code = Exit.GUARD


class StartOver(RingrenError):
    """The cursor no longer fits what is there: read this stream from its beginning."""

    exit_code = Exit.FAILED


class Leaving(RingrenError):
    """We were asked to stop, and did so between two pages. The next run goes on from there."""

    exit_code = Exit.FAILED


class LeaseLost(RingrenError):
    """Another process holds this cursor now; the page was rolled back."""

    exit_code = Exit.FAILED


class InvariantBroken(RingrenError):
    """A promise of ours would have been broken. Always a bug of ours."""

    exit_code = Exit.BUG


class WroteInDryRun(InvariantBroken):
    """A write was attempted in a dry run."""


class OutcomeMissing(InvariantBroken):
    """A connector did not give exactly one outcome for each record."""


class LedgerRewritten(InvariantBroken):
    """The hash chain of the ledger does not verify."""
