"""Mail that was sent, as CRMs log it, held against the list by the rule that calls are held by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from crms import Crm, opened
from mailers import alone
from simulators.dynamics import HOST as DYNAMICS_HOST
from simulators.dynamics import Site
from simulators.dynamics.site import CLIENT, SECRET, TENANT
from simulators.mailchimp.account import md5
from simulators.salesforce.serving import HOST, Clock, build
from simulators.web import served

from connectors.dynamics import Dynamics
from connectors.dynamics import client as dynamics
from connectors.entra import Login
from connectors.protocol import Connector, Pulls
from connectors.salesforce import Salesforce
from connectors.salesforce.client import Org
from connectors.salesforce.logins import ClientCredentials
from rules.attempts import Attempt, Direction, attempt
from rules.keys import Key, KeyKind
from rules.suppression import Channel

MAIL, OTHER = "bo@opdigtet-0001.dk", "al@opdigtet-0002.dk"
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture
def crm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    with opened("hubspot", tmp_path, monkeypatch) as found:
        file = tmp_path / "ringren.toml"
        text = file.read_text("utf-8")
        file.write_text(text.replace('"contacts"]', '"contacts", "emails"]'), "utf-8")
        yield found


def mail(crm: Crm, to: str, **more: str) -> int:
    """A mail that leaves now, by the vendor's clock."""
    portal = crm.vendor.portal
    told = {"hs_email_direction": "EMAIL", "hs_email_status": "SENT", "hs_email_to_email": to}
    return int(portal.create("emails", {"hs_timestamp": str(portal.now_ms), **told, **more}))


def found(crm: Crm) -> list[dict[str, Any]]:
    return list(json.loads(crm.call("violations", "--json").stdout)["shown"])


def test_a_mail_after_a_no_to_mail_alarms_and_others_do_not(crm: Crm) -> None:
    crm.person("Asen", email=MAIL)
    crm.call("run")
    crm.call("suppression", "add", "--email", MAIL, "--channel", "email", "--at", "2026-03-01")
    crm.call("suppression", "add", "--email", OTHER, "--channel", "call", "--at", "2026-03-01")
    # The simulated vendor lives a day behind: bring it to now, or the no was heard afterwards.
    for _ in range(25 * 60):
        crm.later()
    bad = mail(crm, f"{OTHER}; {MAIL}")
    mail(crm, OTHER)
    mail(crm, MAIL, hs_email_status="FAILED")
    mail(crm, MAIL, hs_email_direction="INCOMING_EMAIL")
    crm.call("run")
    [one] = found(crm)
    assert (one["channel"], one["verdict"]) == ("email", "certain")
    assert one["ref"] == f"hubspot/call/{bad}"
    shown = crm.call("violations").output
    assert "b•••@opdigtet-0001.dk" in shown, "whoever said no, and not who else it went to"
    assert MAIL not in shown
    log = json.loads(crm.call("contact-log", MAIL, "--json").stdout)
    assert "email" in json.dumps(log)


@pytest.mark.parametrize("to", [MAIL, f"{OTHER}; {MAIL}"], ids=["alone", "the second of two"])
def test_a_no_that_is_heard_after_the_mail_alarms_too(crm: Crm, to: str) -> None:
    mail(crm, to)
    crm.call("run")
    assert found(crm) == []
    said = ("--email", MAIL, "--channel", "email", "--at", "2026-03-01", "--by", "anna")
    crm.call("suppression", "add", *said)
    crm.call("run")
    [one] = found(crm)
    assert (one["channel"], one["cause"]) == ("email", "heard_late")
    assert "b•••@opdigtet-0001.dk" in crm.call("violations").output
    said = ("--email", "en.anden@opdigtet-0003.dk", "--channel", "email", "--at", "2026-03-01")
    crm.call("suppression", "add", *said)
    crm.call("run")
    assert len(found(crm)) == 1


def test_a_mailing_that_went_to_somebody_who_said_no_alarms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with alone("mailchimp", tmp_path, monkeypatch, "mailing_days = 31") as mailer:
        account = mailer.vendor.account
        for _ in range(25 * 60):  # as above
            mailer.later()
        account.add("a1", OTHER)
        account.mail("a1", "Før")
        mailer.call("run")
        mailer.call("suppression", "add", "--email", MAIL, "--channel", "email")
        for _ in range(5):
            mailer.later()
        bad = account.mail("a1", "Efter", MAIL)
        mailer.call("run")
        [one] = json.loads(mailer.call("violations", "--json").stdout)["shown"]
        shown = mailer.call("violations").output
    assert (one["channel"], one["verdict"]) == ("email", "certain")
    assert one["ref"] == f"mailchimp/call/{bad.id}.{md5(MAIL)}"
    assert one["call_list"] == "Efter"
    assert MAIL not in shown


def test_a_text_to_somebody_who_said_no_alarms_and_a_stop_bars_every_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = 'text_days = 31\ntext_zone = "Etc/GMT+6"'
    with alone("activecampaign", tmp_path, monkeypatch, more) as mailer:
        account = mailer.vendor.account
        for mail, number in ((MAIL, "+4568000001"), (OTHER, "+4568000002")):
            account.add(mail, 1, phone=number)
        before = account.text("Før", MAIL, OTHER)
        mailer.call("run")
        assert json.loads(mailer.call("violations", "--json").stdout)["shown"] == []
        mailer.call("suppression", "add", "--phone", "68000001", "--channel", "sms")
        before.stops.add(account.find(OTHER).id)
        mailer.call("run")
        for _ in range(25 * 60):  # as above
            mailer.later()
        bad = account.text("Efter", MAIL, OTHER)
        mailer.call("run")
        shown = json.loads(mailer.call("violations", "--json").stdout)["shown"]
        why = mailer.call("suppression", "why", "68000002").output
    assert {(one["channel"], one["ref"]) for one in shown} == {
        ("sms", f"activecampaign/call/{bad.id}.{n}") for n in bad.sent_to
    }
    assert {one["call_list"] for one in shown} == {"Efter"}
    assert "ActiveCampaign: SMS stop" in why


def test_texts_are_not_read_before_their_zone_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with alone("activecampaign", tmp_path, monkeypatch, "text_days = 31") as mailer:
        found = mailer.call("run")
    assert found.exit_code != 0
    assert "text_zone" in found.output


# --- what each system's log comes to -------------------------------------------------------------


def read(connector: Connector, name: str) -> list[Attempt]:
    assert isinstance(connector, Pulls)
    [stream] = [one for one in connector.streams() if one.name == name]
    assert stream.can.calls
    assert {"recipient", "channel"}.isdisjoint({column.canonical for column in stream.columns})
    pages = connector.pull(stream, None)
    return [one for page in pages for record in page.records if (one := attempt(record))]


def addresses(*mails: str) -> tuple[Key, ...]:
    return tuple(Key(KeyKind.EMAIL, one) for one in mails)


def test_salesforce_shows_what_left_and_no_drafts() -> None:
    with served(build(Clock(stopped=NOON, ahead=timedelta()))) as vendor:
        sent = {"MessageDate": "2026-11-25T08:00:00.000+0000", "Incoming": False, "Status": "3"}
        vendor.org.add("EmailMessage", ToAddress=f"{MAIL}; {OTHER}", **sent)
        vendor.org.add("EmailMessage", ToAddress=MAIL, **{**sent, "Incoming": True})
        vendor.org.add("EmailMessage", ToAddress=MAIL, **{**sent, "Status": "5"})
        vendor.clock.pass_by(minutes=1)
        app, clock = vendor.desk.tickets.app, vendor.clock
        line = Org(
            "salesforce", ClientCredentials(HOST, app.key, app.secret), clock=clock,
            elsewhere=vendor.elsewhere, elapsed=lambda: clock().timestamp(), sleep=lambda _: None,
        )  # fmt: skip
        [one] = read(Salesforce("salesforce", line, objects=["EmailMessage"]), "EmailMessage")
    assert (one.channel, one.direction) == (Channel.EMAIL, Direction.OUTBOUND)
    assert one.numbers == addresses(MAIL, OTHER)
    assert one.span is not None
    assert one.span.start == datetime(2026, 11, 25, 8, tzinfo=UTC)


def test_dynamics_shows_what_was_sent() -> None:
    with Site() as site:
        row = {"subject": "x", "directioncode": True, "senton": "2026-11-02T08:00:00Z"}
        site.org.add("email", torecipients=f"{MAIL};{OTHER};", statuscode=3, **row)
        site.org.add("email", torecipients=MAIL, statuscode=1, **row)
        line = dynamics.Org(
            "dynamics", DYNAMICS_HOST, Login(TENANT, CLIENT, SECRET),
            clock=site.org.clock, elsewhere=site.elsewhere, sleep=lambda _: None,
        )  # fmt: skip
        [one] = read(Dynamics("dynamics", line, objects=["email"]), "email")
    assert (one.channel, one.direction) == (Channel.EMAIL, Direction.OUTBOUND)
    assert one.numbers == addresses(MAIL, OTHER)
