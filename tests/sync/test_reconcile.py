"""What a system says there is, held against what we know: counted, mended, and not believed blindly.

A record that appears or goes without a word of the feed is put into the desk's rows by hand.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from promises.points import Killed, Points
from promises.world import World
from simulators.memory import Desk, Memory, Row

from rules.errors import Exit, InvariantBroken, RunStopped, UserError
from state import cursors, mirror, sightings
from sync.app import App
from sync.passes import Outcome
from sync.run import run
from sync.settings.model import Limits
from sync.stages.compare import Compared
from sync.systems.reconcile import Reconciled, as_text, reconcile
from sync.texts import Texts


class Company:
    """A desk with twenty people, and our passes over it."""

    def __init__(self, folder: Path, people: int = 20) -> None:
        self.world = World(
            folder, with_desk=False, limits=Limits(max_change_share=1, min_records=10)
        )
        self.calls: Counter[str] = Counter()
        self.memory = Memory("crm", self.world.desk, hook=self._note, compares=True, page=50)
        for one in range(people):
            self.desk.add(f"{one:03}", full_name="Bo Abesen", direct_phone=f"+45680000{one:02}")
        self.dies_at = ""

    @property
    def desk(self) -> Desk:
        return self.world.desk

    def _note(self, point: str) -> None:
        self.calls[point.removeprefix("crm.")] += 1
        if self.dies_at and point == f"crm.{self.dies_at}" and self.calls[self.dies_at] > 10:
            raise KeyboardInterrupt

    def slip_in(self, ident: str, **values: str) -> None:
        """A record that the feed never shows."""
        self.desk.rows[ident] = Row(1, {"full_name": "Bo Abesen", **values})

    def slip_out(self, *idents: str) -> None:
        """Records whose end the feed never tells."""
        for ident in idents:
            del self.desk.rows[ident]

    def do(self, doing: Callable[[App], Any]) -> Any:
        self.calls.clear()
        with self.world.process(dry=True) as app:
            app.systems = {"crm": self.memory}
            return doing(app)

    def run(self) -> Outcome:
        outcome: Outcome = self.do(lambda app: run(app, dry=True))
        return outcome

    def reconcile(self, *allow: str, whole: bool = False) -> Reconciled:
        found: Reconciled = self.do(
            lambda app: reconcile(app, "crm", whole=whole, allow=frozenset(allow))
        )
        return found

    def known(self) -> int:
        def count(app: App) -> int:
            with app.store.reading() as tx:
                return mirror.count_live(tx, "crm", "people")

        counted: int = self.do(count)
        return counted


@pytest.fixture
def company(tmp_path: Path) -> Company:
    made = Company(tmp_path)
    made.run()
    return made


def _only(found: Reconciled) -> Compared:
    (one,) = found.streams
    assert one.compared is not None
    return one.compared


def test_equal_counts_cost_one_call_and_ids_are_asked_for_on_demand(company: Company) -> None:
    found = company.reconcile()
    assert _only(found) == Compared(20, 20)
    assert found.exit_code is Exit.OK
    assert (company.calls["count"], company.calls["ids"]) == (1, 0)
    assert _only(company.reconcile(whole=True)) == Compared(20, 20, 20, known=20)


def test_what_the_feed_never_showed_is_fetched_and_its_no_is_heard(company: Company) -> None:
    company.slip_in("900", direct_phone="+4568009900", opt_out="ja")
    assert company.known() == 20
    found = company.reconcile()
    assert _only(found) == Compared(20, 21, 21, known=20, fetched=1)
    assert company.known() == 21
    report = company.run().report
    assert report.opt_outs.records == 1
    assert [one.code for one in report.findings if one.code == "feed_missed"] == ["feed_missed"]
    assert _only(company.reconcile()) == Compared(21, 21)
    assert "feed_missed" not in [one.code for one in company.run().report.findings]


def test_what_is_gone_without_a_word_is_asked_for_and_then_buried(company: Company) -> None:
    company.slip_out("003", "004")
    assert _only(company.reconcile()) == Compared(20, 18, 18, known=18, buried=2)
    assert company.known() == 18


def test_a_hole_in_a_list_buries_nobody(company: Company) -> None:
    company.memory.unlisted = {"003", "004", "005"}
    found = _only(company.reconcile())
    assert found == Compared(20, 17, 17, known=17, kept=3)
    assert company.known() == 20


@pytest.mark.parametrize("left", [0, 1, 9])
def test_a_list_that_was_emptied_or_halved_is_not_believed(company: Company, left: int) -> None:
    company.slip_out(*sorted(company.desk.rows)[left:])
    for _ in range(2):
        found = company.reconcile()
        assert found.exit_code is Exit.GUARD
        assert [one.message for one in found.failures] == ["error.list_shrank"]
        assert found.streams[0].how == "not"
        assert company.known() == 20
    assert "list_shrank" in [one.code for one in company.run().report.findings]
    allowed = _only(company.reconcile("shrink"))
    assert (allowed.buried, company.known()) == (20 - left, left)
    assert "list_shrank" not in [one.code for one in company.run().report.findings]


def test_so_much_is_missing_that_all_is_read_anew(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.stages.compare.FETCH_MOST", 5)
    for one in range(6):
        company.slip_in(f"90{one}")
    found = _only(company.reconcile())
    assert found.anew
    assert company.calls["ids"] == 0
    company.run()
    assert company.known() == 26


def test_a_system_that_cannot_count_lists(company: Company) -> None:
    company.memory.counts = False
    assert _only(company.reconcile()) == Compared(20, None, 20, known=20)


def test_passes_compare_when_it_is_due_and_not_before(company: Company) -> None:
    company.slip_in("900")
    company.run()
    assert company.calls["count"] == 0
    assert company.known() == 20
    company.world.now += timedelta(days=7)
    (stream,) = company.run().report.streams
    assert stream.compared is not None
    assert (stream.compared.ours, stream.compared.theirs, stream.compared.fetched) == (20, 21, 1)
    company.run()
    assert company.calls["count"] == 0


def test_without_calls_left_the_pass_goes_on_and_it_is_still_due(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spent(_stream: object) -> int:
        raise RunStopped("error.quota_spent", system="crm", used=1, quota=1, at="", left="")

    company.world.now += timedelta(days=7)
    with monkeypatch.context() as patch:
        patch.setattr(company.memory, "count", spent)
        outcome = company.run()
    assert outcome.report.failures == ()
    assert company.run().report.streams[0].compared is not None


def test_a_comparison_that_was_broken_off_leaves_nothing_half(company: Company) -> None:
    company.slip_out("003")
    company.slip_in("900")
    company.dies_at = "ids"
    with pytest.raises(KeyboardInterrupt):
        company.reconcile(whole=True)
    company.dies_at = ""
    assert company.known() == 20
    found = _only(company.reconcile(whole=True))
    assert found == Compared(20, 20, 20, known=19, fetched=1, buried=1)
    assert _only(company.reconcile(whole=True)) == Compared(20, 20, 20, known=20)


def test_killed_at_any_commit_it_comes_to_the_same_when_it_is_begun_again(tmp_path: Path) -> None:
    """A record that came and two that went without a word; the ones that die leave nothing half."""
    for deadly in count(1, 4):
        company = Company(tmp_path / str(deadly))
        company.run()
        company.slip_out("003", "004")
        company.slip_in("900", direct_phone="+4568009900", opt_out="ja")
        points = Points(deadly=deadly)
        try:
            with company.world.process(dry=True, points=points) as app:
                app.systems = {"crm": company.memory}
                reconcile(app, "crm", whole=True)
        except Killed:
            company.reconcile(whole=True)
        assert company.known() == 19, deadly
        assert _only(company.reconcile(whole=True)) == Compared(19, 19, 19, known=19), deadly
        assert company.run().report.opt_outs.records == 1, deadly
        if not points.dead:
            break
    assert deadly > 5


def test_as_many_came_as_went_and_only_the_ids_tell(company: Company) -> None:
    company.slip_in("900")
    company.slip_out("003")
    assert _only(company.reconcile()) == Compared(20, 20)
    assert _only(company.reconcile(whole=True)) == Compared(20, 20, 20, 19, fetched=1, buried=1)


def test_a_page_of_ids_is_held_and_records_are_asked_for_by_the_hundred(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.stages.compare.PAGE", 4)
    monkeypatch.setattr("sync.stages.compare.ASKED", 3)
    sizes: list[int] = []
    sight = sightings.sight

    def counted(tx: Any, lease: Any, ids: Any) -> Any:
        sizes.append(len(ids))
        return sight(tx, lease, ids)

    monkeypatch.setattr(sightings, "sight", counted)
    for one in range(10):
        company.slip_in(f"90{one}")
    company.slip_out("003", "004")
    assert _only(company.reconcile(whole=True)).fetched == 10
    assert max(sizes) == 4
    assert sum(sizes) == 28
    # What is missing on each page of ids, and once who was not listed.
    assert company.calls["read"] == 5 + 1


def test_a_first_reading_needs_no_comparison(tmp_path: Path) -> None:
    company = Company(tmp_path)
    company.run()
    assert company.calls["count"] == 0

    def listed(app: App) -> object:
        with app.store.transaction() as tx:
            lease = cursors.take(
                tx, "crm", "people", company.memory.streams()[0].kind, holder="x",
                now=company.world.clock(),
            )  # fmt: skip
            return lease.listed_at

    assert company.do(listed) is not None


def test_the_run_says_what_was_read_and_with_what_it_was_compared(company: Company) -> None:
    company.desk.edit("003", full_name="Bo Cesen")
    company.world.now += timedelta(days=8)
    outcome = company.run()
    from sync.report.phrases import sums

    said = list(sums(outcome.report, Texts("en")))
    assert said[0] == "Read: 1 = 1 changed"
    assert any(line == "Compared: people 20 here and 20 there" for line in said)


def test_the_table_in_both_languages_and_as_json(company: Company) -> None:
    company.slip_in("900")
    found = company.reconcile()
    text = as_text(found, Texts("en"), None)
    assert "crm/people       20          21      21     20        1" in text
    assert "crm/people: 1 fetched, 0 count as deleted." in text
    assert "1 hentet" in as_text(found, Texts("da"), 80)
    from sync.output import as_json

    (stream,) = json.loads(as_json(found))["streams"]
    assert stream["compared"]["fetched"] == 1
    assert stream["how"] == "ids"


def test_an_unknown_system_is_named(company: Company) -> None:
    with pytest.raises(UserError):
        company.do(lambda app: reconcile(app, "nowhere", whole=False))


def test_the_command_over_files_compares_nothing_and_says_so(tmp_path: Path) -> None:
    from sync.cli import program

    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "kontakter.csv").write_text("Navn,Telefon\nBo Abesen,68000001\n")
    args = ["reconcile", "--path", str(tmp_path / "lists"), "--state", str(tmp_path / "state")]
    result = CliRunner().invoke(program, [*args, "--lang", "en"])
    assert result.exit_code == 0, result.output
    assert "files/kontakter.csv: not compared." in result.output


def test_figures_that_do_not_add_up_are_a_bug_of_ours(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Compared(20, 21, 21, known=20)
    monkeypatch.setattr("sync.passes.lists.compare", lambda *_, **__: wrong)
    with pytest.raises(InvariantBroken):
        company.reconcile()
