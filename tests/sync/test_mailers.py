"""A mail system beside a CRM: what somebody says in one of them holds in both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mailers import NAMES, Mailer, alone, beside
from simulators.faults import Fault

PHONE, MAIL = "+4568000001", "bo@opdigtet-0001.dk"


@pytest.fixture(params=NAMES)
def mailer(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mailer]:
    with alone(request.param, tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture(
    params=["mailchimp", pytest.param("activecampaign", marks=pytest.mark.slow)],
)
def pair(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mailer]:
    with beside(request.param, tmp_path, monkeypatch) as found:
        yield found


def told(mailer: Mailer, *args: str) -> Any:
    return json.loads(mailer.call("suppression", *args, "--json").stdout)


def deliver(mailer: Mailer) -> Any:
    return told(mailer, "deliver")["systems"]


def in_crm(mailer: Mailer) -> str:
    assert mailer.crm
    names = mailer.crm.names
    return mailer.crm.person("Asen", **{names["phone"]: PHONE, names["email"]: MAIL})


def out_of_mail_there(mailer: Mailer, ident: str) -> Any:
    assert mailer.crm
    return mailer.crm.snapshot()["contacts"][int(ident)].get("hs_email_optout")


def blocked(mailer: Mailer, *asked: str) -> Any:
    """The channels that are blocked."""
    found = told(mailer, "check", *asked)["channels"]
    return [one["channel"] for one in found if one["blocked"]]


def codes(mailer: Mailer) -> set[str]:
    found = json.loads(mailer.call("findings", "--json").stdout)
    return {one["finding"]["code"] for one in found}


def test_who_unsubscribes_there_is_out_of_mail_in_the_crm_and_on_every_list(
    pair: Mailer,
) -> None:
    ident, (one, other) = in_crm(pair), pair.lists
    pair.add(one, MAIL)
    pair.add(other, MAIL)
    pair.add(one, "al@opdigtet-0002.dk")
    deliver(pair)
    assert not out_of_mail_there(pair, ident)
    pair.leave(one, MAIL)
    deliver(pair)
    assert out_of_mail_there(pair, ident) == "true"
    assert (pair.state(one, MAIL), pair.state(other, MAIL)) == ("off", "off")
    assert pair.state(one, "al@opdigtet-0002.dk") == "on"
    assert blocked(pair, "--email", MAIL) == ["email"]


def test_an_opt_out_in_the_crm_takes_him_off_there_and_the_receipt_says_when(
    pair: Mailer,
) -> None:
    in_crm(pair)
    for where in pair.lists:
        pair.add(where, MAIL)
    deliver(pair)
    pair.call("suppression", "add", "--phone", PHONE)
    said = deliver(pair)[pair.system]
    assert [pair.state(where, MAIL) for where in pair.lists] == ["off", "off"]
    assert (said["written"], said["waiting"], said["open"]) == (2, 0, 0)
    (root,) = told(pair, "receipt", PHONE)["items"]
    [there] = [one for one in root["systems"] if one["system"] == pair.system]
    assert there["state"] == "confirmed"
    assert there["seconds"] > 0
    assert [one["type"] for one in told(pair, "list")].count("block") == 1, "own flags are no news"
    writes = [one for one in pair.vendor.calls if one.method != "GET"]
    deliver(pair)
    assert [one for one in pair.vendor.calls if one.method != "GET"] == writes


def test_an_opt_out_of_calls_alone_takes_nobody_off_mail(mailer: Mailer) -> None:
    mailer.add(mailer.lists[0], MAIL)
    mailer.call("suppression", "add", "--email", MAIL, "--channel", "call")
    assert deliver(mailer)[mailer.system]["open"] == 0
    assert mailer.state(mailer.lists[0], MAIL) == "on"


def test_nobody_is_ever_signed_up_whatever_is_lifted(mailer: Mailer) -> None:
    one, _ = mailer.lists
    mailer.add(one, MAIL)
    mailer.call("suppression", "add", "--email", MAIL)
    deliver(mailer)
    mailer.call("suppression", "correct", "1", "--by", "A", "--why", "wrong person")
    mailer.call("suppression", "approve", "1", "--by", "B")
    assert blocked(mailer, "--email", MAIL) == []
    mailer.call("run")
    mailer.call("suppression", "verify")
    assert mailer.state(one, MAIL) == "off"
    assert not any(
        b'"subscribed"' in call.body or b'"status":1' in call.body or b'"status": 1' in call.body
        for call in mailer.vendor.calls
    )


def test_an_address_that_nobody_knows_there_is_added_as_unsubscribed_only_where_wanted(
    mailer: Mailer, tmp_path: Path
) -> None:
    mailer.call("suppression", "add", "--email", MAIL)
    assert deliver(mailer)[mailer.system]["open"] == 0
    assert [mailer.state(where, MAIL) for where in mailer.lists] == ["", ""]
    settings = tmp_path / "ringren.toml"
    settings.write_text(settings.read_text("utf-8") + "add_unknown = true\n", "utf-8")
    mailer.call("suppression", "add", "--email", "ny@opdigtet-0003.dk")
    said = deliver(mailer)[mailer.system]
    assert (said["written"], said["open"]) == (1, 0)
    states = [mailer.state(where, "ny@opdigtet-0003.dk") for where in mailer.lists]
    assert states == ["off", "off"]
    (root,) = told(mailer, "receipt", "ny@opdigtet-0003.dk")["items"]
    assert [one["state"] for one in root["systems"]] == ["confirmed"]
    mailer.put_on(mailer.lists[1], "ny@opdigtet-0003.dk")
    deliver(mailer)
    assert mailer.state(mailer.lists[1], "ny@opdigtet-0003.dk") == "off"


def test_who_was_deleted_for_good_in_mailchimp_is_kept_away_by_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with alone("mailchimp", tmp_path, monkeypatch, "add_unknown = true") as mailer:
        for where in mailer.lists:
            mailer.add(where, MAIL)
            mailer.vendor.account.forget(where, MAIL)
        mailer.call("suppression", "add", "--email", MAIL)
        said = deliver(mailer)["mailchimp"]
        assert (said["open"], said["refused"]) == (0, 0)
        assert [mailer.state(where, MAIL) for where in mailer.lists] == ["", ""]


def test_a_mailbox_that_does_not_answer_is_no_opt_out_of_the_person(pair: Mailer) -> None:
    ident, (one, other) = in_crm(pair), pair.lists
    pair.add(one, MAIL)
    deliver(pair)
    pair.bounce(one, MAIL)
    deliver(pair)
    assert blocked(pair, "--email", MAIL) == ["email"]
    assert blocked(pair, "--phone", PHONE) == []
    (entry,) = told(pair, "list")
    assert (entry["type"], entry["channel"], entry["evidence"]) == ("block", "email", "bounce")
    assert not out_of_mail_there(pair, ident), "the person has not said no"
    assert (pair.state(one, MAIL), pair.state(other, MAIL)) == ("bounced", "")
    assert told(pair, "verify")["systems"][pair.system]["verdict"] == "green"
    why = pair.call("suppression", "why", MAIL).stdout
    assert "the person has not said no" in " ".join(why.split())


def test_who_is_signed_up_again_or_on_a_new_list_is_taken_off_again_and_reported(
    mailer: Mailer,
) -> None:
    one, _ = mailer.lists
    mailer.add(one, MAIL)
    mailer.call("suppression", "add", "--email", MAIL)
    deliver(mailer)
    assert mailer.state(one, MAIL) == "off"
    said = told(mailer, "verify")["systems"][mailer.system]
    assert (said["verdict"], said["records"], said["shown"]) == ("green", 1, 1)
    mailer.put_on(one, MAIL)
    new = mailer.add_list()
    mailer.add(new, MAIL)
    assert (mailer.state(one, MAIL), mailer.state(new, MAIL)) == ("on", "on")
    assert deliver(mailer)[mailer.system]["put_back"] == 1
    assert (mailer.state(one, MAIL), mailer.state(new, MAIL)) == ("off", "off")
    assert "flag_put_back" in codes(mailer)


def test_a_no_that_somebody_took_back_between_two_readings_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with alone("activecampaign", tmp_path, monkeypatch) as mailer:
        one, _ = mailer.lists
        mailer.add(one, MAIL)
        deliver(mailer)
        mailer.leave(one, MAIL)
        mailer.put_on(one, MAIL)
        deliver(mailer)
        assert blocked(mailer, "--email", MAIL) == ["email"]
        assert mailer.state(one, MAIL) == "off"
        mailer.put_on(one, MAIL)
        deliver(mailer)
        noes = [entry for entry in told(mailer, "list") if entry["type"] == "block"]
        assert len(noes) == 1, "what we put back ourselves is no second no"


def test_a_lost_answer_is_settled_by_reading_and_one_that_says_yes_proves_nothing(
    mailer: Mailer,
) -> None:
    one, _ = mailer.lists
    for address in (MAIL, "al@opdigtet-0002.dk"):
        mailer.add(one, address)
        mailer.call("suppression", "add", "--email", address)
    mailer.vendor.account.hollow.add("al@opdigtet-0002.dk")
    mailer.vendor.fault(Fault.LOST, method="POST")
    assert deliver(mailer)[mailer.system]["open"] == 1
    assert mailer.state(one, MAIL) == "off"
    assert mailer.state(one, "al@opdigtet-0002.dk") == "on"


def test_a_dry_run_hears_the_no_and_writes_nothing(mailer: Mailer) -> None:
    said = mailer.call("check", mailer.system)
    assert said.exit_code == 0, said.output
    assert "0 members" in said.output or "0 contacts" in said.output
    one, other = mailer.lists
    mailer.add(one, MAIL)
    mailer.add(other, MAIL)
    mailer.leave(one, MAIL)
    before = mailer.vendor.account.snapshot()
    mailer.call("run", "--dry-run")
    assert mailer.vendor.account.snapshot() == before
    assert all(one.method == "GET" for one in mailer.vendor.calls)
    assert blocked(mailer, "--email", MAIL) == ["email"]
