"""Vendors of company data beside the register: who is asked what, what it costs, and whose word is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from enriching import NIGHT, Place
from simulators.cvr.serving import build as register
from simulators.dnb import serving as dnb
from simulators.faults import Fault
from simulators.firms import Firms
from simulators.lasso import serving as lasso
from simulators.vainu import serving as vainu
from simulators.web import Clock, served

from rules.errors import Exit
from sync.enrichment.enriching import enrich
from sync.stages.asking import Asked, Wish

FIELDS = (
    "CVR", "Virksomhed", "Hjemmeside", "Ansatte", "Teknologi", "Moderselskab",
    "Kreditvurdering", "Købssignal", "Købssignal den", "Virksomhedsstatus",
)  # fmt: skip
PRICE = 250


class Market(Place):
    """An installation with the register and three vendors who copied it."""

    asked: dict[str, Asked]

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        clock = Clock(NIGHT)
        cvr = stack.enter_context(served(register(30, clock=clock)))
        self.lasso, self.vainu, self.dnb = (
            stack.enter_context(served(one.build(30, clock=clock))) for one in (lasso, vainu, dnb)
        )
        for vendor in (self.lasso, self.vainu, self.dnb):
            vendor.desk.firms = Firms(cvr.register)
        for name, secret in (("l", lasso.KEY), ("v", vainu.SECRET), ("d", dnb.SECRET)):
            (folder / name).write_text(secret, "utf-8")
        super().__init__(cvr, folder, clock, self._sections(folder))
        stack.enter_context(self.closing)

    def _sections(self, folder: Path) -> str:
        return f"""
[sources.lasso]
key = {{ file = "{folder / "l"}" }}
price_ore = 0
elsewhere = {{ "{lasso.HOST}" = "{self.lasso.address}" }}
[sources.vainu]
client_id = "{vainu.CLIENT}"
client_secret = {{ file = "{folder / "v"}" }}
price_ore = 0
elsewhere = {{ "{vainu.HOST}" = "{self.vainu.address}" }}
[sources.dnb]
key = "{dnb.KEY}"
secret = {{ file = "{folder / "d"}" }}
price_ore = {PRICE}
blocks = ["{dnb.GROUP}", "{dnb.CREDIT}"]
elsewhere = {{ "{dnb.HOST}" = "{self.dnb.address}" }}
"""

    def list_(self, *rows: dict[str, object]) -> None:
        """A list of these companies."""
        lines = [";".join(str(row.get(name, "")) for name in FIELDS) for row in rows]
        text = "\n".join([";".join(FIELDS), *lines]) + "\n"
        (self.root / "virksomheder.csv").write_text(text, "utf-8")

    def night(self, **wish: str) -> dict[str, Asked]:
        """One night; by source what was asked."""
        _, asked = enrich(self.app(), Wish(**wish), dry=False)  # type: ignore[arg-type]
        return {one.source: one for one in asked}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """A list in which each company has a story of its own, after one night."""
    with ExitStack() as stack:
        market = Market(tmp_path_factory.mktemp("market"), stack)
        known = market.register
        child, behind, differs, guessed, full, mother, *_ = known.numbers
        known.edit(child, employees=37, website="")
        market.lasso.desk.firms.sites[child] = ["https://www.opdigtet-0600.dk"]
        market.dnb.desk.firms.parents[child] = mother
        market.dnb.desk.percentiles[child] = 15
        market.vainu.desk.signals.append((child, "news", 43543, NIGHT))
        for number, lassos, dnbs in ((behind, 3, 37), (differs, 37, 300), (guessed, None, 300)):
            known.edit(number, employees=37 if number != guessed else None, website="")
            market.lasso.desk.firms.heads[number] = lassos
            market.dnb.desk.firms.heads[number] = dnbs
        market.dnb.desk.modelled.add(guessed)
        market.list_(
            {"CVR": child}, {"CVR": behind}, {"CVR": differs}, {"CVR": guessed},
            {
                "CVR": full, "Virksomhed": "Opdigt", "Hjemmeside": "opdigtet-0005.dk",
                "Ansatte": "1", "Moderselskab": "Opdigt A/S", "Virksomhedsstatus": "Aktiv",
                "Kreditvurdering": "Normal risiko",
            },
        )  # fmt: skip
        market.asked = market.night()
        yield market


def test_each_source_fills_what_is_its_own(one: Market) -> None:
    row, owner = one.rows()[0], one.register.find(one.register.numbers[5])
    assert owner is not None
    assert row["Hjemmeside"] == "https://www.opdigtet-0600.dk"
    assert row["Ansatte"] == "20-49"
    assert row["Moderselskab"] == owner.name
    assert row["Kreditvurdering"] == "Høj risiko"
    assert (row["Købssignal"], row["Købssignal den"]) == ("Ny kapital", "2026-11-24")


def test_a_copy_of_the_register_that_is_behind_is_no_second_opinion(one: Market) -> None:
    assert one.rows()[1]["Ansatte"] == "20-49"
    assert "facts_disagree" not in one.codes(1)


def test_two_sources_that_differ_are_a_question(one: Market) -> None:
    assert one.rows()[2]["Ansatte"] == ""
    assert "facts_disagree" in one.codes(2)


def test_what_was_reckoned_fills_nothing_by_itself(one: Market) -> None:
    assert one.rows()[3]["Ansatte"] == ""


def test_nobody_is_paid_for_a_record_in_which_there_is_nothing_to_fill(one: Market) -> None:
    assert one.dnb.desk.matched == [str(cvr) for cvr in one.register.numbers[:4]]
    assert one.asked["dnb"].spent == 4 * PRICE


def test_the_second_night_costs_nothing(one: Market) -> None:
    before = one.rows()
    one.tomorrow()
    again = one.night()
    assert [again[name].asked for name in ("lasso", "vainu", "dnb")] == [0, 0, 0]
    assert one.rows() == before


def test_a_contract_that_ends_takes_its_answers_along(one: Market) -> None:
    assert "4 answers of dnb are deleted" in one.call("sources", "purge", "dnb", "--yes").output
    assert one.rows()[0]["Kreditvurdering"] == "Høj risiko"


def test_what_the_register_has_told_is_not_bought_and_who_is_down_leaves_the_others(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        market = Market(tmp_path, stack)
        [number, *_] = market.register.numbers
        market.register.edit(number, employees=37, website="")
        market.list_({"CVR": number})
        market.night(source="cvr", only="employees")
        assert market.night(source="dnb", only="employees")["dnb"].due == 0
        market.vainu.fault(Fault.STATUS, path="/api/v3/.*", status=403, times=9)
        asked = market.night()
        assert asked["vainu"].error is not None
        assert (asked["lasso"].found, asked["dnb"].found) == (1, 1)
        assert "✗ Vainu" in market.call("sources").output
        assert "Lasso X lets us in" in market.call("check", "lasso").output
        text = market.settings.read_text("utf-8").replace(f"price_ore = {PRICE}\n", "")
        market.settings.write_text(text, "utf-8")
        refused = market.call("enrich", "--dry-run")
        assert refused.exit_code == Exit.USER
        assert "price_ore" in refused.output


def test_a_part_that_is_not_in_the_contract_is_said_and_the_rest_goes_on(tmp_path: Path) -> None:
    with ExitStack() as stack:
        market = Market(tmp_path, stack)
        number, other, *_ = market.register.numbers
        market.vainu.desk.has_signals = False
        market.dnb.desk.blocks -= {dnb.CREDIT}
        market.list_({"CVR": number})
        outcome, _ = enrich(market.app(), Wish(), dry=False)
        said = {one.system: one.message.en for one in outcome.report.notices}
        assert dnb.CREDIT in said["dnb"]
        assert "signals is not in the contract" in said["vainu"]
        # A night in which somebody else was asked says nothing about them.
        market.list_({"CVR": number}, {"CVR": other})
        market.night(source="cvr")
        stands = market.call("sources").output
        assert "Vainu: signals is not in the contract" in stands
        assert f"Dun & Bradstreet: {dnb.CREDIT} is not in the contract" in stands
        market.vainu.desk.has_signals = True
        # A run of its own: what was found out holds for one.
        market.call("enrich", "--source", "vainu")
        assert "Vainu: signals" not in market.call("sources").output


def test_a_dry_run_does_not_try_who_may_charge_for_a_question_even_where_the_price_is_nothing(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        market = Market(tmp_path, stack)
        text = market.settings.read_text("utf-8").replace(f"_ore = {PRICE}", "_ore = 0")
        market.settings.write_text(text, "utf-8")
        market.list_({"CVR": market.register.numbers[0]})
        outcome, asked = enrich(market.app(dry=True), Wish(), dry=True)
        assert {one.source for one in asked if one.only_counted} == {"dnb"}
        assert market.dnb.desk.matched == []
        assert outcome.report.effects.paid_lookups == 0
        assert market.night(source="dnb")["dnb"].found == 1


def test_the_report_says_what_was_paid(tmp_path: Path) -> None:
    with ExitStack() as stack:
        market = Market(tmp_path, stack)
        market.list_(*({"CVR": number} for number in market.register.numbers[:3]))
        outcome, _ = enrich(market.app(), Wish(source="dnb"), dry=False)
        effects = outcome.report.effects
        assert (effects.paid_lookups, effects.paid_ore) == (3, 3 * PRICE)
        assert "Paid look-ups: 3 (DKK 7.50)" in market.call("report").output
