"""Passwords of the page: what makes a good one, and argon2id (RFC 9106) to keep and to try them.

A name that nobody has takes as long as a wrong password: both are held against a hash.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from rules.errors import UserError
from rules.keys import fold

SHORTEST: Final = 12
LONGEST: Final = 1000
_FEWEST_SIGNS: Final = 5


def check(password: str, name: str) -> None:
    """UserError for one that is guessed easily: too short, all the same, or the name itself."""
    if len(password) > LONGEST:
        raise UserError("account.password_long", most=LONGEST)
    if len(password) < SHORTEST:
        raise UserError("account.password_short", least=SHORTEST)
    besides = fold(password).replace(fold(name), "") if len(name) > 3 else fold(password)
    if len(set(besides.replace(" ", ""))) < _FEWEST_SIGNS:
        raise UserError("account.password_plain")


def kept(password: str) -> str:
    """What is kept of it: about a tenth of a second, and 64 MB, whoever tries."""
    return _hasher().hash(password)


def holds(hashed: str | None, password: str) -> bool:
    """Whether it is the one; None takes as long, and is never it."""
    try:
        return _hasher().verify(hashed or _nobodys(), password[:LONGEST]) and bool(hashed)
    except (VerificationError, InvalidHashError):
        return False


def is_old(hashed: str) -> bool:
    """Whether it was made with less effort than is usual now."""
    return _hasher().check_needs_rehash(hashed)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobodys() -> str:
    """A hash of nothing that anybody could type."""
    return kept("\0nobody")
