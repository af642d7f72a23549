"""Ask: what sources of facts know of the companies that records are about, as far as the purse goes.

A walk over the mirror, page by page, finds the keys that are due; they are asked for in batches as
large as the source takes, over pages. A first walk only counts, so that it is known before what it
will cost, and which keys come first when there is not enough for all. What a source said is kept in
one transaction with the marks of the records that have to be decided anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from connectors.sources.source import Asking as HowAsked
from connectors.sources.source import Detour, Found, Judged, NotFound, Reply, Source, Unknown
from rules.enrichment.due import worth
from rules.enrichment.matching import has_domain
from rules.enrichment.record import CompanyRecord
from rules.errors import RingrenError, RunStopped, SystemStopped, TryAgain
from rules.fields.field import PARTIES
from rules.keys import Key, KeyKind
from state import calls, history, lookups, match_keys, mirror
from state.cursors import Lease
from state.lookups import Heard, Lookup, State, Terms
from state.store import Tx
from sync.app import App
from sync.enrichment.answers import dumped, dumped_verdict, told_by
from sync.logs import logger
from sync.stages.gain import Gain
from sync.stages.subjects import Keys, Subject, subjects

COMMANDS: Final = ("enrich", "enrich-dry-run")
"""What the runs are called in which sources are asked."""
PAGE: Final = 2000
UNKNOWN_WAITS: Final = timedelta(hours=20)
"""Who did not know is asked again the next night."""
LOG = logger(__name__)


class Wish(NamedTuple):
    """What a person asked for on the command line: one source, one field, at most so many kroner."""

    source: str | None = None
    only: str | None = None
    kroner: float | None = None


@dataclass(slots=True)
class Asked:
    """One source's share of a night: what was due, what it took, what came of it."""

    source: str
    due: int = 0
    calls: int = 0
    """Calls that were expected; `used` were made."""
    ore: int = 0
    seconds: float = 0.0
    used: int = 0
    spent: int = 0
    bought: int = 0
    """Keys that `spent` was paid for."""
    asked: int = 0
    found: int = 0
    absent: int = 0
    unknown: int = 0
    changed: int = 0
    """Keys of which something else is known now than before."""
    left: int = 0
    """Keys that were due and have to wait for another night."""
    verifies: bool = False
    """It says whether addresses or numbers work, and fills nothing."""
    only_counted: bool = False
    """A dry run buys nothing: what it would have asked was counted."""
    error: RingrenError | None = None
    stopped: bool = False
    """It is not asked any more tonight."""
    not_bought: tuple[str, ...] = ()
    """Parts of it that are not in the contract."""


@dataclass(slots=True)
class _Lane:
    """What is asked of one source by one kind of key."""

    source: Source
    kind: KeyKind
    facts: Asked
    before: tuple[str, ...] = ()
    """Verifiers that are trusted more: this one is asked where they could not tell."""
    scores: Counter[int] = field(default_factory=Counter)
    least: int = 0
    """The lowest score that is asked for tonight, and how many of that score may be."""
    at_least: int = 0
    waiting: dict[Key, list[int]] = field(default_factory=dict)

    @property
    def asking(self) -> HowAsked:
        return self.source.profile.asking[self.kind]

    @property
    def batch(self) -> int:
        return self.asking.batch

    def allot(self, most: int | None) -> int:
        """So many keys at most: the best are taken; how many that are."""
        due = self.scores.total()
        if most is None or most >= due:
            self.least, self.at_least = 0, due
            return due
        left = most
        for score in sorted(self.scores, reverse=True):
            self.least, self.at_least = score, left
            if self.scores[score] >= left:
                return most
            left -= self.scores[score]
        return most

    def takes(self, score: int) -> bool:
        """Whether a key of this score is asked for tonight."""
        if score != self.least:
            return score > self.least
        self.at_least -= 1
        return self.at_least >= 0


class Asking:
    """One night's questions about the records of the streams in `leases`."""

    def __init__(self, app: App, leases: Sequence[Lease], wish: Wish) -> None:
        self.app, self.wish = app, wish
        self._leases = {(one.system, one.stream): one for one in leases if one.kind in PARTIES}
        self._began = app.clock()
        chosen = [
            one
            for name, one in app.sources.items()
            if wish.source in {None, name} and (not wish.only or wish.only in one.profile.about)
        ]
        chosen.sort(key=self._rank)
        self.facts = [Asked(one.name, verifies=bool(one.profile.verifies)) for one in chosen]
        self._lanes = [
            _Lane(source, kind, facts, self._before(source, chosen))
            for source, facts in zip(chosen, self.facts, strict=True)
            for kind in source.profile.asking
        ]
        self._keys = Keys(chosen)
        self._gain = Gain(app, wish.only, self._began.date())

    def _rank(self, source: Source) -> int:
        """Verifiers in the order in which the field trusts them, behind all that fill fields."""
        told = [self.app.catalogue[name].sources for name in source.profile.verifies]
        return max((one.index(source.name) + 1 for one in told if source.name in one), default=0)

    def _before(self, source: Source, chosen: Sequence[Source]) -> tuple[str, ...]:
        earlier = chosen[: chosen.index(source)]
        return tuple(one.name for one in earlier if one.profile.verifies & source.profile.verifies)

    # --- before ------------------------------------------------------------------------------

    def forecast(self) -> list[Asked]:
        """Count what is due, and allot to each source what the ceilings leave for it."""
        last = self._last_night()
        for page in self._pages():
            for lane in self._lanes:
                # A night that was broken off may have kept answers that not all records heard of.
                self._tell(lane, page, last)
                lane.scores.update(score for _, score, _ in self._due(lane, page))
        for facts in self.facts:
            self._allot(facts, [lane for lane in self._lanes if lane.facts is facts])
        return self.facts

    def _allot(self, facts: Asked, lanes: Sequence[_Lane]) -> None:
        """What a source may be asked: as far as its calls go, and the money."""
        left = self._calls_left(facts.source)
        with self.app.store.reading() as tx:
            ore = self._ore_left(tx, facts.source)
        for lane in lanes:
            price = lane.source.profile.ore
            most = [lane.asking.keys_for(left)] if left is not None else []
            most += [ore // price] if ore is not None and price else []
            due = lane.scores.total()
            taken = lane.allot(min(most, default=None))
            needed = lane.asking.calls_for(taken)
            left = None if left is None else left - needed
            ore = None if ore is None else ore - taken * price
            facts.due += due
            facts.left += due - taken
            facts.calls += needed
            facts.ore += taken * price
            facts.seconds += needed * lane.source.profile.seconds

    def _calls_left(self, source: str) -> int | None:
        return self.app.budget.left(source) if self.app.budget else None

    def _ore_left(self, tx: Tx, source: str) -> int | None:
        """Øre that may still be spent on a source tonight; None where nothing is said."""
        said = (self.app.settings.sources.kroner_a_night(source), self.wish.kroner)
        ceilings = [one for one in said if one is not None]
        if not ceilings:
            return None
        return max(0, round(min(ceilings) * 100) - calls.paid(tx, source, self.app.today))

    def _last_night(self) -> datetime:
        """When all that was answered had last been told to all records."""
        with self.app.store.reading() as tx:
            run = history.newest_of(tx, COMMANDS)
        return run.ended_at if run and run.ended_at else datetime.min.replace(tzinfo=UTC)

    # --- what is due -------------------------------------------------------------------------

    def _pages(self) -> Iterator[list[Subject]]:
        """The records of people and companies, as the rules leave them."""
        behind = 0
        while True:
            with self.app.store.reading() as tx:
                rows = mirror.alive(tx, behind, PAGE, PARTIES)
                found = subjects(tx, self.app, self._keys, self._leases, rows)
            if not rows:
                return
            behind = rows[-1][2].rid
            yield found
            self.app.go_on()

    def _due(self, lane: _Lane, page: Sequence[Subject]) -> list[tuple[Key, int, list[int]]]:
        """(key, how much it is worth, records) of what is not known any more, or never was."""
        keys = {key for one in page for key in one.keys if key.kind is lane.kind}
        with self.app.store.reading() as tx:
            known = lookups.known(tx, [lane.source.name, *lane.before], keys)
        unknown = keys - known.keys()
        numbers = self._told_by_numbers(page, unknown) if lane.kind is KeyKind.MAIL_DOMAIN else {}
        gain = self._gain.of(lane.source, page)
        found: dict[Key, tuple[int, list[int]]] = {}
        for one in page:
            for key in one.keys:
                if key not in keys or (self.wish.only and not gain[one.rid]):
                    continue
                if any(has_domain(key.value, numbers.get(number, ())) for number in one.keys):
                    continue
                rows = {one.source: one for one in known.get(key, ())}
                row = rows.get(lane.source.name)
                if (row and row.good_until > self._began) or not _left_open(rows, lane.before):
                    continue
                if not (row or gain[one.rid] or lane.source.profile.renews):
                    continue
                score, rids = found.get(key, (0, []))
                found[key] = max(score, worth(gain[one.rid], self._age(row))), [*rids, one.rid]
        return [(key, score, rids) for key, (score, rids) in found.items()]

    def _told_by_numbers(
        self, page: Sequence[Subject], unknown: set[Key]
    ) -> dict[Key, list[CompanyRecord]]:
        """What is known of the companies of the numbers that stand beside these keys."""
        beside = (one for one in page if not unknown.isdisjoint(one.keys))
        numbers = {key for one in beside for key in one.keys if key.kind is KeyKind.CVR}
        with self.app.store.reading() as tx:
            known = lookups.known(tx, list(self.app.sources), numbers)
        return {key: told_by(rows) for key, rows in known.items()}

    def _age(self, row: Lookup | None) -> int | None:
        return (self._began - row.answered_at).days if row and row.answered_at else None

    # --- asking ------------------------------------------------------------------------------

    def run(self) -> list[Asked]:
        """Ask, after `forecast`. A source that stops leaves the others alone, and what it said is kept."""
        for lane in filter(self._may_ask, self._lanes):
            # One after the other: what a number has told makes a question about a domain idle.
            for page in self._pages():
                self._page(lane, page)
            self._ask(lane, everything=True)
            lane.facts.not_bought = lane.source.profile.not_bought
        for facts in self.facts:
            facts.used = self.app.budget.used.get(facts.source, 0) if self.app.budget else 0
        return self.facts

    def _may_ask(self, lane: _Lane) -> bool:
        """A dry run buys nothing, and where nothing is due nobody is asked."""
        profile = lane.source.profile
        lane.facts.only_counted = self.app.dry and (profile.ore > 0 or not profile.asked_dry)
        return lane.scores.total() > 0 and not lane.facts.only_counted

    def _page(self, lane: _Lane, page: Sequence[Subject]) -> None:
        self._tell(lane, page, self._began)
        if lane.facts.stopped:
            return
        for key, score, rids in self._due(lane, page):
            if key in lane.waiting:
                lane.waiting[key] += rids
            elif lane.takes(score):
                lane.waiting[key] = rids
        self._ask(lane)

    def _tell(self, lane: _Lane, page: Sequence[Subject], since: datetime) -> None:
        """Have records decided anew whose key was answered since then, for whichever record."""
        keys = {key for one in page for key in one.keys if key.kind is lane.kind}
        with self.app.store.reading() as tx:
            known = lookups.known(tx, [lane.source.name], keys)
        new = {key for key, [row] in known.items() if row.changed_at and row.changed_at >= since}
        rids = [one.rid for one in page if not new.isdisjoint(one.keys)]
        if rids:
            with self.app.store.transaction() as tx:
                mirror.make_dirty(tx, rids)

    def _ask(self, lane: _Lane, *, everything: bool = False) -> None:
        """Whole batches, and at the end what is left over."""
        while lane.waiting and (everything or len(lane.waiting) >= lane.batch):
            if lane.facts.stopped:
                return
            some = dict(list(lane.waiting.items())[: lane.batch])
            for key in some:
                del lane.waiting[key]
            try:
                self._batch(lane, some)
            except (SystemStopped, TryAgain, RunStopped) as error:
                lane.facts.stopped = not isinstance(error, Detour)
                LOG.warning(
                    "source stopped" if lane.facts.stopped else "source asked by another door",
                    source=lane.facts.source,
                    why=error.message,
                )
                lane.facts.error = error
            self.app.go_on()

    def _batch(self, lane: _Lane, some: Mapping[Key, list[int]]) -> None:
        keys = self._begun(lane, list(some))
        replies: list[Reply] = []
        try:
            replies.extend(lane.source.look_up(keys) if keys else ())
        finally:
            self._keep(lane, replies, some)

    def _begun(self, lane: _Lane, keys: list[Key]) -> list[Key]:
        """Of what is paid for it is known beforehand that it was asked for."""
        profile, now = lane.source.profile, self.app.clock()
        if not profile.ore:
            return keys
        good = now if profile.repeats_free else now + profile.asking[lane.kind].life
        with self.app.store.transaction() as tx:
            # Asked here once more: another process may have spent some of it meanwhile.
            purse = self._ore_left(tx, lane.source.name)
            most = len(keys) if purse is None else purse // profile.ore
            ours = lookups.begin(tx, lane.source.name, keys[:most], now, good)
            ore = len(ours) * profile.ore
            calls.pay(tx, lane.source.name, self.app.today, "enrich", ore)
        lane.facts.spent += ore
        lane.facts.bought += len(ours)
        return ours

    def _keep(self, lane: _Lane, replies: Sequence[Reply], some: Mapping[Key, list[int]]) -> None:
        facts, now = lane.facts, self.app.clock()
        heard = [_heard(one) for one in replies]
        states = Counter(one.state for one in heard)
        facts.asked += len(heard)
        facts.found += states[State.FOUND]
        facts.absent += states[State.ABSENT]
        facts.unknown += states[State.UNKNOWN]
        if not heard:
            return
        with self.app.store.transaction() as tx:
            self._not_charged(tx, lane, replies)
            changed = lookups.settle(tx, facts.source, heard, now, self._terms(lane, now))
            digests = [digest for key in changed for digest in self._digests(key)]
            rids = set(match_keys.rids(tx, digests)) if digests else set()
            mirror.make_dirty(tx, sorted(rids.union(*(some[key] for key in changed))))
        facts.changed += len(changed)

    def _not_charged(self, tx: Tx, lane: _Lane, replies: Sequence[Reply]) -> None:
        """What was noted as spent beforehand, and was not."""
        free = sum(isinstance(one, Unknown) and one.free for one in replies)
        if ore := free * lane.source.profile.ore:
            calls.pay(tx, lane.source.name, self.app.today, "enrich", -ore)
            lane.facts.spent -= ore
            lane.facts.bought -= free

    def _digests(self, key: Key) -> Sequence[bytes]:
        """By what records are found that carry the key, on pages that were seen before."""
        return [one.digest for one in self.app.keys.hashed(key)]

    def _terms(self, lane: _Lane, now: datetime) -> Terms:
        profile = lane.source.profile
        kept = None if profile.keeps_days is None else now + timedelta(days=profile.keeps_days)
        return Terms(now + profile.asking[lane.kind].life, now + UNKNOWN_WAITS, kept)


def _heard(reply: Reply) -> Heard:
    match reply:
        case Found(key, records, raw, life):
            return Heard(key, State.FOUND, dumped(records), raw, life)
        case Judged(key, verdict, raw, life):
            return Heard(key, State.FOUND, dumped_verdict(verdict), raw, life or verdict.life)
        case NotFound(key):
            return Heard(key, State.ABSENT)
        case Unknown(key, _, waits):
            return Heard(key, State.UNKNOWN, life=waits)


def _left_open(rows: Mapping[str, Lookup], by: Sequence[str]) -> bool:
    """Whether each of these was asked and did not say."""
    open_ones = (State.ASKED, State.UNKNOWN)
    return all((row := rows.get(name)) is not None and row.state in open_ones for name in by)
