"""E-mail addresses that are verified: what is bought, what people are told, and what stays as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from enriching import GOOD, NIGHT, Place
from simulators.faults import Fault
from simulators.neverbounce import serving as second
from simulators.twilio import serving as lookup
from simulators.web import Clock, served
from simulators.zerobounce.serving import HOST, KEY, ZeroBounce, build

from rules.keys import Key, KeyKind
from rules.records import Kind, Ref
from state import calls, lookups, mirror
from state.lookups import Lookup
from sync.enrichment.enriching import enrich
from sync.stages.asking import Asked, Wish

PRICE = 7
WELL, GONE, TRAP, LATER = (f"{name}@opdigtet-0001.dk" for name in ("anna", "bo", "cai", "dorte"))
HEAD = "Fornavn;Efternavn;E-mail;Ønsker ikke e-mail\n"


class People(Place):
    """An installation with a list of contacts, and a verifier that is asked about them."""

    def __init__(self, zerobounce: ZeroBounce, folder: Path, clock: Clock, about: str = "") -> None:
        self.zerobounce, self.folder, self.clock = zerobounce, folder, clock
        self.closing, self._apps = ExitStack(), {}
        self.root = folder / "lists"
        self.root.mkdir()
        (folder / "key").write_text(KEY, "utf-8")
        self.settings = folder / "ringren.toml"
        self.settings.write_text(
            f"""
lang = "en"
[state]
path = "{folder / "state"}"
[files]
root = "{self.root}"
[sources.zerobounce]
key = {{ file = "{folder / "key"}" }}
batches_a_minute = 200
elsewhere = {{ "{HOST}" = "{zerobounce.address}" }}
{about}
""",
            "utf-8",
        )

    def write(self, *rows: str) -> None:
        self.file.write_text(HEAD + "".join(f"{row}\n" for row in rows), "utf-8")

    @property
    def file(self) -> Path:
        return self.root / "kontakter.csv"

    def night(self, *, dry: bool = False, kroner: float | None = None) -> Asked:
        outcome, [asked] = enrich(self.app(dry=dry), Wish(kroner=kroner), dry=dry)
        assert asked.error is not None or outcome.exit_code in GOOD
        return asked

    def refs(self) -> list[Ref]:
        with self.app(dry=True).store.reading() as tx:
            rows = sorted((row.place or 0, row.id) for *_, row in mirror.alive(tx, 0, 1000))
        return [Ref("files", Kind.CONTACT, ident) for _, ident in rows]

    def new_key(self, key: str) -> None:
        """Another key, and the program begun anew."""
        (self.folder / "key").write_text(key, "utf-8")
        self.closing.close()
        self._apps.clear()

    def row(self, address: str) -> Lookup:
        key = Key(KeyKind.EMAIL, address)
        with self.app(dry=True).store.reading() as tx:
            [row] = lookups.known(tx, ["zerobounce"], [key])[key]
        return row

    @property
    def paid(self) -> int:
        with self.app(dry=True).store.reading() as tx:
            return calls.paid(tx, "zerobounce", self.app(dry=True).today)

    @property
    def bought(self) -> list[str]:
        return self.zerobounce.desk.charged


@contextmanager
def peopled(folder: Path, about: str = "") -> Iterator[People]:
    """An installation with four contacts, and the account of a verifier."""
    clock = Clock(NIGHT)
    with served(build(clock=clock)) as zerobounce:
        zerobounce.desk.mailboxes |= {
            GONE: ("invalid", "mailbox_not_found", None),
            TRAP: ("spamtrap", "", None),
            LATER: ("unknown", "antispam_system", None),
        }
        people = People(zerobounce, folder, clock, about)
        people.write(*(f"Opdigt;Navn{n};{one};" for n, one in enumerate((WELL, GONE, TRAP, LATER))))
        with people.closing:
            yield people


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    with peopled(tmp_path) as people:
        yield people


def test_what_was_verified_is_told_with_what_a_krone_gave(people: People) -> None:
    said = " ".join(people.call("enrich").output.split())
    assert "0 fields filled or renewed, 3 addresses and numbers verified, 2 new questions" in said
    assert "14.3 for a krone" in said
    [told] = json.loads(people.call("sources", "--json").stdout)
    assert told["month"] == {
        "filled": 0, "verified": 3, "raised": 2, "calls": told["month"]["calls"],
        "ore": 3 * PRICE, "per_krone": 14.29,
    }  # fmt: skip


VERDICTS = {"email_not_there", "email_never_mail", "email_unsure"}


def test_an_address_that_does_not_work_is_told_and_nothing_is_written(people: People) -> None:
    before = people.file.read_bytes()
    asked = people.night()
    assert [people.codes(n) & VERDICTS for n in range(4)] == [
        set(), {"email_not_there"}, {"email_never_mail"}, set(),
    ]  # fmt: skip
    assert people.file.read_bytes() == before
    assert (asked.found, asked.unknown, asked.spent) == (3, 1, 3 * PRICE)
    # Whom it could not tell of was not charged, and neither do we count it.
    assert (sorted(people.bought), people.paid) == ([WELL, GONE, TRAP], 3 * PRICE)


def test_the_finding_goes_with_the_address(people: People) -> None:
    people.night()
    people.write(f"Opdigt;Navn0;{WELL};", "Opdigt;Navn1;ny@opdigtet-0001.dk;")
    people.run()
    assert not people.codes(1) & VERDICTS


def test_an_address_is_bought_once_in_its_life(people: People) -> None:
    people.night()
    people.write(*(f"Opdigt;Tvilling{n};{GONE};" for n in range(3)))
    for _ in range(3):
        people.tomorrow()
        assert people.night().spent == 0
    assert people.bought.count(GONE) == 1
    people.clock.pass_(365 * 86_400)
    people.night()
    assert people.bought.count(GONE) == 2


def test_who_cannot_tell_moves_no_date_and_takes_back_nothing(people: People) -> None:
    people.night()
    known = people.row(GONE)
    people.zerobounce.desk.mailboxes[GONE] = ("unknown", "greylisted", None)
    people.clock.pass_(366 * 86_400)
    assert people.night().unknown == 2
    later = people.row(GONE)
    assert (later.answered_at, later.answer) == (known.answered_at, known.answer)
    assert "email_not_there" in people.codes(1)


def test_a_lost_answer_is_not_bought_again(people: People) -> None:
    people.zerobounce.fault(Fault.LOST, method="POST", times=1)
    assert people.night().error is not None
    people.tomorrow()
    assert people.night().due == 0
    assert len(people.bought) == len(set(people.bought))
    assert people.row(WELL).answer is None


def test_a_wrong_key_costs_nothing_and_delays_nothing(people: People) -> None:
    people.new_key("opdigtet-forkert")
    asked = people.night()
    assert asked.error is not None
    assert (asked.error.message, asked.spent, people.paid) == ("source.verifier.refused", 0, 0)
    people.new_key(KEY)
    assert people.night().found == 3


def test_the_night_has_a_ceiling_also_when_nobody_names_one(people: People) -> None:
    assert people.app().settings.sources.kroner_a_night("zerobounce") == 50
    assert people.night(kroner=0.15).asked == 2
    assert people.night(kroner=0.15).asked == 0


def test_a_dry_run_counts_and_buys_nothing(people: People) -> None:
    asked = people.night(dry=True)
    assert (asked.only_counted, asked.due, asked.calls, asked.ore) == (True, 4, 1, 4 * PRICE)
    assert people.bought == []


def test_what_our_own_rules_refuse_and_who_said_no_is_not_asked_about(people: People) -> None:
    people.write(
        f"Opdigt;Navn0;{WELL};",
        "Opdigt;Navn1;bo@opdigtet;",
        "Opdigt;Navn2;cai@gmial.com;",
        "Opdigt;Navn3;dorte@opdigtet-0001.dk;ja",
        "Opdigt;Navn4; ERIK@Opdigtet-0001.dk ;",
    )
    people.night()
    assert sorted(people.bought) == [WELL, "erik@opdigtet-0001.dk"]


def test_the_commands_tell_of_it(people: People) -> None:
    told = people.call("enrich", "--source", "zerobounce", "--only", "email")
    assert told.exit_code in GOOD, told.output
    assert "ZeroBounce: 4 asked about (calls: 1, " in told.output
    listed = people.call("sources")
    assert "ZeroBounce" in listed.output
    assert "9.997" in listed.output or "9,997" in listed.output
    checked = people.call("check", "zerobounce")
    assert "credits left" in checked.output
    explained = people.call("explain", str(people.refs()[1]))
    # However wide the terminal is.
    assert "no such mailbox. So says ZeroBounce on 20" in " ".join(explained.output.split())
    to_mend = people.call("findings")
    assert f"{GONE} does not work" in to_mend.output
    for output in (told, listed, checked, explained, to_mend):
        assert KEY not in output.output


def test_a_second_verifier_is_asked_where_the_more_trusted_one_cannot_tell(
    tmp_path: Path,
) -> None:
    (tmp_path / "second").write_text(second.KEY, "utf-8")
    clock = Clock(NIGHT)
    with served(second.build(clock=clock)) as neverbounce:
        neverbounce.desk.mailboxes[LATER] = ("unknown", ("connect_fails",), "")
        about = f"""
[sources.neverbounce]
key = {{ file = "{tmp_path / "second"}" }}
elsewhere = {{ "{second.HOST}" = "{neverbounce.address}" }}
[fields.email]
sources = ["customer", "neverbounce", "zerobounce"]
"""
        with peopled(tmp_path, about) as people:
            asked = {}
            for _ in range(2):
                _, told = enrich(people.app(), Wish(), dry=False)
                asked |= {one.source: one.asked for one in told if one.asked}
                people.tomorrow()
            assert asked == {"neverbounce": 4, "zerobounce": 1}
            assert people.bought == []


def test_a_number_that_is_dead_is_told_and_who_said_no_to_calls_is_not_asked_about(
    tmp_path: Path,
) -> None:
    (tmp_path / "twilio").write_text(lookup.KEY, "utf-8")
    with served(lookup.build(clock=Clock(NIGHT))) as vendor:
        about = f"""
[sources.twilio]
user = "{lookup.USER}"
key = {{ file = "{tmp_path / "twilio"}" }}
line_status = true
elsewhere = {{ "{lookup.HOST}" = "{vendor.address}" }}
"""
        vendor.desk.lines["+4568000002"] = ("mobile", "inactive")
        with peopled(tmp_path, about) as people:
            people.file.write_text(
                "Fornavn;Efternavn;Direkte telefon;Ring ikke\n"
                "Opdigt;Navn0;68000001;\nOpdigt;Navn1;68 00 00 02;\nOpdigt;Navn2;68000003;ja\n",
                "utf-8",
            )
            _, told = enrich(people.app(), Wish(source="twilio"), dry=False)
            assert [(one.asked, one.found, one.spent) for one in told] == [(2, 2, 12)]
            assert vendor.desk.charged == ["+4568000001", "+4568000002"]
            assert [people.codes(n) & {"phone_not_there", "phone_unsure"} for n in range(3)] == [
                set(), {"phone_not_there"}, set(),
            ]  # fmt: skip
