"""Companies as entities: those that sources of facts told of, and those of our own lists.

Their names are found in memory, by words and numbers; what is said of them is read from the store
each time, so that what was erased or forgotten is nowhere.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from rules.enrichment import facts
from rules.enrichment.identity import HOME, identity, own_domain
from rules.enrichment.identity import asked as keys_of
from rules.enrichment.record import CompanyRecord, Number
from rules.enrichment.standing import personal_forms
from rules.fields.field import Role, Type
from rules.formats.check_digits import passes
from rules.formats.web import root_domain
from rules.hygiene import clean
from rules.keys import Key, KeyKind
from rules.matching import Card, card, company_words
from rules.records import ABSENT, Kind, Ref
from rules.records import Value as Cell
from rules.refine import ranking
from rules.refine.ranking import Ranked
from state import lookups, match_keys, mirror
from state.lookups import Lookup
from state.mirror import Held
from state.store import Tx
from sync.app import App
from sync.enrichment.answers import told_by
from sync.refine.names import Names
from sync.refine.spaces import Asked, Entity, Value

COMPANIES: Final = "company"
CUSTOMERS: Final = "customer"
NEAR: Final = 25
"""So many that share words of the name are looked at."""
REFRESH: Final = 30.0
"""Seconds after which it is asked what came since."""
_PAGE: Final = 2000
_LONGEST: Final = 300
_PERSONAL: Final = frozenset({"main_phone"})
"""Not told without a token, whoever it is about."""
Said = Mapping[str, Cell]


def values_of(app: App, one: Asked) -> dict[str, Cell]:
    """What a question says of a company, as the rules leave it. A text that is a number of the
    register, or a domain, is that and no name."""
    text = one.text.strip()[:_LONGEST]
    values: dict[str, Cell] = {name: said[:_LONGEST] for name, said in one.says.items()}
    name = "cvr" if passes(text) else "website" if _is_domain(text) else "company_name"
    values.setdefault(name, text)
    return left(app, values)


def left(app: App, values: Said) -> dict[str, Cell]:
    """Values as the rules leave them."""
    changes, _ = clean(Kind.COMPANY, values, region=app.settings.region)
    return {**values, **{change.field: change.new for change in changes}}


def _is_domain(text: str) -> bool:
    return "." in text and " " not in text and bool(root_domain(text))


class _Known:
    """The names of a space, kept up to date while somebody asks. For any thread."""

    def __init__(
        self, read: Callable[[datetime | None, int], list[tuple[int, list[str]]]], app: App
    ) -> None:
        self._read, self._app = read, app
        self._names, self._lock = Names(), threading.Lock()
        self.close = self._names.close
        self._looked: float | None = None
        self._since: datetime | None = None

    def like(self, name: str, *words: str) -> list[int]:
        """Numbers of those who may bear the name, and of those who bear one of these words."""
        with self._lock:
            self._catch_up()
            exactly = [one for word in words for one in self._names.exactly(word, NEAR)]
            return [*exactly, *self._names.like(name[:_LONGEST], NEAR)]

    def beginning(self, prefix: str, most: int) -> list[int]:
        """Numbers of those whose name begins so."""
        with self._lock:
            self._catch_up()
            return self._names.beginning(prefix[:_LONGEST], most)

    def _catch_up(self) -> None:
        now = time.monotonic()
        if self._looked is not None and now - self._looked < REFRESH:
            return
        began, after = self._app.clock(), 0
        while page := self._read(self._since, after):
            self._names.add(page)
            after = page[-1][0]
        self._looked, self._since = now, began


# --- what sources told of -----------------------------------------------------------------------


class _Told(NamedTuple):
    """A company, and all that sources say of it."""

    number: Number
    records: Sequence[CompanyRecord]


class Register:
    """Companies by the number of their register, as the sources that are set up know them.

    Whoever shows no token hears nothing of companies that are, or may be, a natural person's.
    """

    type = COMPANIES
    closed = False
    properties: Sequence[str] = facts.FACTS

    def __init__(self, app: App, known: _Known, *, everything: bool) -> None:
        self._app, self._known, self._everything = app, known, everything

    def candidates(self, asked: Asked) -> Sequence[Ranked]:
        """As `Space`: what `rules.enrichment.matching` says."""
        values = values_of(self._app, asked)
        who = identity(values)
        numbers = self._known.like(who.name, who.cvr, who.site, who.mailbox)
        with self._app.store.reading() as tx:
            rows = [row for some in self._by_keys(tx, keys_of(who)).values() for row in some]
            rows += lookups.numbered(tx, list(self._app.sources), numbers)
        records = list(_newest(told_by(rows)))
        shown = {one.number for one in _grouped(records) if self._may_see(one)}
        return [
            Ranked(company_id(one.key), one.score, one.match, one.features)
            for one in ranking.companies(who, records)
            if isinstance(one.key, Number) and one.key in shown
        ]

    def _by_keys(self, tx: Tx, keys: Collection[Key]) -> Mapping[Key, list[Lookup]]:
        return lookups.known(tx, list(self._app.sources), keys) if keys else {}

    def entities(self, ids: Collection[str]) -> dict[str, Entity]:
        """As `Space`."""
        wanted = {number: one for one in ids if (number := _number_of(one))}
        rows: list[Lookup] = []
        numbers = [one for number in wanted for one in self._known.like("", number.number)]
        with self._app.store.reading() as tx:
            keys = [Key(KeyKind.CVR, one.number) for one in wanted if one.country == HOME]
            rows += [row for some in self._by_keys(tx, keys).values() for row in some]
            rows += lookups.numbered(tx, list(self._app.sources), numbers)
        return {
            wanted[one.number]: self._entity(one)
            for one in _grouped(_newest(told_by(rows)))
            if one.number in wanted and self._may_see(one)
        }

    def beginning(self, prefix: str, most: int) -> list[str]:
        """As `Space`."""
        numbers = self._known.beginning(prefix, most)
        with self._app.store.reading() as tx:
            rows = lookups.numbered(tx, list(self._app.sources), numbers)
        begun = [
            one
            for one in _grouped(_newest(told_by(rows)))
            if _begins(one, prefix) and self._may_see(one)
        ]
        return [company_id(one.number) for one in begun][:most]

    def _may_see(self, one: _Told) -> bool:
        """Of a sole trader everything is personal; so it is of whoever may be one."""
        if self._everything:
            return True
        form = self._values(one).get("legal_form")
        return bool(form) and form not in personal_forms()

    def _values(self, one: _Told) -> dict[str, str]:
        """What they say, the source that is asked first before the others."""
        order = list(self._app.sources)
        found: dict[str, str] = {}
        for record in sorted(one.records, key=lambda record: order.index(record.source)):
            found = {**facts.told(record, today=self._app.today), **found}
        return found

    def _entity(self, one: _Told) -> Entity:
        said = left(self._app, {**dict.fromkeys(facts.FACTS), **self._values(one)})
        hidden = frozenset() if self._everything else _PERSONAL
        values = {name: text for name, text in _texts(said).items() if name not in hidden}
        name = values.get("company_name") or one.number.number
        place = " ".join(filter(None, (values.get("postcode"), values.get("city"))))
        facts_of = (values.get("legal_form"), place, values.get("company_status"))
        return Entity(
            company_id(one.number),
            name,
            COMPANIES,
            " · ".join(filter(None, facts_of)),
            _lists(values),
        )


def company_id(number: Number) -> str:
    """The CVR number; of another country its code in front: `NO-912345678`."""
    return number.number if number.country == HOME else f"{number.country}-{number.number}"


def _number_of(ident: str) -> Number | None:
    if passes(ident):
        return Number(HOME, ident)
    country, dash, number = ident.partition("-")
    abroad = dash and len(country) == 2 and country.isascii() and country.isupper()
    return Number(country, number) if abroad and number else None


def _newest(records: Iterable[CompanyRecord]) -> Iterator[CompanyRecord]:
    """One record for each source and company: a number is asked about more often than a domain."""
    found: dict[tuple[str, Number], CompanyRecord] = {}
    for one in records:
        known = found.get((one.source, one.number))
        if known is None or known.read_at < one.read_at:
            found[one.source, one.number] = one
    yield from found.values()


def _grouped(records: Iterable[CompanyRecord]) -> list[_Told]:
    found: dict[Number, list[CompanyRecord]] = {}
    for one in records:
        found.setdefault(one.number, []).append(one)
    return [_Told(number, some) for number, some in found.items()]


def _called(one: CompanyRecord) -> Iterator[str]:
    """All that it is found by."""
    yield from one.names
    yield from filter(None, (one.cvr, own_domain(one.website), own_domain(one.email)))


def _begins(one: _Told, prefix: str) -> bool:
    """Not merely another company in the same answer."""
    *whole, begun = company_words(prefix) or ("",)
    for record in one.records:
        words = {word for name in _called(record) for word in company_words(name)}
        words |= {"".join(company_words(name)) for name in _called(record)}
        if words.issuperset(whole) and any(word.startswith(begun) for word in words):
            return True
    return False


def register_names(app: App) -> _Known:
    """The names that sources told of."""

    def read(since: datetime | None, after: int) -> list[tuple[int, list[str]]]:
        with app.store.reading() as tx:
            page = lookups.told_since(tx, list(app.sources), since, after, _PAGE)
        return [
            (number, [name for one in told_by([row]) for name in _called(one)])
            for number, row in page
        ]

    return _Known(read, app)


# --- our own lists ------------------------------------------------------------------------------


class Customers:
    """The companies of our own lists, as the rules leave them, matched as across lists."""

    type = CUSTOMERS
    closed = True

    def __init__(self, app: App, known: _Known) -> None:
        self._app, self._known = app, known
        self.properties: Sequence[str] = tuple(
            field.name
            for field in app.catalogue.for_kind(Kind.COMPANY)
            if field.role is not Role.FREE_TEXT and field.type is not Type.REF
        )

    def candidates(self, asked: Asked) -> Sequence[Ranked]:
        """As `Space`: what `rules.matching` says."""
        values = values_of(self._app, asked)
        mine = self._card(-1, "?", values)
        name = values.get("company_name")
        numbers = set(self._known.like(name) if isinstance(name, str) else ())
        with self._app.store.reading() as tx:
            numbers.update(self._sharing(tx, mine))
            held = _alive(tx, numbers)
        cards = {
            rid: self._card(rid, str(one.record.ref), left(self._app, one.record.values))
            for rid, one in held.items()
        }
        return [
            Ranked(customer_id(held[one.key].record.ref), one.score, one.match, one.features)
            for one in ranking.customers(mine, cards)
            if isinstance(one.key, int)
        ]

    def _card(self, rid: int, place: str, values: Said) -> Card:
        return card(rid, Kind.COMPANY, place, values, self._app.settings.region)

    def _sharing(self, tx: Tx, mine: Card) -> list[int]:
        """Those who carry one of its keys."""
        keys = {key for some in mine.keys.values() for key in some}
        digests = [self._app.keys.digest(key) for key in keys]
        found = match_keys.rids_of(tx, digests)
        return [rid for rids in found.values() for rid in rids[:NEAR]]

    def entities(self, ids: Collection[str]) -> dict[str, Entity]:
        """As `Space`."""
        wanted = {ref: one for one in ids if (ref := _ref_of(one))}
        with self._app.store.reading() as tx:
            held = _alive(tx, mirror.numbers(tx, wanted).values())
        return {
            wanted[one.record.ref]: self._entity(wanted[one.record.ref], one)
            for one in held.values()
        }

    def _entity(self, ident: str, one: Held) -> Entity:
        said = _texts(left(self._app, one.record.values))
        values = {name: said[name] for name in self.properties if name in said}
        name = values.get("company_name") or one.record.ref.id
        place = " ".join(filter(None, (values.get("postcode"), values.get("city"))))
        described = " · ".join(filter(None, (values.get("cvr"), place, one.stream)))
        return Entity(ident, name, CUSTOMERS, described, _lists(values))

    def beginning(self, prefix: str, most: int) -> list[str]:
        """As `Space`."""
        with self._app.store.reading() as tx:
            held = _alive(tx, self._known.beginning(prefix, most))
        return [customer_id(one.record.ref) for one in held.values()]


def customer_id(ref: Ref) -> str:
    """The ref, with what an address could not bear written as `%26`."""
    return quote(str(ref), safe="/")


def _ref_of(ident: str) -> Ref | None:
    try:
        ref = Ref.parse(unquote(ident, errors="strict"))
    except ValueError:
        return None
    return ref if ref.kind is Kind.COMPANY and "\0" not in str(ref) else None


def _alive(tx: Tx, rids: Iterable[int]) -> dict[int, Held]:
    some = sorted(set(rids))
    gone = mirror.gone(tx, some) if some else set()
    held = mirror.held(tx, some)
    return {
        rid: one
        for rid, one in held.items()
        if rid not in gone and one.record.ref.kind is Kind.COMPANY
    }


def customer_names(app: App) -> _Known:
    """The names of the companies in our lists."""

    def read(since: datetime | None, after: int) -> list[tuple[int, list[str]]]:
        with app.store.reading() as tx:
            page = mirror.changed_since(tx, Kind.COMPANY, since, after, _PAGE)
        said = [(rid, _texts(values)) for rid, values in page]
        return [
            (rid, list(filter(None, map(one.get, ("company_name", "cvr"))))) for rid, one in said
        ]

    return _Known(read, app)


def _texts(values: Said) -> dict[str, str]:
    return {name: one for name, one in values.items() if one and one is not ABSENT}


def _lists(values: Mapping[str, str]) -> dict[str, Sequence[Value]]:
    return {name: [value] for name, value in values.items()}
