"""Further roles of a connector: what an administrator has set up, what is made for us, what there is.

`check` tries each right by its name and says how to give the one that is missing. `missing` lists
what the system lacks: fields of the catalogue, values of picklists, rights on fields. `provision`
makes them; it never changes the type of a field that is there, nor takes a value or a right away. `offered` shows the customer's own fields, `sample` a look at them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Right:
    """One right, or one field that we have to see, and whether we have it.

    `name` is the system's own (`Contact.DoNotCall`). `message` and `remedy` are text keys with
    `details`. `stops`: without it the system, or one stream of it, is not used.
    """

    name: str
    ok: bool
    message: str
    remedy: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    stops: bool = True


@runtime_checkable
class Checks(Protocol):
    """Can say what of its rights it has."""

    def check(self) -> Iterator[Right]:
        """Every right that is needed, one by one; nothing is written."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the system lacks: where, under which name, and what it will hold.

    `what`: a field; values that the list of a field which is there does not have; or a right of our
    user on a field or a table (`type` says which). `canonical` is empty for what is no field of the
    catalogue (a warning that people see). `values` are those of a picklist, of a list that is there
    only the new ones. `formula` is how a field is worked out that shows something.
    """

    stream: str
    name: str
    type: str
    label: str
    canonical: str = ""
    values: tuple[str, ...] = ()
    what: Literal["field", "values", "right"] = "field"
    formula: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """What became of one wanted field: made, or why not (a text key with details)."""

    wanted: Wanted
    ok: bool
    message: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class Lacks(Protocol):
    """Can say what it lacks: fields, values of lists, rights."""

    def missing(self) -> Sequence[Wanted]:
        """What would be made; nothing is written."""
        ...


@runtime_checkable
class Provisions(Lacks, Protocol):
    """Can be given what it lacks."""

    def provision(self, wanted: Sequence[Wanted]) -> Iterator[Made]:
        """Make these, and give our user the right to read and write them."""
        ...


@dataclass(frozen=True, slots=True)
class Offered:
    """A field that the customer has made, and that nothing is mapped to.

    `labels` in every language there is; `typed` what it can hold: text, note, phone, email, url,
    flag, number, day, moment, pick or other.
    """

    stream: str
    name: str
    labels: tuple[str, ...]
    typed: str
    options: tuple[str, ...] = ()


@runtime_checkable
class Offers(Protocol):
    """Can show which fields there are beside those that are mapped, and some cells of them."""

    def offered(self) -> Sequence[Offered]:
        """The customer's own fields of the objects that are read."""
        ...

    def sample(self, stream: str, names: Sequence[str]) -> Sequence[Mapping[str, str | None]]:
        """These fields of some records, the last changed first; for the eye, nothing is kept."""
        ...
