"""Forbidden contacts and the contact log, as people ask for them: lists, one explained, an answer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rules.errors import Exit, UserError
from rules.formats import cpr
from rules.keys import PERSONAL_KINDS, Key
from rules.suppression import Channel
from rules.violation_causes import Cause
from rules.violations import VIOLATIONS, Doubt, Verdict, doubts
from state import acts, alerts, attempts, violations
from state.attempts import Row
from state.ledger_rows import entries_in
from state.store import Tx
from state.tables import ledger
from state.violations import State, Violation, about
from sync.app import App
from sync.output import moment, number, table
from sync.service import alarm_words, alarms
from sync.suppression.desk import guessed
from sync.texts import Texts

MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Listed:
    """Violations, and how many there are of that kind. `doubts`: by number, why it is no more
    than possible."""

    shown: tuple[Violation, ...]
    total: int
    open: dict[str, int]
    doubts: Mapping[int, tuple[Doubt, ...]]

    @property
    def exit_code(self) -> Exit:
        """4 as long as nobody answered for a certain one."""
        return Exit.VIOLATION if self.open.get(Verdict.CERTAIN) else Exit.OK


@dataclass(frozen=True, slots=True)
class Explained:
    """One violation with what people did about it."""

    violation: Violation
    answers: tuple[acts.Act, ...]
    doubts: tuple[Doubt, ...] = ()


def look(app: App, verdict: str | None, *, everything: bool, limit: int) -> Listed:
    """The worst first."""
    states = tuple(State) if everything else (State.OPEN,)
    verdicts = (Verdict(verdict),) if verdict else VIOLATIONS
    with app.store.reading() as tx:
        shown = violations.listed(tx, states, verdicts, limit)
        counts = violations.counts(tx)
        unsure = _doubts(tx, shown)
    total = sum(counts.get(state, {}).get(one, 0) for state in states for one in verdicts)
    opened = {one.value: n for one, n in counts.get(State.OPEN, {}).items()}
    return Listed(tuple(shown), total, opened, unsure)


def _doubts(tx: Tx, found: Sequence[Violation]) -> dict[int, tuple[Doubt, ...]]:
    """Why those of them that are only possible are no more than that."""
    possible = [one for one in found if one.verdict is Verdict.POSSIBLE]
    if not possible:
        return {}
    rows = attempts.of_rids(tx, [one.rid for one in possible])
    idents = {event for one in possible for event in one.events}
    events = {e.event.event_id: e.event for e in entries_in(tx, ledger.c.event_id, idents)}
    return {
        one.violation: doubts(
            call.span,
            call.direction,
            # A mail goes to all its addresses: that there are several leaves no doubt.
            len(call.numbers) if call.channel is Channel.CALL else min(len(call.numbers), 1),
            [events[ident] for ident in one.events if ident in events],
            through_person=one.cause is Cause.OTHER_NUMBER,
        )
        for one in possible
        if (call := rows.get(one.rid))
    }


def explain(app: App, ident: int) -> Explained:
    """One violation; UserError when there is none of that number."""
    with app.store.reading() as tx:
        found = violations.get(tx, ident)
        if found is None:
            raise UserError("violations.no_such", number=ident)
        unsure = _doubts(tx, [found]).get(ident, ())
        return Explained(found, tuple(acts.listed(tx, [about(ident)])), unsure)


def acknowledge(
    app: App, idents: Collection[int], verdict: str | None, *, by: str, reason: str
) -> list[int]:
    """Answer for violations; UserError without a reason, or for a number that there is not."""
    if not reason.strip():
        raise UserError("violations.no_reason")
    if not idents and not verdict:
        raise UserError("violations.nothing_named")
    with app.store.transaction() as tx:
        wanted = _wanted(tx, idents, verdict)
        now = app.clock()
        done = violations.acknowledge(
            tx, list(wanted), by=by, login=app.actor, reason=cpr.masked(reason.strip()), now=now
        )
        subjects = [(wanted[ident].system, str(ident)) for ident in done]
        alerts.ended(tx, alarms.VIOLATION, subjects, now, alerts.ACKNOWLEDGED)
    return done


def _wanted(tx: Tx, idents: Collection[int], verdict: str | None) -> dict[int, Violation]:
    found: dict[int, Violation] = {}
    for ident in idents:
        one = violations.get(tx, ident)
        if one is None:
            raise UserError("violations.no_such", number=ident)
        found[ident] = one
    if verdict:
        some = violations.listed(tx, [State.OPEN], [Verdict(verdict)], MOST)
        found |= {one.violation: one for one in some}
    return found


def contact_log(app: App, text: str, limit: int) -> list[Row]:
    """Who called a number, or wrote to an address, when, the newest first; UserError for a text
    that is neither."""
    keys = [key for key in guessed(text, app.settings.region) if key.kind in PERSONAL_KINDS]
    if not keys:
        raise UserError("opt_out.no_key", text=text)
    digests = _digests(app, keys)
    with app.store.reading() as tx:
        return attempts.of_numbers(tx, digests, limit)


def _digests(app: App, keys: Sequence[Key]) -> list[bytes]:
    return [hashed.digest for key in keys for hashed in app.keys.hashed(key)]


# --- as text ---------------------------------------------------------------------------------


def told_list(found: Listed, texts: Texts, *, everything: bool) -> str:
    """One line a violation."""
    if not found.shown:
        return texts.get("violations.none_at_all" if everything else "violations.none")
    names = ["number", "at", "who", "agent", "list", "age", "verdict", "cause"]
    names += ["state"] if everything else []
    headings = [texts.get(f"violations.column.{name}") for name in names]
    unsure = found.doubts
    rows = [
        row(one, texts, everything=everything, unsure=unsure.get(one.violation, ()))
        for one in found.shown
    ]
    lines = [table(headings, rows, right=frozenset({0}))]
    if found.total > len(rows):
        lines.append(texts.count("violations.more", found.total - len(rows)))
    return "\n".join(lines)


def row(
    one: Violation, texts: Texts, *, everything: bool, unsure: Sequence[Doubt] = ()
) -> list[str]:
    """One of them, column by column; `everything`: with its state. `unsure`: why it is only possible."""
    verdict = texts.get(f"violations.short.{one.verdict}")
    if unsure:
        why = ", ".join(texts.get(f"violations.doubt.{doubt}.short") for doubt in unsure)
        verdict = f"{verdict} ({why})"
    cells = [
        str(one.violation),
        moment(one.at, texts.lang),
        one.number or texts.get("violations.no_number"),
        one.agent,
        one.call_list,
        age(one, texts),
        verdict,
        texts.get(f"violations.cause.{one.cause}"),
    ]
    return [*cells, texts.get(f"violations.state.{one.state}")] if everything else cells


def age(one: Violation, texts: Texts) -> str:
    """How old the no was when the call was made."""
    return alarm_words.age(alarms.details_of(one)["hours"], texts)


def told_one(found: Explained, texts: Texts) -> str:
    """Everything about one violation, one line a fact, then what can be done and what was."""
    one = found.violation
    told = dict(facts(one, texts, found.doubts))
    labels = {name: texts.get(f"violations.column.{name}") for name in told}
    width = max(map(len, labels.values()))
    lines = [f"{labels[name].ljust(width)}  {fact}" for name, fact in told.items() if fact]
    lines += ["", texts.get(f"violations.remedy.{one.cause}")]
    for act in found.answers:
        who = {"by": act.by, "at": moment(act.at, texts.lang)}
        lines.append(texts.get("violations.answered", **who, reason=act.details.get("reason", "")))
    if one.state is State.OPEN:
        lines.append(texts.get("violations.next", number=one.violation))
    return "\n".join(lines)


def facts(one: Violation, texts: Texts, unsure: Sequence[Doubt] = ()) -> Iterator[tuple[str, str]]:
    """(column, fact) of one; `unsure`: why it is only possible."""
    yield "number", str(one.violation)
    yield "state", texts.get(f"violations.state.{one.state}")
    yield "verdict", texts.get(f"violations.verdict.{one.verdict}")
    yield "doubt", "; ".join(texts.get(f"violations.doubt.{doubt}") for doubt in unsure)
    yield "cause", texts.get(f"violations.cause.{one.cause}")
    yield "at", moment(one.at, texts.lang)
    yield "who", one.number or texts.get("violations.no_number")
    yield "agent", one.agent
    yield "list", one.call_list
    yield "channel", texts.get(f"opt_out.channel.{one.channel}")
    yield "age", age(one, texts)
    unknown = texts.get("violations.unknown_since")
    since, heard = _NAMED.get(one.verdict, ("since", "heard"))
    yield since, moment(one.since, texts.lang) if one.since else unknown
    yield heard, moment(one.heard_at, texts.lang)
    yield "found", moment(one.found_at, texts.lang)
    yield "ref", one.ref
    yield "events", ", ".join(one.events)


_NAMED: Final = {Verdict.REGISTER: ("issue", "imported")}
"""What speaks against a call to somebody on a register is no opt-out that was heard."""


def told_log(found: Sequence[Row], texts: Texts) -> str:
    """One line a contact attempt."""
    if not found:
        return texts.get("contact_log.none")
    names = ("at", "direction", "agent", "list", "outcome", "verdict", "ref")
    headings = [texts.get(f"contact_log.column.{name}") for name in names]
    unknown = texts.get("contact_log.unknown")
    rows = [
        [
            moment(one.span.start, texts.lang) if one.span and one.span.start else unknown,
            texts.get(f"contact_log.direction.{one.direction}"),
            one.agent,
            one.call_list or "",
            _outcome(one.outcome, texts),
            texts.get(f"violations.verdict.{one.verdict}"),
            one.ref,
        ]
        for one in found
    ]
    return table(headings, rows)


def _outcome(value: str, texts: Texts) -> str:
    from rules.fields.choices import OUTCOME

    named = {one.value: one.da if texts.lang == "da" else one.en for one in OUTCOME}
    return named.get(value, value)


def told_alarms(found: Sequence[alerts.Alert], names: Sequence[str], texts: Texts) -> str:
    """One line an alarm: what it is about, and who was told how often."""
    lines = [] if names else [texts.get("alarms.no_receivers"), ""]
    if not found:
        return "\n".join([*lines, texts.get("alarms.none")])
    columns = ("number", "raised", "what", "told", "state")
    headings = [texts.get(f"alarms.column.{name}") for name in columns]
    rows = [
        [
            str(one.alert),
            moment(one.raised_at, texts.lang),
            alarm_words.line(one, texts),
            ", ".join(_told(one, name, texts) for name in names),
            texts.get(f"alarms.state.{one.state}"),
        ]
        for one in found
    ]
    return "\n".join([*lines, table(headings, rows, right=frozenset({0}))])


def _told(one: alerts.Alert, name: str, texts: Texts) -> str:
    if one.failed.get(name):
        return texts.get("alarms.failed", name=name)
    times = one.sent.get(name, 0)
    if not times:
        return texts.get("alarms.waits", name=name)
    return texts.get("alarms.told", name=name, times=number(times, texts.lang))


def as_data(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Contact attempts without hashes and numbers of rows, for `--json`."""
    return [
        {
            "ref": one.ref,
            "from": one.span.start if one.span else None,
            "to": one.span.end if one.span else None,
            "channel": one.channel,
            "direction": one.direction,
            "agent": one.agent,
            "call_list": one.call_list or None,
            "outcome": one.outcome or None,
            "seconds": one.seconds or None,
            "verdict": one.verdict,
        }
        for one in rows
    ]
