"""What a page is asked, and what it may answer with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rules.errors import RingrenError, UserError
from rules.records import Kind, Ref
from rules.rights import Right
from state.users import User
from sync.app import App
from sync.texts import Texts
from sync.web.hands import Hands
from sync.web.memory import Memory
from sync.web.refusals import Refused
from sync.web.uploads import Upload


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of somebody who is signed in and may ask it. `app` acts in his name."""

    app: App
    who: User
    texts: Texts
    path: Mapping[str, str]
    query: Mapping[str, str]
    hands: Hands
    memory: Memory
    keep_pace: Callable[[], None]
    """Refused when he tried a password too often."""
    fields: Mapping[str, str] = field(default_factory=dict)
    upload: Upload | None = None

    def may(self, right: Right) -> bool:
        """Whether he may do that, too."""
        return right in self.who.rights

    def number(self, name: str) -> int:
        """A number of the address; Refused, as if there were no such page, when it is none."""
        text = self.path.get(name, "")
        if not (text.isascii() and text.isdecimal() and len(text) < 16):
            raise Refused(404, "page.no_page")
        return int(text)

    def choice(self, name: str, *allowed: str) -> str:
        """A value of the form that is one of those that the page offers; else the first of them."""
        value = self.fields.get(name, self.query.get(name, ""))
        return value if value in allowed else allowed[0]


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: a template of `templates/` and what is filled in."""

    template: str
    filled: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    wrong: RingrenError | None = None
    """What was wrong with what was typed, told on the page itself."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Go on to another page, with a word about what was done: a text key `page.told.<told>`."""

    to: str
    told: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole page that is not ours to frame, with the content policy that it was made for."""

    text: str
    policy: str


@dataclass(frozen=True, slots=True)
class Download:
    """A file to be kept."""

    file: Path
    name: str


Answered = Shown | Sent | Document | Download


def ref_typed(text: str) -> Ref | None:
    """`system/kind/id`; None for nothing, UserError for anything else."""
    return ref_given(text) if text else None


def ref_given(text: str) -> Ref:
    """The same where there must be one."""
    try:
        return Ref.parse(text)
    except ValueError:
        raise UserError("usage.ref", kinds=", ".join(Kind)) from None
