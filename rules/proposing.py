"""Which field of ours a CRM's own field holds: proposals with reasons, best first. Pure.

A name or a label that we know weighs most, then whether the field's type can hold such values, then
what the cells look like. A proposal is sure, likely or a guess; nothing is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from rules.catalogue import DEFAULT, Catalogue, Field, Role, Type
from rules.folding import fold
from rules.formats.check_digits import passes
from rules.known_headers import known_headers
from rules.records import Kind
from rules.samples import Look, look_of

FEWEST: Final = 4
"""Filled cells below which the cells say nothing."""
_MOST_AGREE: Final = 0.8


@dataclass(frozen=True, slots=True)
class Candidate:
    """A field that nothing is mapped to. `labels` in every language there is; `typed`: what it can
    hold (text, note, phone, email, url, flag, number, day, moment, pick, other); `cells` as read.

    `read` is how many records were looked at; a flag counts as filled when it is set.
    """

    name: str
    labels: tuple[str, ...]
    typed: str
    cells: tuple[str, ...] = ()
    read: int = 0
    options: tuple[str, ...] = ()


class Trust(StrEnum):
    """How much speaks for a proposal."""

    SURE = "sure"
    LIKELY = "likely"
    GUESS = "guess"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, or why not; `code` is a text key `map.reason.<code>`."""

    code: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One field and what it seems to hold."""

    name: str
    canonical: str
    trust: Trust
    reasons: tuple[Reason, ...]
    filled: int
    read: int
    score: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """A field that stays unmapped, and why."""

    name: str
    reason: Reason
    filled: int
    read: int


def propose(
    kind: Kind,
    candidates: Sequence[Candidate],
    taken: Mapping[str, str],
    catalogue: Catalogue = DEFAULT,
) -> tuple[list[Proposal], list[Left]]:
    """Proposals, best first, and what is left. `taken`: canonical fields that are mapped, and to what.

    No canonical field is proposed twice, and none that is mapped already.
    """
    looks = [_Looking(one, kind, catalogue) for one in candidates]
    found: dict[str, Proposal] = {}
    left: list[Left] = []
    ranked = [(look, *answer) for look in looks if (answer := look.answer(taken))]
    left += [Left(o.one.name, o.why_not(), o.filled, o.one.read) for o in looks if not o.best]
    ranked.sort(key=lambda one: (-one[2], -one[0].filled, one[0].one.name))
    for look, name, score, reasons in ranked:
        if name in found:
            better = Reason("better", {"field": name, "other": found[name].name})
            left.append(Left(look.one.name, better, look.filled, look.one.read))
        else:
            found[name] = Proposal(
                look.one.name, name, _trust(score), reasons, look.filled, look.one.read, score
            )
    return list(found.values()), sorted(left, key=lambda one: (-one.filled, one.name))


def _trust(score: int) -> Trust:
    if score >= _SURE:
        return Trust.SURE
    return Trust.LIKELY if score >= _LIKELY else Trust.GUESS


_SURE: Final = 5
_LIKELY: Final = 3
_EXACT, _LOOSE, _BOTH, _CELLS, _DIFFER = 4, 2, 1, 2, -3


class _Looking:
    """One candidate under the glass."""

    def __init__(self, one: Candidate, kind: Kind, catalogue: Catalogue) -> None:
        self.one, self.kind, self.catalogue = one, kind, catalogue
        self.filled = _filled(one)
        self.best: str | None = None
        self._unfit: Field | None = None
        self._taken: tuple[str, str] | None = None

    def answer(self, taken: Mapping[str, str]) -> tuple[str, int, tuple[Reason, ...]] | None:
        """(canonical field, score, reasons); None when there is nothing to propose."""
        for field_, score, reasons in sorted(self._ideas(), key=lambda idea: -idea[1]):
            if not _fits(field_, self.one):
                self._unfit = field_
                continue
            free = self._free(field_, taken)
            if free is None:
                self._taken = (field_.name, taken[field_.name])
                continue
            total, said = self._weighed(free, score)
            if total > 0:
                self.best = free.name
                second = [] if free is field_ else [Reason("second", {"field": field_.name})]
                return free.name, total, (*reasons, *second, *said)
        return None

    def why_not(self) -> Reason:
        """Why nothing was proposed."""
        if self._taken:
            name, other = self._taken
            no = self.catalogue[name].role is Role.OPT_OUT
            return Reason("no_unread" if no else "taken", {"field": name, "other": other})
        if self._unfit:
            return Reason("type", {"field": self._unfit.name})
        if self.one.typed in {"phone", "email"}:
            return Reason("key_only")
        if self.one.typed == "note":
            return Reason("note")
        return Reason("unknown")

    # --- ideas ---

    def _ideas(self) -> Iterator[tuple[Field, int, tuple[Reason, ...]]]:
        by_label = [self._header(label) for label in self.one.labels]
        by_name = self._header(plain_name(self.one.name))
        found: dict[str, tuple[Field, int, list[Reason]]] = {}
        for code, match in (*(("label", one) for one in by_label), ("name", by_name)):
            if match is None:
                continue
            field_, score = match
            known = found.get(field_.name)
            if known is None:
                found[field_.name] = (field_, score, [Reason(code)])
            elif known[2][-1].code != code:
                found[field_.name] = (
                    field_,
                    max(known[1], score) + _BOTH,
                    [*known[2], Reason(code)],
                )
        yield from ((f, score, tuple(reasons)) for f, score, reasons in found.values())
        if not found and (by_cells := self._by_cells()):
            yield by_cells

    def _header(self, text: str) -> tuple[Field, int] | None:
        index = known_headers(self.catalogue, self.kind)
        exact = index.exact(text) if text else None
        if exact is not None:
            return exact, _EXACT
        loose = index.loose(text) if text else None
        return (loose, _LOOSE) if loose is not None else None

    def _by_cells(self) -> tuple[Field, int, tuple[Reason, ...]] | None:
        """What the cells say alone: an idea that a person has to look at."""
        name = ""
        if self._all_cvr():
            name = "cvr"
        elif self.one.typed == "email" or look_of(self.one.cells) is Look.EMAIL:
            name = "email"
        elif self.one.typed == "phone" or look_of(self.one.cells) is Look.PHONE:
            name = "main_phone" if self.kind is Kind.COMPANY else "direct_phone"
        found = self.catalogue.get(name)
        if found is None or self.kind not in found.kinds or not self.filled:
            return None
        return found, 1, (Reason("cells_only"),)

    # --- what speaks for and against ---

    def _free(self, field_: Field, taken: Mapping[str, str]) -> Field | None:
        if field_.name not in taken:
            return field_
        second = self.catalogue.get(_SECOND.get(field_.name, ""))
        if second is not None and self.kind in second.kinds and second.name not in taken:
            return second
        return None

    def _weighed(self, field_: Field, score: int) -> tuple[int, tuple[Reason, ...]]:
        said: list[Reason] = []
        verdict = self._cells_say(field_)
        if verdict is not None:
            said.append(Reason("cells" if verdict else "cells_differ"))
            score += _CELLS if verdict else _DIFFER
        if _exactly(field_, self.one.typed):
            said.append(Reason("typed"))
            score += 1
        if not self.filled and self.one.read:
            said.append(Reason("empty"))
            score -= 1
        return score, tuple(said)

    def _cells_say(self, field_: Field) -> bool | None:
        """True when the cells are such values, False when they are surely others, None for silence."""
        if field_.choices and self.one.options:
            return _share_of_choices(field_, self.one.options) >= _MOST_AGREE / 2 or None
        if len(self.one.cells) < FEWEST:
            return None
        if field_.type is Type.CVR:
            return self._all_cvr()
        look = look_of(self.one.cells)
        if field_.type is Type.EMAIL:
            return look is Look.EMAIL
        if field_.type is Type.PHONE:
            return _share(self.one.cells, _is_number) >= _MOST_AGREE
        if field_.type in {Type.URL, Type.DOMAIN}:
            return True if look is Look.URL else False if look is Look.EMAIL else None
        return False if look in {Look.EMAIL, Look.URL} else None

    def _all_cvr(self) -> bool:
        cells = self.one.cells
        return len(cells) >= FEWEST and _share(cells, _is_cvr) >= _MOST_AGREE


def _is_cvr(cell: str) -> bool:
    return passes(re.sub(r"[\s.\-]|^DK|^CVR", "", cell.upper()))


def _is_number(cell: str) -> bool:
    return 8 <= sum(map(str.isdigit, cell)) <= 20 and sum(map(str.isalpha, cell)) <= 6


def _share(cells: Sequence[str], test: Callable[[str], bool]) -> float:
    return sum(map(bool, map(test, cells))) / len(cells)


def _share_of_choices(field_: Field, options: Iterable[str]) -> float:
    words = {
        fold(word)
        for choice in field_.choices
        for word in (choice.value, choice.da, choice.en, *choice.spellings, *choice.english)
    }
    listed = [fold(one) for one in options if one]
    return sum(one in words for one in listed) / len(listed) if listed else 0.0


_SECOND: Final = {
    "direct_phone": "other_phone",
    "main_phone": "other_phone",
    "opt_out_call": "opt_out",
    "opt_out_email": "opt_out",
    "opt_out_sms": "opt_out",
}
"""Where a second field goes that means the same. A second no counts for everything."""
_HOLDS: Final[Mapping[Type, frozenset[str]]] = {
    Type.BOOL: frozenset({"flag", "pick", "text"}),
    Type.DATE: frozenset({"day", "moment", "text"}),
    Type.DATETIME: frozenset({"day", "moment", "text"}),
    Type.NUMBER: frozenset({"number", "text"}),
    Type.PHONE: frozenset({"phone", "text"}),
    Type.EMAIL: frozenset({"email", "text"}),
    Type.URL: frozenset({"url", "text"}),
    Type.DOMAIN: frozenset({"url", "text"}),
    Type.CVR: frozenset({"text", "number"}),
    Type.CODE: frozenset({"text", "number", "pick"}),
    Type.INTERVAL: frozenset({"text", "number", "pick"}),
    Type.PICKLIST: frozenset({"text", "pick"}),
}
_WORDS: Final = frozenset({"text", "pick", "number"})
_EXACTLY: Final[Mapping[Type, frozenset[str]]] = {
    Type.BOOL: frozenset({"flag"}),
    Type.DATE: frozenset({"day"}),
    Type.DATETIME: frozenset({"moment"}),
    Type.PHONE: frozenset({"phone"}),
    Type.EMAIL: frozenset({"email"}),
    Type.URL: frozenset({"url"}),
}


def _fits(field_: Field, one: Candidate) -> bool:
    if field_.role is Role.FREE_TEXT or field_.type is Type.REF:
        return False
    return one.typed in _HOLDS.get(field_.type, _WORDS)


def _exactly(field_: Field, typed: str) -> bool:
    return typed in _EXACTLY.get(field_.type, ())


_PREFIX: Final = re.compile(r"^(?:rr|ringren|new|cust|custom|cr[0-9a-z]{3,5})_", re.IGNORECASE)


def plain_name(name: str) -> str:
    """The words in an interface's name: `new_CVRNummer`, `CVR_Nummer__c` → `CVR Nummer`."""
    bare = _PREFIX.sub("", name.removesuffix("__c"), count=1)
    return re.sub(r"(?<=[a-zæøå])(?=[A-ZÆØÅ])", " ", bare.replace("_", " ")).strip()


def _filled(one: Candidate) -> int:
    if one.typed == "flag":
        return sum(cell == "true" for cell in one.cells)
    return len(one.cells)
