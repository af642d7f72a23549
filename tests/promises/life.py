"""What happens in a world over time: people edit, passes run, things go wrong; and what must hold.

The stateful test picks the steps by hypothesis, the planted bugs are looked for by seeds: both play
the same steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from promises import judge
from promises.judge import Witness, Written
from promises.points import Killed, Points
from promises.world import KNOWN, LISTED, NAMED, World, companies, mails, names, phones
from simulators.memory import Fault

from rules.errors import LeaseLost, UserError
from rules.records import Ref
from state import mirror
from sync.app import App
from sync.passes import Outcome
from sync.review import plans, undo
from sync.run import run
from sync.settings.model import Rules

EVERY_LIMIT = frozenset({"shrink", "too_many", "large_share", "swapped"})
MOST_PASSES = 6
"""After so many undisturbed passes at the latest there is nothing more to do."""


@dataclass
class Life:
    """One world with its witness. `seen` counts what happened, hostile or not."""

    world: World
    witness: Witness = field(init=False)
    listed: set[int] = field(default_factory=set)
    """People who were flagged or listed when a pass read to the end."""
    people: int = 0
    plans: list[int] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    fault: tuple[str, int, Fault] | None = None
    deadly: int | tuple[str, int] = 0
    meddling: tuple[int, Callable[[], None]] | None = None
    disturbed: bool = False
    """Something went wrong in the last pass, or somebody edited meanwhile."""

    def __post_init__(self) -> None:
        self.witness = Witness(self.world)

    @classmethod
    def born(cls, world: World) -> Life:
        """A life that begins with a few people in each place."""
        for sheet in world.sheets.values():
            sheet.save([])
        life = cls(world)
        for n in range(3):
            life.add_row(KNOWN, n + 1, n)
            life.add_row(NAMED, n + 1, n)
            life.add_to_desk(n + 1, n)
        life.add_to_list(0)
        return life

    # --- what people do ----------------------------------------------------------------------

    def person(self) -> int:
        """Somebody new."""
        self.people += 1
        return self.people

    def add_row(self, name: str, spelling: int, at: int, person: int | None = None) -> None:
        """Somebody enters a row into a list."""
        person = self.person() if person is None else person
        row = {
            "Navn": _spelt(names(person), spelling),
            "Telefon": _spelt(phones(person), spelling),
            "Firma": _spelt(companies(person), spelling),
            "Mail": _spelt(mails(person), spelling),
            "Kundenr": f"K{self.people:03}-{self.seen['row added']}",
            "Intern": f"nr {self.people}-{self.seen['row added']}",
            "Nej tak": "",
        }

        def typed(rows: list[list[str]]) -> None:
            header = self.world.sheets[name].header
            rows.insert(at % (len(rows) + 1), [row[column] for column in header])

        self._edit(name, typed, "row added")

    def edit_row(self, name: str, at: int, header: str, spelling: int) -> None:
        """Somebody types over a cell, in another spelling."""

        def typed(rows: list[list[str]]) -> None:
            if not rows:
                return
            row = rows[at % len(rows)]
            column = self.world.sheets[name].column(header)
            person = _person_of(row)
            if person is None:
                return
            new = {"Navn": names, "Telefon": phones, "Firma": companies, "Mail": mails}[header]
            row[column] = _spelt(new(person), spelling)

        self._edit(name, typed, "cell edited", at)

    def annotate_row(self, at: int, text: str) -> None:
        """Somebody types into a column that is none of ours."""

        def typed(rows: list[list[str]]) -> None:
            if rows:
                rows[at % len(rows)][3] = text

        self._edit(KNOWN, typed, "note typed", at)

    def flag_row(self, name: str, at: int, says: str) -> None:
        """Somebody sets an opt-out, or clears one if there is one."""
        column = self.world.sheets[name].column("Nej tak")

        def typed(rows: list[list[str]]) -> None:
            there = [row for row in rows if bool(row[column]) != bool(says)]
            if there:
                there[at % len(there)][column] = says

        self._edit(name, typed, "flag set" if says else "flag cleared", at)

    def delete_row(self, name: str, at: int) -> None:
        """Somebody deletes a row; never the last one, which would be an emptied source."""

        def typed(rows: list[list[str]]) -> None:
            if len(rows) > 1:
                del rows[at % len(rows)]

        self._edit(name, typed, "row deleted", at)

    def double_row(self, at: int) -> None:
        """Somebody pastes a row a second time."""

        def typed(rows: list[list[str]]) -> None:
            if rows:
                rows.append(list(rows[at % len(rows)]))

        self._edit(KNOWN, typed, "row doubled")

    def reorder_rows(self, name: str, by: int) -> None:
        """Somebody sorts a list."""

        def typed(rows: list[list[str]]) -> None:
            if by == 0:
                rows.reverse()
            elif rows:
                turn = by % len(rows)
                rows[:] = rows[turn:] + rows[:turn]

        self._edit(name, typed, "rows reordered")

    def add_to_list(self, spelling: int, person: int | None = None) -> None:
        """Somebody enters a person into the opt-out list."""
        person = 1 + spelling % max(self.people, 1) if person is None else person

        def typed(rows: list[list[str]]) -> None:
            rows.append([_spelt(phones(person), spelling), ""])

        self._edit(LISTED, typed, "opt-out listed")

    def drop_from_list(self, at: int) -> None:
        """Somebody deletes a row of the opt-out list, as an import would."""

        def typed(rows: list[list[str]]) -> None:
            if len(rows) > 1:
                del rows[at % len(rows)]

        self._edit(LISTED, typed, "opt-out deleted", at)

    def _edit(
        self,
        name: str,
        typed: Callable[[list[list[str]]], None],
        what: str,
        at: int | None = None,
    ) -> None:
        sheet = self.world.sheets[name]
        rows = sheet.load()
        before = [list(row) for row in rows]
        typed(rows)
        if rows == before:
            return
        self.seen[what] += 1
        sheet.save(rows)
        in_place = len(rows) == len(before) and at is not None
        changed = [n for n, (a, b) in enumerate(zip(before, rows, strict=False)) if a != b]
        for row in changed if in_place else [None]:
            self.witness.somebody_typed(name, row)
        names = [sheet.fields[header] for header in sheet.header]
        known = {tuple(row) for row in before}
        for row in rows:
            if tuple(row) not in known or not in_place:
                self.witness.somebody_wrote(name, zip(names, row, strict=True))
        self.witness.look_away()

    def add_to_desk(self, spelling: int, _at: int = 0) -> None:
        """Somebody enters a person at the desk."""
        person = self.person()
        self.seen["desk record added"] += 1
        self.world.desk.add(
            f"P{person:03}",
            full_name=_spelt(names(person), spelling),
            direct_phone=_spelt(phones(person), spelling),
            email=_spelt(mails(person), spelling),
        )

    def edit_at_desk(self, at: int, field: str, spelling: int) -> None:
        """Somebody types over a field."""
        if ident := self._at_desk(at):
            person = int(ident[1:])
            new = {"full_name": names, "direct_phone": phones, "email": mails}[field]
            self._type_at_desk("desk edited", ident, {field: _spelt(new(person), spelling)})

    def flag_at_desk(self, at: int, says: str) -> None:
        """Somebody sets an opt-out, or clears one if there is one."""
        rows = self.world.desk.rows
        there = sorted(
            i for i, row in rows.items() if bool(row.values.get("opt_out")) != bool(says)
        )
        if there:
            what = "desk flag set" if says else "desk flag cleared"
            self._type_at_desk(what, there[at % len(there)], {"opt_out": says})

    def remove_at_desk(self, at: int) -> None:
        """Somebody deletes a record; never the last one."""
        ident = self._at_desk(at)
        if ident and len(self.world.desk.rows) > 1:
            self.seen["desk record removed"] += 1
            self.world.desk.remove(ident)
            self.witness.somebody_typed("people", ident)

    def _at_desk(self, at: int) -> str | None:
        there = sorted(self.world.desk.rows)
        return there[at % len(there)] if there else None

    def _type_at_desk(self, what: str, ident: str, values: dict[str, str]) -> None:
        self.seen[what] += 1
        self.world.desk.edit(ident, **values)
        self.witness.somebody_typed("people", ident)

    # --- what we do --------------------------------------------------------------------------

    def dry_run(self) -> None:
        """Looks, and touches nothing."""
        before = self.world.outside()
        self._pass("dry run", lambda app: run(app, dry=True, allow=EVERY_LIMIT), dry=True)
        if not self.disturbed:
            assert self.world.outside() == before, "a dry run wrote"

    def real_run(self, only: str | None = None) -> None:
        """One pass that writes."""
        self._pass("run", lambda app: run(app, dry=False, only=only, allow=EVERY_LIMIT))

    def apply(self, which: int) -> None:
        """Apply a plan, perhaps an old one."""
        if not self.plans:
            return
        number = self.plans[which % len(self.plans)]

        def applied(app: App) -> Outcome:
            app.allow = EVERY_LIMIT
            held.update(judge.plan_of(app, number))
            return plans.apply(app, number)

        held: Counter[Any] = Counter()
        new = self._pass("apply", applied)
        judge.did_no_more_than(held, new)

    def take_back(self, which: int, rule: str | None = None, ident: int | None = None) -> None:
        """Undo a run: whole, by rule, or one record."""
        if not self.runs:
            return
        number = self.runs[which % len(self.runs)]

        def undone(app: App) -> Outcome:
            app.allow = EVERY_LIMIT
            ref = self._some_ref(app, ident) if ident is not None else None
            return undo.undo(app, number, rule, ref)

        self._pass("undo", undone)

    def _some_ref(self, app: App, at: int) -> Ref | None:
        with app.store.reading() as tx:
            rids = [r for r in range(1, 60) if mirror.held(tx, [r])]
            row = mirror.held(tx, [rids[at % len(rids)]]) if rids else {}
        return next((one.record.ref for one in row.values()), None)

    def there_and_back(self) -> None:
        """A run and its undo leave everything as it was, flags aside, when nobody interferes."""
        before = self._outside_by_flags()
        known = len(self.runs)
        clear = all(one.sure for one in self.witness.written) and self.world.desk.rival is None
        self.real_run()
        if len(self.runs) == known:
            return
        clear &= not self.disturbed
        self.take_back(len(self.runs) - 1)
        if clear:
            self.seen["there and back"] += 1
            after = self._outside_by_flags()
            for name, (flags, rest, whole) in before.items():
                flags_now, rest_now, whole_now = after[name]
                assert rest == rest_now, f"{name}: what was run and undone is not as it was"
                # Nothing takes a flag back, or sets another; without one every byte is as it was.
                turned = [now for was, now in zip(flags, flags_now, strict=True) if was != now]
                assert set(turned) <= {"ja"}, f"{name}: {turned}"
                assert whole == whole_now or turned, name

    def _outside_by_flags(self) -> dict[str, tuple[Any, Any, Any]]:
        """Of each list and the desk: its flags that say no, all but these, and the whole of it."""
        found: dict[str, tuple[Any, Any, Any]] = {}
        for name, sheet in self.world.sheets.items():
            data = self.world.contents()[name]
            rows = [dict(zip(sheet.header, row, strict=False)) for row in sheet.parsed(data)]
            flags = [row.pop("Nej tak", "") for row in rows]
            found[name] = flags, rows, data
        desk = self.world.desk.snapshot()
        kept = {ident: dict(values) for ident, values in desk.items()}
        said = [values.pop("opt_out", "") for values in kept.values()]
        found["crm"] = said, kept, desk
        return found

    def plans_the_same_dry(self, folder: Path) -> None:
        """A dry run here and a real one in a copy of this world come to the same plan."""
        other = Life(self.world.copied(folder))
        self.dry_run()
        other.real_run()
        with self.world.process(dry=True) as app, other.world.process(dry=True) as theirs:
            assert judge.digest_of(app, self.plans[-1]) == judge.digest_of(theirs, other.plans[-1])

    def switch(self, rule: str, to: str) -> None:
        """Somebody changes the settings."""
        self.seen["settings changed"] += 1
        self.world.rules = Rules(switch={**self.world.rules.switch, rule: to})  # type: ignore[dict-item]

    @property
    def troubled(self) -> bool:
        """Whether something is to go wrong with the next pass."""
        return bool(self.fault or self.deadly or self.meddling)

    # --- what goes wrong ---------------------------------------------------------------------

    def break_call(self, point: str, at: int, fault: Fault) -> None:
        """The `at`-th such call of the next pass goes wrong."""
        self.fault = (point, at, fault)

    def kill_at(self, point: str, at: int) -> None:
        """The next pass dies at this point's `at`-th time, if it gets that far."""
        self.deadly = (point, at)

    def meddle(self, at: int, edit: Callable[[], None]) -> None:
        """Somebody edits while the next pass is at this point."""
        self.meddling = (at, edit)

    def be_overtaken(self, at: int) -> None:
        """We fall asleep at this point of the next pass; another process takes over meanwhile."""
        self.meddle(at, self._another_pass)

    def _another_pass(self) -> None:
        self.seen["overtaken"] += 1
        self.world.now += timedelta(minutes=2)
        with self.world.process(dry=False) as app:
            app.holder = "elsewhere:1"
            outcome = run(app, dry=False, allow=EVERY_LIMIT)
        self.runs.append(outcome.report.run.run)
        read = {one.stream for one in outcome.report.streams if one.complete}
        self.witness.look(sure=True)
        self.witness.heard(read)

    def _pass(
        self, what: str, does: Callable[[App], Outcome], *, dry: bool = False
    ) -> list[Written]:
        points = Points(deadly=self.deadly)
        calls: Counter[str] = Counter()
        fault, meddling = self.fault, self.meddling
        self.fault, self.deadly, self.meddling = None, 0, None
        self.disturbed = faulty = False

        def hook(point: str) -> Fault | None:
            nonlocal faulty
            points.visit(point)
            calls[point] += 1
            if fault and (point, calls[point]) == fault[:2]:
                self.disturbed = faulty = True
                self.seen[f"fault: {fault[2].value}"] += 1
                return fault[2]
            return None

        def edited_meanwhile(point: str) -> None:
            nonlocal meddling
            # Not while we are at the store, or first in its queue: others have to wait, as they should.
            ours = point == "before commit" or any(
                one.store._turnstile.is_held() for one in at_work
            )
            if meddling and len(points.seen) >= meddling[0] and not ours:
                self.disturbed = True
                self.seen["edited during a pass"] += 1
                self.witness.look(sure=False)
                (_, does), meddling = meddling, None
                does()

        points.listeners.append(edited_meanwhile)
        self.seen[what] += 1
        present = self._flagged_now()
        outcome: Outcome | None = None
        at_work: list[App] = []
        try:
            with self.world.process(dry=dry, points=points, hook=hook) as app:
                at_work.append(app)
                outcome = does(app)
        except Killed:
            self.disturbed = True
            self.seen[f"killed {points.seen[-1]}"] += 1
        except UserError as error:
            self.seen[error.message] += 1
            return []
        except LeaseLost:
            self.seen["lease lost"] += 1
        self.witness.in_doubt |= outcome is None or faulty
        new = self.witness.look(sure=outcome is not None and not faulty)
        if outcome is None:
            return new
        self._note(outcome)
        if not outcome.report.failures and not self.disturbed:
            self.listed |= present
        self.witness.heard(() if faulty else [one.stream for one in outcome.report.streams])
        return new

    def _note(self, outcome: Outcome) -> None:
        ran = outcome.report.run
        if ran.plan is not None:
            self.plans.append(ran.plan.plan)
        if not ran.dry:
            self.runs.append(ran.run)
        for name in ("applied", "conflict", "rejected", "unknown"):
            if getattr(outcome.report.totals, name):
                self.seen[f"outcome {name}"] += 1

    def _flagged_now(self) -> set[int]:
        found = set()
        for name, sheet in self.world.sheets.items():
            for row in sheet.load():
                person = _person_of(row)
                if person and (name == LISTED or row[sheet.column("Nej tak")] == "ja"):
                    found.add(person)
        for ident, row in self.world.desk.rows.items():
            if row.values.get("opt_out") == "ja":
                found.add(int(ident[1:]))
        return found

    # --- what must hold ----------------------------------------------------------------------

    def check(self) -> None:
        """What holds between any two steps."""
        with self.world.process(dry=True) as app:
            judge.opt_outs_are_kept(app, self.listed)

    def settle(self) -> None:
        """Undisturbed passes until nothing is left to do; then everything must add up."""
        for _ in range(MOST_PASSES):
            self.real_run()
            before = self.world.outside()
            with self.world.process(dry=True) as app:
                again = run(app, dry=True, allow=EVERY_LIMIT)
                assert not again.report.failures, again.report.failures
                if again.report.totals.waiting == 0:
                    self.check_all(app)
                    break
            assert self.world.outside() == before, "a dry run wrote"
        else:
            raise AssertionError("it never comes to rest")
        after = self.world.outside()
        self.real_run()
        assert self.world.outside() == after, "a pass with nothing to do wrote"

    def check_all(self, app: App) -> None:
        """What holds once everything has come to rest."""
        self.witness.heard({*self.world.sheets, "people"})
        judge.nothing_is_under_way(app)
        judge.records_are_the_rows(app, self.world)
        judge.history_is_the_journal(app, self.witness)
        judge.coverage_is_a_recount(app)
        judge.opt_outs_are_kept(app, self.listed)
        judge.blocked_records_show_it(app, self.listed)


def _spelt(spellings: list[str], at: int) -> str:
    return spellings[at % len(spellings)]


def _person_of(row: Iterable[str]) -> int | None:
    """Who a row is about, by the number on it."""
    for cell in row:
        digits = "".join(c for c in cell if c.isdigit())
        if len(digits) >= 8 and digits[-8:].startswith("68"):
            return int(digits[-8:]) - 68_000_000
    return None
