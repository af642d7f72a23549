"""What is paid for: nothing in a dry run, nothing twice within its life, nothing over the ceiling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from enriching import Place, placed

from connectors.rights import Right
from connectors.session import NoAnswer
from connectors.sources.source import Asking, Found, NotFound, Profile, Reply, Unknown
from rules.enrichment.record import CompanyRecord
from rules.keys import Key, KeyKind
from sync.enrichment.enriching import enrich
from sync.passes import Outcome
from sync.stages import asking
from sync.stages.asking import Asked, Wish

LIFE = timedelta(days=90)
PRICE = 25
OFFER = Profile(
    asking={KeyKind.CVR: Asking(batch=4, life=LIFE)},
    fields=frozenset({"company_name"}),
    licence="source.cvr.licence",
    ore=PRICE,
    repeats_free=False,
)


@dataclass
class Seller:
    """Somebody who sells what he knows of companies, four at a time."""

    place: Place
    name: str = "lasso"
    asked: list[str] = field(default_factory=list)
    lost_after: int | None = None
    """So many answers come, and then none."""
    killed_at: int | None = None
    """So many calls it answers, and then the program is killed."""
    calls: int = 0
    domains: dict[str, int] = field(default_factory=dict)
    silent: bool = False
    profile: Profile = OFFER

    def look_up(self, keys: Sequence[Key]) -> Iterator[Reply]:
        self.asked += [key.value for key in keys]
        self.calls += 1
        if self.killed_at is not None and self.calls > self.killed_at:
            raise KeyboardInterrupt
        for at, key in enumerate(keys):
            if at == self.lost_after:
                raise NoAnswer(self.name, "ReadTimeout")
            yield self._reply(key)

    def _reply(self, key: Key) -> Reply:
        if self.silent:
            return Unknown(key, "incomplete")
        number = self.domains.get(key.value) if key.kind is KeyKind.MAIL_DOMAIN else int(key.value)
        found = self.place.register.find(number or 0)
        if found is None:
            return NotFound(key)
        record = CompanyRecord(
            cvr=str(found.cvr),
            source=self.name,
            read_at=self.place.clock(),
            name=found.name,
            website=found.website,
        )
        return Found(key, (record,))

    def credit(self) -> int | None:
        return 1000 - len(self.asked)

    def check(self) -> Iterator[Right]:
        yield Right(self.name, True, "source.cvr.right.index", details={"count": "1"})


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path) as place:
        place.put(*({"CVR": cvr} for cvr in place.register.numbers[:10]))
        yield place


@pytest.fixture
def seller(place: Place) -> Seller:
    return Seller(place)


def night(
    seller: Seller, *, dry: bool = False, kroner: float | None = None
) -> tuple[Outcome, Asked]:
    app = seller.place.app(dry=dry)
    app.sources, app.budget = {seller.name: seller}, None
    outcome, [asked] = enrich(app, Wish(kroner=kroner), dry=dry)
    return outcome, asked


def names(place: Place) -> int:
    """How many companies of the list have a name by now."""
    return sum(bool(row["Virksomhed"]) for row in place.rows())


def test_a_dry_run_buys_nothing_and_says_what_it_would_cost(seller: Seller) -> None:
    _, asked = night(seller, dry=True)
    assert seller.asked == []
    assert (asked.only_counted, asked.due, asked.calls, asked.ore) == (True, 10, 3, 10 * PRICE)


def test_what_was_bought_is_bought_once_in_its_life(seller: Seller, place: Place) -> None:
    _, asked = night(seller)
    assert (asked.spent, names(place), len(seller.asked)) == (10 * PRICE, 10, 10)
    for _ in range(3):
        place.tomorrow()
        _, asked = night(seller)
        assert (asked.due, asked.spent) == (0, 0)
    place.clock.pass_(LIFE.total_seconds())
    _, asked = night(seller)
    assert (asked.spent, len(seller.asked)) == (10 * PRICE, 20)


def test_a_company_on_two_lists_is_bought_once(seller: Seller, place: Place) -> None:
    place.put(*({"CVR": cvr} for cvr in place.register.numbers[:10]), name="igen.csv")
    night(seller)
    assert len(seller.asked) == len(set(seller.asked)) == 10


def test_a_lost_answer_is_not_bought_again_and_what_came_is_kept(
    seller: Seller, place: Place
) -> None:
    seller.lost_after = 2
    outcome, asked = night(seller)
    assert asked.error is not None
    assert (asked.spent, len(seller.asked)) == (4 * PRICE, 4)
    assert outcome.failures[0].message == "error.no_answer"
    assert names(place) == 2
    seller.lost_after = None
    night(seller)
    assert len(seller.asked) == len(set(seller.asked)) == 10
    assert names(place) == 8


def test_a_program_that_is_killed_while_it_asks_does_not_ask_again(
    seller: Seller, place: Place
) -> None:
    seller.killed_at = 0
    with pytest.raises(KeyboardInterrupt):
        night(seller)
    assert len(seller.asked) == 4
    seller.killed_at = None
    night(seller)
    assert len(seller.asked) == len(set(seller.asked)) == 10


def test_whoever_shares_what_was_answered_before_a_kill_hears_of_it_the_next_night(
    seller: Seller, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PAGE", 1)
    first = place.register.numbers[0]
    shared = {"Hjemmeside": "https://opdigtet-7777.dk"}
    place.register.edit(first, name="Opdigt Fabel ApS", website="www.opdigtet-7777.dk")
    seller.profile = replace(OFFER, asking={KeyKind.MAIL_DOMAIN: Asking(batch=1, life=LIFE)})
    seller.domains = {"opdigtet-7777.dk": first}
    place.put(
        shared, {"Hjemmeside": "https://opdigtet-8888.dk"}, {**shared, "By": "Vejle"},
    )  # fmt: skip
    seller.killed_at = 1
    with pytest.raises(KeyboardInterrupt):
        night(seller)
    assert seller.asked == ["opdigtet-7777.dk", "opdigtet-8888.dk"]
    seller.killed_at = None
    place.clock.pass_(3600)
    night(seller)
    assert [row["Virksomhed"] for row in place.rows()] == [
        "Opdigt Fabel ApS",
        "",
        "Opdigt Fabel ApS",
    ]
    assert len(seller.asked) == 2


def test_the_budget_is_for_the_whole_night(seller: Seller, place: Place) -> None:
    _, asked = night(seller, kroner=1.5)
    assert (asked.spent, asked.left, len(seller.asked)) == (6 * PRICE, 4, 6)
    _, asked = night(seller, kroner=1.5)
    assert (asked.spent, asked.left) == (0, 4)
    _, asked = night(seller, kroner=2)
    assert asked.spent == 2 * PRICE
    place.tomorrow()
    _, asked = night(seller, kroner=1.5)
    assert (asked.spent, asked.left) == (2 * PRICE, 0)


def test_who_does_not_know_is_asked_again_another_night_and_says_nothing(
    seller: Seller, place: Place
) -> None:
    seller.silent = True
    _, asked = night(seller)
    assert (asked.unknown, asked.changed, names(place)) == (10, 0, 0)
    assert night(seller)[1].due == 0
    place.tomorrow()
    seller.silent = False
    night(seller)
    assert names(place) == 10
