"""The mailbox of opt-outs, read over IMAP from a real server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from mailserver import PASSWORD, MailServer, mail_server

from connectors import mailbox as line
from rules.errors import Exit, SystemStopped, TryAgain
from rules.keys import Key, KeyKind
from state import alerts, deliveries
from state.ledger import head, newest, payloads
from sync.app import App, open_app
from sync.cli import program
from sync.settings import SettingsError, read
from sync.suppression import desk, erasing, lifts, mailbox

ROOT = Path(__file__).parents[2]
PETER = Key(KeyKind.EMAIL, "peter@opdigtet-0001.dk")
NO = b"""From: Peter Opdigtet <Peter@opdigtet-0001.dk>
To: nejtak@opdigtet-0009.dk
Message-ID: <no-1@opdigtet-0001.dk>
Subject: Nej tak

Ring ikke mere til mig paa 68 12 34 56.
"""


@pytest.fixture(scope="module")
def running() -> Iterator[MailServer]:
    with mail_server() as found:
        yield found


@pytest.fixture
def server(running: MailServer) -> MailServer:
    """With an empty inbox."""
    running.empty("INBOX", "Ringren", "Ringren-unclear")
    return running


@pytest.fixture
def app(server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.setenv("MAILBOX_PASSWORD", PASSWORD)
    file = tmp_path / "ringren.toml"
    own = 'own_domains = ["opdigtet-0009.dk"]\n[alarms]\nburst_an_hour = 5\n'
    file.write_text(server.settings(own), "utf-8")
    settings = read(file=file, root=None, state=tmp_path / "state", lang="en")
    with open_app(settings, actor="tester", dry=False) as opened:
        yield opened


def entries(app: App) -> int:
    with app.store.reading() as tx:
        return head(tx).seq


def blocked(app: App, key: Key) -> list[bool]:
    return [one.blocked for one in desk.check(app, [key], app.clock()).channels]


def proposed(app: App) -> list[tuple[str, str]]:
    return [(one.keys[0].value, one.channel.value) for one in lifts.waiting(app)]


# --- what is recorded ------------------------------------------------------------------------


def test_who_writes_is_blocked_for_mail_at_once_and_the_rest_is_proposed(
    app: App, server: MailServer
) -> None:
    server.deliver(NO)
    found = mailbox.read(app)
    assert (found.mails, found.blocked, found.proposed, found.unclear) == (1, 1, 2, 0)
    assert blocked(app, PETER) == [False, True, False]
    assert blocked(app, Key(KeyKind.PHONE, "+4568123456")) == [False, False, False]
    assert proposed(app) == [(PETER.value, "call"), ("+4568123456", "call")]
    assert (server.subjects(), server.subjects("Ringren")) == ([], ["Nej tak"])


def test_one_person_confirms_a_proposal_and_it_goes_out_to_every_system(
    app: App, server: MailServer
) -> None:
    app.systems = {"dialer": None}  # type: ignore[dict-item]
    server.deliver(NO)
    mailbox.read(app)
    [first, second] = lifts.waiting(app)
    done = lifts.approve(app, second.request, "Anna")
    assert blocked(app, Key(KeyKind.PHONE, "+4568123456")) == [True, False, False]
    with app.store.reading() as tx:
        [entry, _] = newest(tx, 2)
        assert deliveries.of_entries(tx, [entry.seq])[entry.seq]
        assert payloads(tx, [entry.seq])[entry.seq].by == ("Anna",)
    assert done.entry == entry.seq
    lifts.refuse(app, first.request, "Anna", "han mente noget andet")
    assert lifts.waiting(app) == []
    assert blocked(app, PETER) == [False, True, False]


def test_the_same_mail_counts_once_however_often_it_is_read(app: App, server: MailServer) -> None:
    for _ in range(3):
        server.deliver(NO)
        mailbox.read(app)
    assert entries(app) == 1
    assert len(proposed(app)) == 2
    for one in lifts.waiting(app):
        lifts.refuse(app, one.request, "Anna", "nej")
    server.deliver(NO)
    assert mailbox.read(app).known == 1
    assert (entries(app), proposed(app)) == (
        1,
        [(PETER.value, "call"), ("+4568123456", "call")][:0],
    )


def test_a_colleague_who_passes_a_mail_on_is_not_blocked(app: App, server: MailServer) -> None:
    server.deliver(
        b"From: anna@opdigtet-0009.dk\nSubject: Peter vil ikke\n\nDet er peter@opdigtet-0001.dk\n"
    )
    assert mailbox.read(app).blocked == 0
    assert entries(app) == 0
    assert proposed(app) == [(PETER.value, "email")]


def test_machines_block_nobody_and_what_is_unclear_is_put_aside(
    app: App, server: MailServer
) -> None:
    bounce = b"From: MAILER-DAEMON@opdigtet-0002.dk\nSubject: Undelivered\n\nx\n"
    absent = b"From: a@opdigtet-0002.dk\nAuto-Submitted: auto-replied\nSubject: Ferie\n\nJeg er her ikke\n"
    nobody = b"From: \nSubject: hvem\n\nhej\n"
    server.deliver(bounce, absent, nobody)
    found = mailbox.read(app)
    assert (found.automatic, found.unclear, entries(app)) == (2, 1, 0)
    assert server.subjects("Ringren-unclear") == ["hvem"]
    assert server.subjects() == []


def test_an_unusual_mass_is_recorded_whole_and_alarmed(app: App, server: MailServer) -> None:
    server.deliver(
        *(NO.replace(b"eter@", b"%d@" % n).replace(b"no-1", b"n%d" % n) for n in range(8))
    )
    assert mailbox.read(app).blocked == 8
    with app.store.reading() as tx:
        [alarm] = alerts.listed(tx, [alerts.OPEN], 5)
    assert (alarm.code, alarm.system, alarm.details["count"]) == ("burst", "mail", 8)


def test_hostile_mails_stop_nobody_elses_no(app: App, server: MailServer) -> None:
    server.deliver(
        b"From: =?x?q?=?= <>,,;:@@\nSubject: =?utf-8?b?////?=\nContent-Type: text/plain; charset=nope\n\n\xff\xfe\n",
        b"From: " + b"a" * 5000 + b"@x\nMessage-ID: <\xe6>\n\n" + b"68 12 34 5" * 5000,
        b"Content-Type: multipart/mixed; boundary=b\nFrom: x\n\n--b\n--b\n--b--\n" * 3,
        b"\n",
        NO,
    )
    assert mailbox.read(app).mails == 5
    assert blocked(app, PETER)[1] is True
    assert server.subjects() == []


def test_of_a_giant_mail_the_head_is_enough(
    app: App, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "MOST_BYTES", 10_000)
    server.deliver(NO + b"68 99 99 99\n" * 2000)
    found = mailbox.read(app)
    assert (found.blocked, found.proposed) == (1, 0)


def test_erasing_somebody_empties_what_mails_proposed_of_him(app: App, server: MailServer) -> None:
    server.deliver(NO)
    mailbox.read(app)
    erasing.erase(app, [Key(KeyKind.PHONE, "+4568123456")], "Anna")
    assert lifts.waiting(app) == []
    server.deliver(NO)
    mailbox.read(app)
    assert lifts.waiting(app) == [], "a mail that is read again brings nothing back"
    home = app.settings.home
    erasing.erase(app, [PETER], "Anna")
    with app.store.transaction() as tx:
        rows = tx.exec_driver_sql("SELECT payload FROM requests").scalars().all()
    assert rows == [None, None], home


# --- kept until recorded ---------------------------------------------------------------------


KILLED = """
import os, signal, sys
from connectors import mailbox
mailbox.Folder.put_away = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
sys.argv = ["sync", "suppression", "mailbox", "--settings", sys.argv[1], "--state", sys.argv[2]]
from sync.__main__ import main
main()
"""


def test_killed_between_record_and_move_the_mail_lies_there_and_counts_once(
    app: App, server: MailServer, tmp_path: Path
) -> None:
    server.deliver(NO)
    place = (str(tmp_path / "ringren.toml"), str(tmp_path / "state"))
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", KILLED, *place], check=False, env=env, cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    assert (server.subjects(), entries(app)) == (["Nej tak"], 1)
    found = mailbox.read(app)
    assert (found.blocked, found.known, found.proposed) == (0, 1, 0)
    assert (server.subjects(), entries(app), len(proposed(app))) == ([], 1, 2)


def test_what_cannot_be_recorded_stays_where_it_lies(
    app: App, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.deliver(NO)
    monkeypatch.setattr(mailbox, "hear", _full)
    with pytest.raises(SystemStopped):
        mailbox.read(app)
    assert server.subjects() == ["Nej tak"]


def _full(*_: object) -> None:
    raise SystemStopped("error.state_full", reason="full")


def test_a_mailbox_that_lets_nobody_in_or_is_not_there_is_told(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = app.settings.mailbox.model_copy
    app.settings = app.settings.model_copy(update={"mailbox": other(update={"user": "x"})})
    with pytest.raises(SystemStopped, match="login") as caught:
        mailbox.read(app)
    assert PASSWORD not in repr(caught.value.__dict__)
    gone = other(update={"port": 1})
    app.settings = app.settings.model_copy(update={"mailbox": gone})
    with pytest.raises(TryAgain, match="unreachable"):
        mailbox.read(app)


def test_a_password_goes_over_no_network_in_clear(tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    file.write_text('[mailbox]\nhost = "imap.opdigtet-0001.dk"\nprotection = "none"\n', "utf-8")
    with pytest.raises(SettingsError, match="in clear"):
        read(file=file, root=None, state=tmp_path / "state", lang="en")
    file.write_text('[mailbox]\nhost = "x"\npassword = "abc"\n', "utf-8")
    with pytest.raises(SettingsError, match="password"):
        read(file=file, root=None, state=tmp_path / "state", lang="en")


def test_sync_check_tries_every_door_and_says_what_is_wrong_with_it(
    app: App, server: MailServer, tmp_path: Path
) -> None:
    file = tmp_path / "ringren.toml"
    doors = "[api]\nport = 8710\n[form]\nport = 8711\n"
    file.write_text(file.read_text("utf-8") + doors, "utf-8")

    def check() -> Result:
        there = ["--settings", str(file), "--state", str(tmp_path / "state"), "--lang", "en"]
        return CliRunner().invoke(program, ["check", *there])

    done = check()
    assert done.exit_code == Exit.USER
    for said in ("The API is opened on 127.0.0.1:8710", "lets us in", "has to say who asks"):
        assert said in done.output, done.output
    (tmp_path / "x.pem").write_text("x", "utf-8")
    more = 'company = "Opdigtet ApS"\ncertificate_file = "x.pem"\nkey_file = "x.pem"\n'
    text = file.read_text("utf-8").replace("nejtak", "x") + more
    file.write_text(text, "utf-8")
    wrong = check().output
    assert "certificate of form cannot be used" in wrong
    assert "does not let us into the mailbox" in wrong


def test_the_command_says_what_became_of_the_mails(
    app: App, server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.deliver(NO)
    there = ["--settings", str(tmp_path / "ringren.toml"), "--state", str(tmp_path / "state")]

    def sync(*args: str) -> Result:
        return CliRunner().invoke(program, ["suppression", *args, *there, "--lang", "da"])

    done = sync("mailbox")
    assert done.exit_code == Exit.OK, done.output
    assert "1 afsender spærret" in done.output
    listed = sync("requests")
    assert "en mail til postkassen" in listed.output
    assert "68 12 34 56" not in listed.output
    assert "68 12 34 56" in sync("requests", "--clear").output
    assert "Godkendt af Bent" in sync("approve", "2", "--by", "Bent").output
    assert "forslag" not in sync("mailbox").output
