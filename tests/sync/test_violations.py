"""Calls held against the list, the alarm about them, and the answer: stories over whole passes."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from promises.lists import Lists
from pydantic import SecretStr
from simulators.scripted import Scripted

from connectors.protocol import Page, Stream, Token
from rules.errors import Exit, UserError
from rules.records import Kind
from rules.spans import COPENHAGEN
from rules.suppression import Channel
from rules.violation_causes import Cause
from rules.violations import Verdict
from state import acts, alerts, attempts, heard
from state.violations import State, Violation
from sync.app import App
from sync.calling import violations
from sync.report.page import html
from sync.report.terminal import render
from sync.service.alarm_words import Message
from sync.service.alarms import Teller, receivers
from sync.settings.alarms import Alarms, Receiver
from sync.stages import quiet
from sync.suppression import desk
from sync.texts import Texts

HEADER = (
    "Opkalds-id;Tidspunkt;Agent;Ringet til;Kontakt-id;Udfald;Ringeliste;Retning;Varighed (sek.)"
)
PEOPLE = "Id;Navn;Tlf.;Mobil;Nej tak"
PHONE, OTHER, THIRD = "68 00 00 01", "68 00 00 02", "68 00 00 03"


@dataclass
class Post:
    """Where alarms arrive in a test."""

    works: bool = True
    got: list[Message] = field(default_factory=list)

    def send(self, _url: str, said: Message) -> bool:
        if self.works:
            self.got.append(said)
        return self.works


class Floor(Lists):
    """A call centre: a list of people, a call log, and a pass over both."""

    post: Post
    receivers: dict[str, Receiver]

    def calls(self, *rows: str) -> None:
        self.put("opkald.csv", HEADER, *(f"{n};{row}" for n, row in enumerate(rows, start=1)))

    def people(self, *rows: str) -> None:
        self.put("kontakter.csv", PEOPLE, *rows)

    def ready(self, app: App) -> None:
        app.sends = self.post.send

    def open(self, verdict: str | None = None) -> tuple[Violation, ...]:
        with self.app() as app:
            return violations.look(app, verdict, everything=False, limit=100).shown

    def classes(self) -> dict[Verdict, int]:
        with self.app() as app, app.store.reading() as tx:
            return attempts.counts(tx)

    def tell(self) -> int:
        with self.app(dry=False) as app:
            return Teller(app, self.post.send).now()


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    here = Floor(tmp_path)
    here.post = Post()
    team = Receiver(url=SecretStr("json://127.0.0.1:1/"))
    boss = Receiver(url=SecretStr("json://127.0.0.1:2/"), after_minutes=120, only_certain=True)
    here.settings = {"alarms": Alarms(receivers={"team": team, "boss": boss})}
    here.systems = here.ready
    return here


def no(
    floor: Floor, phone: str = PHONE, channel: Channel = Channel.ALL, at: str | None = None
) -> None:
    """Somebody at the desk records a no."""
    with floor.app() as app:
        keys = desk.keys([("phone", phone)], "DK")
        said = desk.statement(keys, channel, now=app.clock(), at=at, evidence="", by="Rosa Reol")
        desk.record(app, said)


def test_a_call_to_somebody_on_the_list_is_found_alarmed_and_answered_for(floor: Floor) -> None:
    no(floor)
    floor.now = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
    floor.calls(
        f"26-11-2026 09:15:00;Rav Elkedel;{PHONE};;Ring igen;Nord;Udgående;60",
        f"26-11-2026 09:20:00;Rav Elkedel;{OTHER};;Ring igen;Nord;Udgående;60",
    )
    outcome = floor.run()
    assert outcome.exit_code is Exit.VIOLATION
    (found,) = floor.open()
    assert (found.verdict, found.agent, found.call_list) == (Verdict.CERTAIN, "Rav Elkedel", "Nord")
    assert found.cause is Cause.CANNOT_BLOCK
    assert floor.classes() == {Verdict.CERTAIN: 1, Verdict.LAWFUL: 1}
    (said,) = floor.post.got
    assert said.title == "Ringren: 1 opkald til en, der har sagt nej tak"
    assert "Rav Elkedel" in said.body
    assert "6800" not in said.body.replace(" ", "")
    assert floor.run().exit_code is not Exit.VIOLATION, "it is told as new once"

    with floor.app() as app:
        with pytest.raises(UserError):
            violations.acknowledge(app, [found.violation], None, by="Birk Blyant", reason=" ")
        done = violations.acknowledge(
            app, [found.violation], None, by="Birk Blyant", reason="Talt med agenten"
        )
        assert done == [found.violation]
        assert violations.acknowledge(app, done, None, by="Birk Blyant", reason="igen") == []
        explained = violations.explain(app, found.violation)
        assert explained.violation.state is State.ACKNOWLEDGED
        assert [(a.by, a.details["reason"]) for a in explained.answers] == [
            ("Birk Blyant", "Talt med agenten")
        ]
        with app.store.reading() as tx:
            assert acts.problems(tx) == (1, [])
    assert floor.open() == ()


def test_the_report_tells_of_forbidden_calls_first_and_never_folds_them(floor: Floor) -> None:
    no(floor)
    floor.now += timedelta(days=2)
    floor.calls(f"26-11-2026 09:15:00;Rav Elkedel;{PHONE};;Ring igen;Nord;Udgående;60")
    report = floor.run().report
    assert report.verdict.level == "error"
    assert (report.violations.certain, report.violations.found) == (1, 1)
    text = render(report, "da")
    assert "OPKALD, DER IKKE MÅTTE RINGES: 1" in text
    assert text.index("RINGES") < text.index("\n  Nye nej tak hørt")
    assert "sync violations list" in text
    page = html(report, "da")
    section = page[page.index('id="violations"') : page.index('id="opt_outs"')]
    assert "Rav Elkedel" in section
    assert "<details" not in section
    again = floor.dry().report
    assert (again.violations.waiting, again.violations.found) == (1, 0)


def test_a_possible_one_says_why_and_no_personal_number_is_kept_of_the_answer(
    floor: Floor,
) -> None:
    no(floor)
    at = floor.now.astimezone(COPENHAGEN) + timedelta(minutes=2)
    floor.now += timedelta(days=1)
    floor.calls(f"{at:%d-%m-%Y %H:%M:%S};Rav Elkedel;{PHONE};;Ring igen;Nord;Udgående;60")
    floor.run()
    with floor.app() as app:
        listed = violations.look(app, None, everything=False, limit=10)
        assert "mulig (få minutter imellem)" in violations.told_list(
            listed, Texts("da"), everything=False
        )
        (found,) = listed.shown
        told = violations.told_one(violations.explain(app, found.violation), Texts("da"))
        assert "Hvorfor kun mulig" in told
        assert "at to systemers ure kan være forskellige" in told
        violations.acknowledge(
            app, [found.violation], None, by="Birk Blyant", reason="talt med 010190-1234"
        )
        (answer,) = violations.explain(app, found.violation).answers
    assert "1234" not in answer.details["reason"]


def test_an_alarm_is_repeated_until_somebody_answers_and_escalated_meanwhile(floor: Floor) -> None:
    no(floor)
    floor.now += timedelta(days=2)
    floor.calls(f"26-11-2026 09:15:00;Rav Elkedel;{PHONE};;Ring igen;Nord;Udgående;60")
    floor.run()
    assert len(floor.post.got) == 1
    assert floor.tell() == 0, "not again at once"
    floor.now += timedelta(minutes=121)
    assert floor.tell() == 1, "the boss hears of it"
    floor.now += timedelta(minutes=120)
    assert floor.tell() == 1, "the team hears of it again"
    assert "kommer igen" in floor.post.got[-1].body
    with floor.app() as app:
        violations.acknowledge(app, [], "certain", by="Birk Blyant", reason="Klaret")
    floor.now += timedelta(days=2)
    assert floor.tell() == 0


def test_what_cannot_be_delivered_is_kept_and_tried_again(floor: Floor) -> None:
    no(floor)
    floor.now += timedelta(days=2)
    floor.post.works = False
    floor.calls(f"26-11-2026 09:15:00;Rav Elkedel;{PHONE};;Ring igen;Nord;Udgående;60")
    floor.run()
    with floor.app() as app, app.store.reading() as tx:
        assert alerts.undelivered(tx) == 1
    floor.post.works = True
    assert floor.tell() == 0, "not before its time"
    floor.now += timedelta(minutes=2)
    assert floor.tell() == 1
    with floor.app() as app, app.store.reading() as tx:
        assert alerts.undelivered(tx) == 0


def test_a_dry_run_raises_the_alarm_and_tells_nobody(floor: Floor) -> None:
    no(floor)
    floor.now += timedelta(days=2)
    floor.calls(f"26-11-2026 09:15:00;Rav Elkedel;{PHONE};;Ring igen;Nord;Udgående;60")
    assert floor.dry().exit_code is Exit.VIOLATION
    assert floor.post.got == []
    assert floor.tell() == 1


def test_an_opt_out_that_is_recorded_late_makes_older_calls_suspect(floor: Floor) -> None:
    floor.calls(f"20-11-2026 09:15:00;Rav Elkedel;{PHONE};;Ring igen;Nord;Udgående;60")
    floor.run()
    assert floor.classes() == {Verdict.LAWFUL: 1}
    no(floor, at="2026-11-10")
    floor.run()
    (found,) = floor.open()
    assert (found.verdict, found.cause) == (Verdict.HEARD_LATE, Cause.HEARD_LATE)
    assert floor.classes() == {Verdict.HEARD_LATE: 1}


def test_an_opt_out_that_came_after_the_call_makes_no_call_suspect(floor: Floor) -> None:
    floor.calls(f"20-11-2026 09:15:00;Rav Elkedel;{PHONE};;Ring igen;Nord;Udgående;60")
    floor.run()
    no(floor)
    floor.run()
    assert floor.open() == ()
    assert floor.classes() == {Verdict.LAWFUL: 1}


def test_a_person_is_recognised_where_the_log_has_no_number(floor: Floor) -> None:
    floor.people(f"K1;Lærke Lampe;{PHONE};{OTHER};", f"K2;Rosa Reol;{THIRD};;")
    floor.run()
    no(floor)
    floor.run()
    floor.now += timedelta(days=2)
    floor.calls(
        "26-11-2026 09:15:00;Rav Elkedel;;K1;Ring igen;Nord;Udgående;60",
        "26-11-2026 09:16:00;Rav Elkedel;;K2;Ring igen;Nord;Udgående;60",
        f"26-11-2026 09:17:00;Rav Elkedel;{OTHER};K1;Ring igen;Nord;Udgående;60",
    )
    floor.run()
    by_class = {one.verdict: one.cause for one in floor.open()}
    assert by_class == {
        Verdict.PERSON_ONLY: Cause.OTHER_NUMBER,
        Verdict.CERTAIN: Cause.OTHER_NUMBER,
    }


def test_a_call_that_was_asked_for_is_no_violation_whichever_row_comes_first(floor: Floor) -> None:
    no(floor)
    floor.now += timedelta(days=2)
    out = f"26-11-2026 09:15:00;Rav Elkedel;{PHONE};;Ring igen;Nord;Udgående;60"
    floor.calls(out)
    floor.run()
    assert len(floor.open()) == 1
    floor.calls(out, f"26-11-2026 08:15:00;Rav Elkedel;{PHONE};;Ring igen;;Indgående;60")
    floor.run()
    assert floor.open() == ()
    assert floor.classes() == {Verdict.REQUESTED: 1, Verdict.INBOUND: 1}
    floor.now += timedelta(days=1)
    assert floor.tell() == 0, "the alarm ended with it"


def test_a_list_that_was_in_use_before_the_no_is_told_apart_from_a_hand_dialled_number(
    floor: Floor,
) -> None:
    no(floor)
    floor.now += timedelta(days=2)
    floor.calls(
        f"20-11-2026 09:15:00;Rav Elkedel;{OTHER};;Ring igen;Nord;Udgående;60",
        f"26-11-2026 09:15:00;Rav Elkedel;{PHONE};;Ring igen;Nord;Udgående;60",
        f"26-11-2026 09:15:00;Rav Elkedel;{PHONE};;Ring igen;;Udgående;60",
    )
    floor.run()
    assert {one.cause for one in floor.open()} == {Cause.LOADED_BEFORE, Cause.BY_HAND}


def test_a_corrected_row_of_the_log_is_judged_again(floor: Floor) -> None:
    no(floor)
    floor.now += timedelta(days=2)
    floor.calls(f"26-11-2026 09:15:00;Rav Elkedel;{PHONE};;Ring igen;Nord;Udgående;60")
    floor.run()
    assert len(floor.open()) == 1
    floor.calls(f"26-11-2026 09:15:00;Rav Elkedel;{OTHER};;Ring igen;Nord;Udgående;60")
    floor.run()
    assert floor.open() == ()
    assert floor.classes() == {Verdict.LAWFUL: 1}


def test_the_contact_log_tells_of_a_number_without_free_text(floor: Floor) -> None:
    floor.calls(
        f"20-11-2026 09:15:00;Rav Elkedel;{PHONE};;Ring igen;Nord;Udgående;60",
        f"21-11-2026 09:15:00;Birk Blyant;{PHONE};;Møde booket;Nord;Udgående;60",
    )
    floor.run()
    with floor.app() as app:
        rows = violations.contact_log(app, PHONE, 10)
        assert [(one.agent, one.outcome) for one in rows] == [
            ("Birk Blyant", "meeting_booked"), ("Rav Elkedel", "call_back"),
        ]  # fmt: skip
        assert violations.contact_log(app, OTHER, 10) == []


# --- silence ---------------------------------------------------------------------------------


def test_a_system_that_goes_quiet_raises_an_alarm_that_ends_when_it_speaks_again(
    floor: Floor,
) -> None:
    days = [datetime(2026, 10, 5, tzinfo=UTC) + timedelta(days=n) for n in range(45)]
    rows = [
        f"{day:%d-%m-%Y} {9 + n % 6:02}:15:00;Rav Elkedel;{OTHER};;Ring igen;Nord;Udgående;60"
        for day in days
        if day.weekday() < 5
        for n in range(12)
    ]
    floor.calls(*rows)
    floor.now = days[-1] + timedelta(hours=20)
    floor.run()
    assert floor.post.got == []
    floor.now = datetime(2026, 11, 21, 9, tzinfo=UTC)
    floor.run()
    (said,) = floor.post.got
    assert said.title == "Ringren: 1 system er blevet stille"
    assert "opkald" in said.body
    assert "2026-11-18" in said.body
    floor.calls(*rows, f"21-11-2026 09:15:00;Rav Elkedel;{OTHER};;Ring igen;Nord;Udgående;60")
    floor.now += timedelta(days=1)
    floor.run()
    with floor.app() as app, app.store.reading() as tx:
        (one,) = alerts.listed(tx, [alerts.OPEN, alerts.OVER], 10)
        assert (one.code, one.state) == ("quiet", alerts.OVER)


def test_opt_outs_that_wait_too_long_for_a_system_raise_an_alarm(floor: Floor) -> None:
    no(floor)
    floor.now += timedelta(hours=30)
    with floor.app() as app, app.store.transaction() as tx:
        quiet.look(tx, app, floor.now, history=False)
        assert alerts.open_subjects(tx, quiet.DELIVERY_OLD) == set(), "a call log takes no blocks"
        app.blocking = frozenset({"files"})
        quiet.look(tx, app, floor.now, history=False)
        assert alerts.open_subjects(tx, quiet.DELIVERY_OLD) == {("files", "")}
        assert heard.waiting_since(tx, floor.now, ["files"]) == {"files": 1}
        assert heard.waiting_since(tx, floor.now - timedelta(hours=40), ["files"]) == {}


def test_a_webhook_that_is_off_is_an_alarm_until_it_is_on_again(floor: Floor) -> None:
    with floor.app() as app, app.store.transaction() as tx:
        quiet.webhook(tx, "hubspot", floor.now, off=True)
        quiet.webhook(tx, "hubspot", floor.now, off=True)
        assert alerts.open_subjects(tx, quiet.WEBHOOK_OFF) == {("hubspot", "")}
        quiet.webhook(tx, "hubspot", floor.now, off=False)
        assert alerts.open_subjects(tx, quiet.WEBHOOK_OFF) == set()


# --- out into the world ----------------------------------------------------------------------


@contextmanager
def receiver() -> Iterator[tuple[str, list[Any]]]:
    """A local place that takes what apprise posts."""
    got: list[Any] = []

    class Taking(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            got.append(json.loads(self.rfile.read(size)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Taking)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"json://127.0.0.1:{server.server_port}/alarm", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_alarm_is_told_before_the_next_page_of_the_log_is_asked_for(floor: Floor) -> None:
    no(floor)
    floor.now += timedelta(days=2)
    told: list[int] = []

    class Slow(Scripted):
        def pull(self, stream: Stream, token: Token | None) -> Iterator[Page]:
            for page in super().pull(stream, token):
                yield page
                told.append(len(floor.post.got))

    log = Slow("dialer", Kind.CALL, fields=("called_number", "started_at"))
    for ident, number in (("a", "+4568000001"), ("b", "+4568000002"), ("c", "+4568000003")):
        at = "2026-11-26T08:15:00Z"
        log.tell(log.record(ident, Kind.CALL, called_number=number, started_at=at), kind=Kind.CALL)

    def only_the_dialer(app: App) -> None:
        floor.ready(app)
        app.systems = {"dialer": log}

    floor.systems = only_the_dialer
    floor.run()
    assert len(told) >= 3
    assert set(told) == {1}, "after the first page, and once only"


def test_an_alarm_arrives_over_the_wire(floor: Floor) -> None:
    pytest.importorskip("apprise")
    no(floor)
    floor.now += timedelta(days=2)
    floor.systems = None
    floor.calls(f"26-11-2026 09:15:00;Rav Elkedel;{PHONE};;Ring igen;Nord;Udgående;60")
    with receiver() as (url, got):
        floor.settings = {"alarms": Alarms(receivers={"team": Receiver(url=SecretStr(url))})}
        floor.run()
        assert [one["title"] for one in got] == ["Ringren: 1 opkald til en, der har sagt nej tak"]
    floor.now += timedelta(days=1)
    with floor.app(dry=False) as app:
        assert len(receivers(app)) == 1
        assert Teller(app).now() == 0, "nobody listens any more"
        with app.store.reading() as tx:
            assert alerts.undelivered(tx) == 1
