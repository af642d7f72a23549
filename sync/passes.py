"""One pass: the stages in their order. `run`, `apply` and `undo` are made of the same ones.

pull and recover -> decide -> guard -> queue -> push and settle -> decide what was written anew.
A system that fails stops alone; the others go on.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Literal, Self

from connectors.barring import barring_of
from connectors.protocol import (
    Capabilities,
    Compares,
    Connector,
    Copies,
    Problem,
    Pulls,
    Pushes,
    Reads,
    Stream,
)
from connectors.spans import Value, span, traced
from rules.errors import Exit, RingrenError, RunStopped, StartOver, SystemStopped, TryAgain
from rules.records import Kind
from rules.spans import COPENHAGEN
from state import (
    cursors,
    doubles,
    history,
    match_keys,
    mirror,
    outbox,
    proposals,
    reach,
    shapes,
    sightings,
    snapshots,
    telling,
)
from state.cursors import LEASE_HELD, Lease
from state.proposals import Plan
from state.purge import Lifetimes, purge_all
from state.screen import Screen
from sync import fingerprint, forecast
from sync.app import App
from sync.beside import beside
from sync.facts import Failure, PassFacts, StreamFacts
from sync.heap import roomy
from sync.logs import logger, run_in_logs
from sync.stages import columns, lifted, matching, reaching
from sync.stages.asking import Asking, Wish
from sync.stages.compare import compare, is_due
from sync.stages.decide import Decided, Deciding
from sync.stages.guard import guard
from sync.stages.hands import WORTH_IT
from sync.stages.listing import Listing
from sync.stages.pull import Pulled, begin, emptied, read, read_back
from sync.stages.push import push
from sync.stages.queue import Queueing
from sync.stages.settle import Settling
from sync.stages.telling import Lane, Telling, refresh
from sync.stages.told import Told
from sync.stages.watch import Watch, able

if TYPE_CHECKING:
    from sync.report.model import Report

STALE_BATCH = 5000
NO_CALLS_LEFT = frozenset({"error.budget_spent", "error.quota_spent"})
LOG = logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command that passes over systems ends with."""

    report: Report
    exit_code: Exit
    failures: tuple[Failure, ...] = ()


class Pass:
    """One pass over all configured systems; a context manager that gives its leases back."""

    def __init__(self, app: App, command: str) -> None:
        self.app = app
        with app.store.transaction() as tx:
            run = history.start_run(
                tx,
                command=command,
                actor=app.actor,
                dry=app.dry,
                now=app.clock(),
                fingerprint=fingerprint.of_plan(app),
            )
        self.facts = PassFacts(
            command, run, app.dry, app.actor, app.clock(), tuple(sorted(app.systems))
        )
        self._screen = Screen(app.keys)
        self._watch = Watch(app)
        self.closed: set[tuple[str, str]] = set()
        """Streams that cannot be used: what they should show waits."""
        self.causes: dict[str, dict[str, int]] = {}
        """By system: flags that were put back, by what had taken them off."""
        self._compare_how: Literal["due", "counts", "ids"] = "due"
        self._around = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._around.enter_context(run_in_logs(self.facts.run))
        self._around.enter_context(roomy())
        self._around.enter_context(span(self.facts.command, self._told))
        LOG.info("pass begins", command=self.facts.command, systems=self.facts.systems)
        return self

    def _told(self) -> Mapping[str, Value]:
        return {"ringren.run": self.facts.run, "ringren.dry": self.facts.dry}

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        LOG.info("pass ends", exit_code=self.facts.exit_code.name, crashed=kind is not None)
        self._around.close()
        if kind is not None:
            self._note_crash(kind)
        with contextlib.suppress(RingrenError), self.app.store.transaction() as tx:
            for part in self.facts.streams:
                if part.pulled:
                    cursors.release(tx, part.pulled.lease)

    def _note_crash(self, kind: type[BaseException]) -> None:
        """A pass that an unexpected error ended is told apart from one that is still at work."""
        code = kind.exit_code if issubclass(kind, RingrenError) else Exit.BUG
        with contextlib.suppress(Exception), self.app.store.transaction() as tx:
            history.end_run(tx, self.facts.run, now=self.app.clock(), exit_code=code, totals={})

    # --- reading -----------------------------------------------------------------------------

    @traced("pull")
    def pull(
        self,
        sample: int | None = None,
        plan: int | None = None,
        compare: Literal["due", "counts", "ids"] = "due",
        *,
        first: bool = True,
    ) -> None:
        """Pull every stream, opt-out lists first, and settle what an earlier run left open.

        What a large list says at its first reading is decided for `plan` while it is read. What
        systems say there is is compared when it is due, or now: counts, or ids in any case. Without
        `first` a list that was never read to its end is left to a pass that has the time.
        """
        self.facts.sample, self._compare_how = sample, compare
        there = {name: self._streams(name, self.app.systems[name]) for name in self.facts.systems}
        for name, streams in there.items():
            self._forecast(name, streams, sample)
        self.app.matches = matching.is_worth_it(self.app, there)
        self.app.blocking = able(self.app.systems, there)
        self.app.keeping = frozenset(filter(self._keeps_lists, there))
        self._tell_known(there)
        for name, streams in there.items():
            connector = self.app.systems[name]
            for stream in streams if first else self._once_read(name, streams):
                part = StreamFacts(name, stream)
                self.facts.streams.append(part)
                with self._only_this(name, stream.name):
                    if stream.can.pull:
                        self._pull(connector, part, sample, plan)
                    else:
                        self._close(part)
        reaching.carry(self.app)
        self._watch.look_back()

    def _once_read(self, name: str, streams: Sequence[Stream]) -> list[Stream]:
        """Lists that were read to their end before, and that nobody else is at work on now."""
        with self.app.store.reading() as tx:
            known = cursors.standing(tx, name)
            busy = cursors.leased(tx, name, self.app.clock())
        return [
            one for one in streams if known.get(one.name, (False, 0))[0] and one.name not in busy
        ]

    def _forecast(self, name: str, streams: Sequence[Stream], sample: int | None) -> None:
        with self._only_this(name, None):
            if found := forecast.before(self.app, name, streams, sample):
                self.facts.forecasts[name] = found
                forecast.tell(self.app, found)

    def _streams(self, name: str, connector: Connector) -> list[Stream]:
        """What there is, and as something that cannot be pulled what is there no longer."""
        streams: list[Stream] = []
        with self._only_this(name, None):
            streams += connector.streams()
            problems = connector.problems()
            there = {one.name for one in streams}
            with self.app.store.reading() as tx:
                known = cursors.filled(tx, name)
            gone = Capabilities(pull=False)
            streams += [
                Stream(one, kind, gone)
                for one, kind in known
                if not (one in there or any(p.covers(one) for p in problems))
            ]
            for problem in problems:
                self.facts.note(name, problem)
            covered = (one for one in known if any(p.stops and p.covers(one[0]) for p in problems))
            self.closed |= {(name, one) for one, _ in covered}
            self.closed |= {(name, one.name) for one in streams if _is_closed(one, problems)}
        # Opt-outs first; calls last, when the people are known whom they were made to.
        return sorted(
            streams, key=lambda one: (one.kind is not Kind.OPT_OUT, one.kind is Kind.CALL)
        )

    def _pull(
        self, connector: Connector, part: StreamFacts, sample: int | None, plan: int | None
    ) -> None:
        assert isinstance(connector, Pulls)  # noqa: S101 - every configured system can be pulled
        part.pulled = begin(self.app, connector, part.stream, self._take(part))
        reading = read(self.app, connector, part.pulled, sample, self._watch)
        if plan is not None and _is_first(part.pulled):
            self._decide_along(part, part.pulled, plan, reading)
        for _ in reading:
            pass
        LOG.info(
            "pulled",
            stream=part.stream.name,
            read=part.pulled.read,
            born=part.pulled.born,
            moved=part.pulled.moved,
            gone=part.pulled.gone,
            broken=part.pulled.broken,
        )
        if part.pulled.complete:
            self._recover(connector, part.pulled, plan)
            if sample is None:
                self._compare(connector, part, part.pulled)

    def _recover(self, connector: Connector, pulled: Pulled, plan: int | None) -> None:
        """Settle what was sent and never heard of; where the feed lags, by the records themselves.

        What is settled stands no more in the `plan` that is being drafted, if one is.
        """
        settling = Settling(self.app, pulled.lease, self.facts.run, plan)
        if pulled.stream.can.lags and isinstance(connector, Reads):
            settling.recover(partial(read_back, self.app, connector, pulled, self._watch))
        else:
            settling.recover()

    def _compare(self, connector: Connector, part: StreamFacts, pulled: Pulled) -> None:
        """Hold what the system says there is against the mirror, where that is due.

        When there are no calls left for it, the pass goes on, and it is still due the next time.
        """
        days, how = self.app.settings.compare.every_days, self._compare_how
        due = how != "due" or is_due(pulled.lease, self.app.clock(), days)
        if not (due and pulled.stream.can.compares and isinstance(connector, Compares)):
            return
        try:
            part.compared = compare(self.app, connector, pulled, self._watch, whole=how == "ids")
        except RunStopped as error:
            if error.message not in NO_CALLS_LEFT:
                raise
            LOG.warning("not compared", stream=pulled.stream.name, why=error.message)

    def _close(self, part: StreamFacts) -> None:
        """A stream that is no longer there is one that was emptied."""
        part.pulled = emptied(self.app, part.stream, self._take(part))

    def _take(self, part: StreamFacts) -> Lease:
        """The stream's lease; who is busy with it for a moment only is waited for."""
        for _ in range(self.app.patience):
            try:
                return self._take_now(part)
            except SystemStopped as error:
                if error.message != LEASE_HELD:
                    raise
            self.app.go_on()
            time.sleep(1)
        return self._take_now(part)

    def _take_now(self, part: StreamFacts) -> Lease:
        app = self.app
        with app.store.transaction() as tx:
            gone = [one for one in cursors.holders(tx, part.system) if _is_dead(app, one)]
            lease = cursors.take(
                tx,
                part.system,
                part.stream.name,
                part.stream.kind,
                holder=app.holder,
                now=app.clock(),
                gone=gone,
            )
            part.pulled = Pulled(part.stream, lease)
            if lease.complete:
                # What a comparison noted that was broken off.
                sightings.forget_sightings(tx, lease)
            outbox.drop_queued(tx, part.system, part.stream.name)
            mark = fingerprint.of_stream(app, lease)
            mirror.will_decide(tx, part.system, part.stream.name, mark)
        return lease

    # --- deciding ----------------------------------------------------------------------------

    @traced("decide")
    def decide(self, plan: int) -> None:
        """Decide every record whose inputs have changed; proposals belong to `plan` from now on.

        Blocks that were found on the way may reach further records, which are decided once more.
        """
        self._decide_all(plan)
        while reaching.follow(self.app):
            self._decide_all(plan)
        self._watch.look_back()
        with beside(doubles.settle, self.app.store):
            looked = [(one, columns.look(self.app, one)) for one in self._new_columns()]
        for lease, found in looked:
            columns.note(self.app, lease, found)

    def _new_columns(self) -> Iterator[Lease]:
        for part in self._pulled():
            if part.pulled and part.decided and part.decided.records:
                yield part.pulled.lease

    def _decide_all(self, plan: int) -> None:
        with self.app.store.reading() as tx:
            total = sum(mirror.count_dirty(tx, name) for name in self.facts.systems)
        self.app.progress.start("progress.decide", total, "unit.records")
        done = 0
        for part in self._pulled():
            with self._only_this(part.system, part.stream.name):
                done += self._decide(part, plan, done, total)
        self.app.progress.end()

    def _decide(self, part: StreamFacts, plan: int, before: int, total: int) -> int:
        assert part.pulled is not None  # noqa: S101 - see _pulled
        mark = fingerprint.of_stream(self.app, part.pulled.lease)
        self._make_stale(part, mark)
        deciding = Deciding(self.app, self._screen, part.pulled, plan, mark)
        done = deciding.run(total - before, lambda n: self.app.progress.advance(before + n, total))
        self._index()
        part.decided = _added(part.decided, done)
        return done.records

    def _decide_along(
        self, part: StreamFacts, pulled: Pulled, plan: int, reading: Iterator[None]
    ) -> None:
        """Reading keeps one processor busy: the others need not wait for its end."""
        for _ in reading:
            if pulled.born >= WORTH_IT:
                mark = fingerprint.of_stream(self.app, pulled.lease)
                deciding = Deciding(self.app, self._screen, pulled, plan, mark)
                part.decided = deciding.run(pulled.expected, lambda _: None, reading)
                self._index()

    def _index(self) -> None:
        """After many records: the index by hash, and meanwhile what the draft plan holds so far."""
        app, plan, systems = self.app, self.facts.plan, self.facts.systems
        if match_keys.is_indexed(app.store):
            return
        if plan is None:
            match_keys.index_again(app.store)
            return
        with beside(shapes.count, app.store, plan, systems) as counted:
            match_keys.index_again(app.store)
        shapes.keep(app.store, plan, systems, counted.result())

    def _make_stale(self, part: StreamFacts, mark: str) -> None:
        """Rows decided with other rules or settings, and those whose day has come, once more."""
        today = self.app.today
        while True:
            with self.app.store.transaction() as tx:
                where = (part.system, part.stream.name)
                stale = mirror.make_stale(tx, *where, mark, STALE_BATCH)
                due = mirror.make_due(tx, *where, today, STALE_BATCH)
            if max(stale, due) < STALE_BATCH:
                return

    def ask(self, wish: Wish) -> None:
        """Ask sources what they know of the companies that the records are about. Whom an answer
        concerns is decided once more. A source that stops delays only what it would have said."""
        leases = [part.pulled.lease for part in self._pulled() if part.pulled]
        asking = Asking(self.app, leases, wish)
        self.facts.asked = asking.forecast()
        for one in self.facts.asked:
            forecast.tell_asked(self.app, one)
        for one in asking.run():
            if one.error is not None:
                self.facts.fail(one.source, None, one.error)

    def new_plan(self, only_rule: str | None = None) -> int:
        """A draft plan of this run."""
        app = self.app
        with app.store.transaction() as tx:
            self.facts.plan = proposals.open_plan(
                tx,
                run=self.facts.run,
                author=app.actor,
                now=app.clock(),
                life=timedelta(days=app.settings.plans.expire_days),
                fingerprint=fingerprint.of_plan(app),
                only_rule=only_rule,
                systems=self.facts.systems,
            )
        self.facts.only_rule = only_rule
        return self.facts.plan

    # --- telling -----------------------------------------------------------------------------

    def tell_known(self) -> None:
        """Tell what is known by now, without reading anything: what a daemon does in between."""
        refresh(self.app, self._screen)
        for name in self.facts.systems:
            # One after another: who answers slowly holds up those behind, not those before.
            self._tell_now(name, self._streams(name, self.app.systems[name]))

    @traced("tell")
    def _tell_known(self, there: Mapping[str, Sequence[Stream]]) -> None:
        """First of all, before anything is read: what is known by now, as far as no list has to be
        read for it. A new opt-out never waits for a large pull."""
        if self.app.dry:
            return
        refresh(self.app, self._screen)
        for name, streams in there.items():
            self._tell_now(name, streams)

    def _tell_now(self, name: str, streams: Sequence[Stream]) -> None:
        lanes = [Lane(one) for one in streams if not one.can.atomic_batch]
        self._tell(name, lanes, all_decided=False)

    @traced("tell")
    def tell(self) -> int:
        """Once all is decided: every system hears whom it must not contact, and shows it.

        No limit, plan or person holds this back; a dry run only says how much waits. Gives how many
        records were written to, those among them whose flag was taken off at once.
        """
        if self.app.dry:
            return 0
        before = self._written()
        for name in self.facts.systems:
            parts = [part for part in self._pulled() if part.system == name]
            lanes = [Lane(part.stream, part.pulled.lease) for part in parts if part.pulled]
            self._tell(name, lanes, all_decided=True)
        self._all_refreshed()
        return self._take_off() + self._written() - before

    def _written(self) -> int:
        return sum(one.written + one.taken_off for one in self.facts.told.values())

    def _take_off(self) -> int:
        """Flags of ours that a lift or a correction has left behind; gives how many records were
        written."""
        lifted.note(self.app)
        done = 0
        for part in self._pulled():
            with self._only_this(part.system, part.stream.name):
                done += lifted.TakingOff(self.app, part, self.facts.run, self._screen).run()
        return done

    def _tell(self, name: str, lanes: Sequence[Lane], *, all_decided: bool) -> None:
        app, one = self.app, Telling(self.app, name, self.app.systems[name], self.facts.run)
        with app.store.reading() as tx:
            waiting = telling.streams_untold(tx, name)
            nothing = not waiting and not telling.open_ones(tx, name)
        by_entry = self._keeps_lists(name)
        if nothing and not by_entry:
            return
        with app.budget.for_opt_outs() if app.budget else contextlib.nullcontext():
            for lane in lanes:
                stream = lane.stream.name
                if stream in waiting and (name, stream) not in self.closed:
                    with self._only_this(name, stream):
                        one.stream(lane)
            if by_entry:
                self._list(name, one.done, sweep=not all_decided)
        done = one.end(all_decided=all_decided, by_entry=by_entry)
        self.facts.told.setdefault(name, Told()).add(done)
        causes = self.causes.setdefault(name, {})
        for cause, times in one.causes.items():
            causes[cause] = causes.get(cause, 0) + times
        # What was settled last is what the next page of that stream begins with.
        for part in self.facts.streams:
            if part.system == name and part.pulled and part.stream.name in one.moved:
                part.pulled.lease = one.moved[part.stream.name]

    def _keeps_lists(self, name: str) -> bool:
        """Whether people are kept away there by number or address. Who cannot say so is taken to:
        nothing is then confirmed."""
        try:
            return barring_of(self.app.systems[name]) is not None
        except RingrenError:
            return True

    def _list(self, name: str, done: Told, *, sweep: bool) -> None:
        """Numbers and addresses into the lists of a system, and out of its queues."""
        connector = self.app.systems[name]
        with self._only_this(name, None):
            if facts := barring_of(connector):
                listing = Listing(self.app, name, connector, facts, done)
                listing.tell()
                if sweep:
                    listing.sweep()

    def _all_refreshed(self) -> None:
        with self.app.store.transaction() as tx:
            dirty = sum(mirror.count_dirty(tx, name) for name in self.facts.systems)
            if not dirty and not reach.pending(tx):
                telling.all_refreshed(tx)

    # --- guard -------------------------------------------------------------------------------

    @traced("guard")
    def guard(self, plan: Plan) -> None:
        """Ask the limits about each stream. Blocks are no proposals, so nothing here holds one up."""
        found = shapes.of_new_plan(self.app.store, plan.plan, plan.systems)
        self.facts.shapes = found
        self.facts.proposed = sum(one.records for one in found)
        guard(self.app, plan, found, self._pulled())

    # --- writing -----------------------------------------------------------------------------

    @traced("write")
    def write(self, plan: Plan, *, approved: bool) -> None:
        """Queue what still holds, send it, settle it, and decide anew what was written."""
        for part in self._pulled():
            if part.system not in plan.systems or not part.stream.can.push:
                continue
            with self._only_this(part.system, part.stream.name):
                self._write(part, plan, approved=approved)
        self._copy(plan, approved=approved)
        with self.app.store.reading() as tx:
            after = proposals.next_plan(tx)
        self.decide(after)

    def _write(self, part: StreamFacts, plan: Plan, *, approved: bool) -> None:
        part.queued = self._queueing(part, approved=approved).run(plan)
        self.send(part)

    def _queueing(self, part: StreamFacts, *, approved: bool) -> Queueing:
        connector = self.app.systems[part.system]
        assert isinstance(connector, Pushes)  # noqa: S101 - its stream says it can push
        assert part.pulled is not None  # noqa: S101
        return Queueing(
            self.app,
            connector,
            part.stream,
            part.pulled.lease,
            run=self.facts.run,
            mark=fingerprint.of_stream(self.app, part.pulled.lease),
            approved=approved,
        )

    def _copy(self, plan: Plan, *, approved: bool) -> None:
        """Corrected copies of what cannot be written. The proposals wait on: nothing was mended."""
        for name in filter(self.app.systems.__contains__, plan.systems):
            connector = self.app.systems[name]
            wanted = [
                (
                    part.stream,
                    part.pulled.lease.token or {},
                    self._queueing(part, approved=approved).changes(plan),
                )
                for part in self._pulled()
                if part.system == name and part.stream.can.copy and part.pulled
            ]
            if wanted:
                assert isinstance(connector, Copies)  # noqa: S101 - its streams say it can
                with self._only_this(name, None):
                    for said in connector.copy(wanted):
                        self.facts.note(name, said)

    def send(self, part: StreamFacts) -> None:
        """Push what is queued for a stream. What was settled before a failure is counted."""
        connector = self.app.systems[part.system]
        assert isinstance(connector, Pushes)  # noqa: S101
        assert part.pulled is not None  # noqa: S101
        settling = Settling(self.app, part.pulled.lease, self.facts.run)
        part.settled = settling.done
        with self._only_this(part.system, part.stream.name):
            push(self.app, connector, part.stream, settling)
        LOG.info("written", stream=part.stream.name, applied=settling.done.applied)

    # --- ending ------------------------------------------------------------------------------

    def end(self) -> Outcome:
        """Keep the day's figures, build the report, close the run."""
        from sync.report.build import build

        app = self.app
        self._watch.end()
        self.facts.forbidden = len(self._watch.certain)
        self.facts.ended_at = app.clock()
        report = build(app, self.facts)
        with app.store.transaction() as tx:
            history.end_run(
                tx,
                self.facts.run,
                now=app.clock(),
                exit_code=self.facts.exit_code,
                totals=report.kept(),
            )
        self._keep_house(report)
        return Outcome(report, self.facts.exit_code, tuple(self.facts.failures))

    def stop(self) -> Exit:
        """End a pass that has no report of its own; the code that its command ends with."""
        app = self.app
        self.facts.ended_at = app.clock()
        code = self.facts.exit_code
        with app.store.transaction() as tx:
            history.end_run(tx, self.facts.run, now=app.clock(), exit_code=code, totals={})
        return code

    def leaves_no_trace(self) -> bool:
        """Whether nothing was new, and nothing was done or went wrong."""
        facts = self.facts
        told = any(one.written or one.shown for one in facts.told.values())
        quiet = all(part.pulled and part.pulled.is_quiet for part in facts.streams)
        return quiet and not (told or facts.failures or facts.stopped)

    def _keep_house(self, report: Report) -> None:
        """The day's figures, and with the first of the day: what has outlived its life goes."""
        from sync.report.trend import kept

        app = self.app
        today = app.clock().astimezone(COPENHAGEN).date()
        with app.store.transaction() as tx:
            first = not snapshots.of_day(tx, today)
            snapshots.take(tx, today, kept(report.figures, report.totals))
            if first and tx.dialect.name == "postgresql":
                doubles.count(tx)
        if first:
            purge_all(app.store, app.clock(), Lifetimes(**app.settings.purge.model_dump()))

    def _pulled(self) -> Iterator[StreamFacts]:
        return (part for part in self.facts.streams if part.pulled and not part.given_up)

    @contextlib.contextmanager
    def _only_this(self, system: str, stream: str | None) -> Iterator[None]:
        """What stops one stream is noted, and the others go on."""
        try:
            with span(system, lambda: {"ringren.system": system}):
                yield
        except (SystemStopped, TryAgain, StartOver, RunStopped) as error:
            LOG.warning("stopped", system=system, stream=stream, why=error.message)
            self.facts.fail(system, stream, error)
            # Once something was sent, "stopped before anything was written" is no longer true.
            wrote = any(part.settled for part in self.facts.streams)
            self.facts.stopped |= isinstance(error, RunStopped) and not wrote
            for part in self.facts.streams:
                if (part.system, part.stream.name) == (system, stream):
                    self._give_up(part)

    def _give_up(self, part: StreamFacts) -> None:
        if part.pulled is not None:
            with self.app.store.transaction() as tx:
                cursors.release(tx, part.pulled.lease)
            part.given_up = True


def _is_closed(stream: Stream, problems: Sequence[Problem]) -> bool:
    return any(problem.stops and problem.covers(stream.name) for problem in problems)


def _is_first(pulled: Pulled) -> bool:
    """Whether nothing of the stream was ever written by us. What it tells of opt-outs is heard with
    each page; whom a later page reaches besides, is decided once more at the end of all reading."""
    return pulled.lease.pass_no == 1


def _added(old: Decided | None, new: Decided) -> Decided:
    if old is None:
        return new
    return Decided(old.records + new.records, old.added + new.added, old.closed + new.closed)


def _is_dead(app: App, holder: str) -> bool:
    """Whether the holder is a process of this machine that has ended: no need to wait for it."""
    host, _, rest = holder.partition("/")[0].rpartition(":")
    if host != socket.gethostname() or holder == app.holder or not rest.isdigit():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
