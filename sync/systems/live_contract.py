"""`sync check SYSTEM --live-contract`: what a vendor really does, tried on records made for it.

Two people with plainly made-up names are made in the system, read, changed, changed behind our back,
merged and deleted. Whatever happens on the way, an error or Ctrl-C, they are taken away again; what
could not be taken away is named. No other record is touched. Meant for a sandbox.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from connectors.protocol import Applied, Conflict, Outcome, Pushes, Reads, Stream
from connectors.trials import NotOffered, Trials
from rules.changes import Change, RecordChange
from rules.errors import Exit, RingrenError, UserError
from rules.records import Kind, Record, Ref
from sync.app import App
from sync.output import printable
from sync.texts import Texts

TRIES: Final = 4
_WAIT: Final = 1.0
FIRST, LAST, TITLE = "Slettes", "Ringren prøve", "Prøve"
PHONE: Final = "+4568000001"
DOMAIN: Final = "opdigtet-0001.dk"
_NOES: Final = ("opt_out_call", "opt_out", "opt_out_email")


class Verdict(StrEnum):
    """How one thing came out."""

    OK = "ok"
    OTHERWISE = "otherwise"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was tried; `message` in the user's language."""

    name: str
    verdict: Verdict
    message: str


@dataclass(slots=True)
class Contract:
    """What was tried in a system, and what is left of it there: empty when all was taken away."""

    system: str
    stream: str
    mark: str
    items: list[Item] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    ran: bool = False

    @property
    def exit_code(self) -> Exit:
        """FAILED when something did not come out, or was left behind; CHANGES before a yes."""
        if not self.ran:
            return Exit.CHANGES
        failed = any(one.verdict is Verdict.FAILED for one in self.items)
        return Exit.FAILED if failed or self.left else Exit.OK


def plan(app: App, system: str) -> Contract:
    """What would be tried; one call or two, nothing is written."""
    connector = app.systems.get(system)
    if connector is None:
        raise UserError("error.no_such_system", system=system, known=", ".join(app.systems) or "–")
    streams = [one for one in connector.streams() if one.kind is Kind.CONTACT]
    if system not in app.settings.systems or not streams:
        raise UserError("error.no_live_contract", system=system)
    return Contract(system, streams[0].name, secrets.token_hex(4))


def run(app: App, contract: Contract, texts: Texts) -> Generator[Item]:
    """Try everything, one by one; taken away at the end, whatever ends it.

    Close it (`contextlib.closing`). The last of `contract.items` tells of the taking away.
    """
    connector = app.systems[contract.system]
    assert isinstance(connector, Trials)  # noqa: S101 - this is no dry run of a configured system
    stream = next(one for one in connector.streams() if one.name == contract.stream)
    trial = _Trial(connector, stream, contract, texts)
    contract.ran = True
    try:
        for name, step in trial.steps():
            item = trial.tried(name, step)
            contract.items.append(item)
            yield item
    finally:
        # Ctrl-C and a closed terminal end up here as well.
        contract.items.append(trial.clean_up())


Step = Callable[[], tuple[Verdict, str]]


class _Stopped(Exception):
    """The steps that follow have nothing to stand on."""


class _Trial:
    """The records of one contract, and what is done with them."""

    def __init__(
        self,
        connector: Trials,
        stream: Stream,
        contract: Contract,
        texts: Texts,
    ) -> None:
        self._connector, self._stream, self._texts = connector, stream, texts
        self._contract = contract
        self._mapped = {one.canonical for one in stream.columns if one.canonical}
        self._ids: list[str] = []
        self._first: str | None = None

    def steps(self) -> Iterator[tuple[str, Step]]:
        """By name, in their order; each stands on the ones before."""
        yield "create", self._create
        yield "read", self._read
        yield "update", self._update
        yield "conflict", self._conflict
        yield "opt_out", self._opt_out
        yield "merge", self._merge
        yield "delete", self._delete

    def tried(self, name: str, step: Step) -> Item:
        """What became of one step; an error of the system is an outcome."""
        try:
            verdict, message = step()
        except NotOffered as no:
            verdict, message = Verdict.SKIPPED, self._texts.get(no.why)
        except _Stopped:
            verdict, message = Verdict.SKIPPED, self._t("no_record")
        except RingrenError as error:
            verdict, message = Verdict.FAILED, self._texts.of_error(error)[0]
        return Item(name, verdict, message)

    # --- the steps ---------------------------------------------------------------------------

    def _create(self) -> tuple[Verdict, str]:
        self._first = self._made("A")
        return Verdict.OK, self._t("created", id=self._first)

    def _read(self) -> tuple[Verdict, str]:
        record = self._record(self._one())
        if record is None:
            return Verdict.FAILED, self._t("not_found")
        sent = {name: text for name, text in self._values("A").items() if name in self._mapped}
        other = [
            f"{name} ({text} → {record.values.get(name) or '–'})"
            for name, text in sent.items()
            if record.values.get(name) != text
        ]
        if other:
            return Verdict.OTHERWISE, self._t("stored_otherwise", fields=", ".join(other))
        return Verdict.OK, self._t("read_back", count=len(sent))

    def _update(self) -> tuple[Verdict, str]:
        before = self._there()
        [outcome] = self._pushed(before, TITLE)
        after = self._there()
        if not isinstance(outcome, Applied) or after.values.get("title") != TITLE:
            return Verdict.FAILED, self._t("not_updated", outcome=type(outcome).__name__)
        if after.version == before.version:
            return Verdict.FAILED, self._t("same_version")
        return Verdict.OK, self._t("updated")

    def _conflict(self) -> tuple[Verdict, str]:
        before = self._there()
        theirs = f"{TITLE}, rettet af en anden"
        self._connector.trial_edit(self._stream, self._one(), {"title": theirs})
        [outcome] = self._pushed(before, f"{TITLE}, rettet af os")
        after = self._there()
        if after.values.get("title") != theirs:
            return Verdict.FAILED, self._t("overwritten")
        if not isinstance(outcome, Conflict):
            return Verdict.FAILED, self._t("no_conflict", outcome=type(outcome).__name__)
        return Verdict.OK, self._t("conflict")

    def _opt_out(self) -> tuple[Verdict, str]:
        no = next((name for name in _NOES if name in self._mapped), None)
        if no is None:
            return Verdict.SKIPPED, self._t("no_flag")
        self._connector.trial_edit(self._stream, self._one(), {no: "true"})
        if self._there().values.get(no) != "true":
            return Verdict.FAILED, self._t("flag_not_read", field=no)
        return Verdict.OK, self._t("flag_read", field=no)

    def _merge(self) -> tuple[Verdict, str]:
        no = next((name for name in _NOES if name in self._mapped), "")
        winner = self._made("B")
        left = self._connector.trial_merge(self._stream, winner, self._one())
        if left not in self._ids:
            self._ids.append(left)
        self._first = left
        remains = self._record(left)
        if remains is None:
            return Verdict.FAILED, self._t("not_found")
        if no and remains.values.get(no) != "true":
            return Verdict.OTHERWISE, self._t("merge_lost_no", field=no)
        return Verdict.OK, self._t("merged")

    def _delete(self) -> tuple[Verdict, str]:
        ident = self._one()
        self._connector.trial_remove(self._stream, ident)
        if self._record(ident) is not None:
            return Verdict.FAILED, self._t("not_deleted")
        return Verdict.OK, self._t("deleted")

    # --- inside ------------------------------------------------------------------------------

    def _values(self, which: str) -> dict[str, str]:
        mark = self._contract.mark
        return {
            "first_name": FIRST,
            "last_name": self._last_name(which),
            "email": f"ringren-{mark}-{which.lower()}@{DOMAIN}",
            "direct_phone": PHONE,
        }

    def _last_name(self, which: str) -> str:
        return f"{LAST} {self._contract.mark} {which}"

    def _made(self, which: str) -> str:
        ident = self._connector.trial_make(self._stream, self._values(which))
        self._ids.append(ident)
        return ident

    def _one(self) -> str:
        if self._first is None:
            raise _Stopped
        return self._first

    def _ref(self, ident: str) -> Ref:
        return Ref(self._contract.system, self._stream.kind, ident)

    def _record(self, ident: str) -> Record | None:
        assert isinstance(self._connector, Reads)  # noqa: S101 - so is every CRM system
        found = list(self._connector.read(self._stream, [self._ref(ident)]))
        return next((one for one in found if one.ref.id == ident), None)

    def _there(self) -> Record:
        record = self._record(self._one())
        if record is None:
            raise _Stopped
        return record

    def _pushed(self, record: Record, title: str) -> list[Outcome]:
        assert isinstance(self._connector, Pushes)  # noqa: S101
        change = Change("title", record.values.get("title") or None, title, "trial", "trial", "")  # type: ignore[arg-type]
        one = RecordChange(record.ref, record.version, (change,))
        said = self._connector.push(self._stream, {}, [one])
        return [outcome for outcome in said if isinstance(outcome, Outcome)]

    def _t(self, key: str, **details: object) -> str:
        return self._texts.get(f"live.{key}", **details)

    # --- afterwards --------------------------------------------------------------------------

    def clean_up(self) -> Item:
        """Take away all that was made, also what was made and never answered."""
        left: list[str] = []
        for which in ("A", "B"):
            left += self._cleaned(which)
        self._contract.left = left
        if left:
            message = self._t("left", names=", ".join(left))
            return Item("clean_up", Verdict.FAILED, message)
        return Item("clean_up", Verdict.OK, self._t("cleaned"))

    def _cleaned(self, which: str) -> Sequence[str]:
        """What is still there under this name after so many tries, in words."""
        for attempt in range(TRIES):
            try:
                found = self._connector.trial_find(self._stream, self._values(which))
                for ident in dict.fromkeys((*found, *self._ids)):
                    self._connector.trial_remove(self._stream, ident)
                if not [one for one in (*found, *self._ids) if self._record(one)]:
                    return ()
            except RingrenError:
                pass
            time.sleep(_WAIT * 2**attempt)
        return (self._last_name(which),)


# --- as text ----------------------------------------------------------------------------------

_MARKS: Final[Mapping[Verdict, str]] = {
    Verdict.OK: "✓",
    Verdict.OTHERWISE: "!",
    Verdict.FAILED: "✗",
    Verdict.SKIPPED: "–",
}


def announced(contract: Contract, texts: Texts) -> str:
    """What will be done, before a yes."""
    name = f"{FIRST} {LAST} {contract.mark} A"
    return texts.get(
        "live.plan", system=contract.system, stream=contract.stream, name=name, domain=DOMAIN
    ).strip()


def line(item: Item, texts: Texts) -> str:
    """What became of one thing."""
    name = texts.get(f"live.step.{item.name}")
    return f"  {_MARKS[item.verdict]} {name}: {printable(item.message)}"
