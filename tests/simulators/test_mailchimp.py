"""The Mailchimp simulator behaves as the vendor is known to. Nothing of our program is in here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from simulators.faults import Fault
from simulators.mailchimp.account import md5
from simulators.mailchimp.serving import KEY, Clock, Mailchimp, build
from simulators.running import surroundings
from simulators.web import served

LIST, MAIL = "a1", "bo@opdigtet-0001.dk"


@pytest.fixture
def vendor() -> Iterator[Mailchimp]:
    made = build(Clock())
    made.account.audience(LIST, "Nyhedsbrev")
    made.account.add(LIST, MAIL, FNAME="Bo")
    with served(made) as there:
        yield there


def said(vendor: Mailchimp, method: str, path: str, body: Any = None, key: str = KEY) -> Any:
    url = f"{vendor.address}/3.0{path}"
    return requests.request(method, url, json=body, auth=("any", key), timeout=5)


def member(vendor: Mailchimp, address: str = MAIL) -> Any:
    return said(vendor, "GET", f"/lists/{LIST}/members/{md5(address)}").json()


def put(vendor: Mailchimp, status: str, address: str = MAIL) -> Any:
    body = {"email_address": address, "status": status, "status_if_new": status}
    return said(vendor, "PUT", f"/lists/{LIST}/members/{md5(address)}", body)


def test_a_wrong_key_is_refused_as_a_problem(vendor: Mailchimp) -> None:
    answer = said(vendor, "GET", "/ping", key="wrong-us19")
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert (answer.status_code, answer.json()["title"]) == (401, "API Key Invalid")


def test_the_eleventh_call_at_once_is_refused_without_a_word(vendor: Mailchimp) -> None:
    vendor.seconds = 0.3
    with ThreadPoolExecutor(11) as pool:
        answers = list(pool.map(lambda _: said(vendor, "GET", "/ping"), range(11)))
    assert sorted(one.status_code for one in answers) == [200] * 10 + [429]
    [refused] = [one for one in answers if one.status_code == 429]
    assert "Retry-After" not in refused.headers


def test_who_unsubscribed_himself_is_in_a_compliance_state(vendor: Mailchimp) -> None:
    vendor.account.unsubscribe(LIST, MAIL)
    answer = put(vendor, "subscribed")
    assert (answer.status_code, answer.json()["title"]) == (400, "Member In Compliance State")
    assert member(vendor)["status"] == "unsubscribed"


def test_who_was_taken_off_by_a_program_can_be_put_on_again(vendor: Mailchimp) -> None:
    assert put(vendor, "unsubscribed").json()["status"] == "unsubscribed"
    assert put(vendor, "subscribed").json()["status"] == "subscribed"


def test_an_address_that_is_unknown_is_added_as_unsubscribed(vendor: Mailchimp) -> None:
    assert put(vendor, "unsubscribed", "ny@opdigtet-0002.dk").status_code == 200
    assert vendor.account.status(LIST, "ny@opdigtet-0002.dk") == "unsubscribed"


def test_an_archive_hides_what_somebody_said(vendor: Mailchimp) -> None:
    vendor.account.unsubscribe(LIST, MAIL)
    assert said(vendor, "DELETE", f"/lists/{LIST}/members/{md5(MAIL)}").status_code == 204
    assert member(vendor)["status"] == "archived"
    shown = said(vendor, "GET", f"/lists/{LIST}/members").json()
    assert (shown["members"], shown["total_items"]) == ([], 0)


def test_who_was_deleted_for_good_comes_back_in_no_way(vendor: Mailchimp) -> None:
    path = f"/lists/{LIST}/members/{md5(MAIL)}/actions/delete-permanent"
    assert said(vendor, "POST", path).status_code == 204
    assert put(vendor, "unsubscribed").json()["title"] == "Forgotten Email Not Subscribed"


def test_a_batch_is_answered_well_whatever_became_of_its_rows(vendor: Mailchimp) -> None:
    vendor.account.unsubscribe(LIST, MAIL)
    rows = [
        {"email_address": MAIL, "status": "subscribed"},
        {"email_address": "ny@opdigtet-0002.dk", "status": "unsubscribed"},
    ]
    answer = said(vendor, "POST", f"/lists/{LIST}", {"members": rows, "update_existing": True})
    told = answer.json()
    assert (answer.status_code, told["total_created"], told["error_count"]) == (200, 1, 1)
    assert told["errors"][0]["email_address"] == MAIL
    kept = said(vendor, "POST", f"/lists/{LIST}", {"members": rows[1:]}).json()
    assert kept["errors"][0]["error_code"] == "ERROR_CONTACT_EXISTS"


def test_an_import_subscribes_again_whom_a_program_took_off_and_nobody_else(
    vendor: Mailchimp,
) -> None:
    vendor.account.add(LIST, "al@opdigtet-0001.dk")
    put(vendor, "unsubscribed", "al@opdigtet-0001.dk")
    vendor.account.unsubscribe(LIST, MAIL)
    assert vendor.account.load(LIST, {MAIL: {}, "al@opdigtet-0001.dk": {}}) == [MAIL]
    assert vendor.account.status(LIST, "al@opdigtet-0001.dk") == "subscribed"


def test_required_fields_hold_for_new_members_unless_they_are_skipped(vendor: Mailchimp) -> None:
    vendor.account.audience("a2", FIRMA=True)
    row = {"email_address": MAIL, "status": "unsubscribed"}
    refused = said(vendor, "POST", "/lists/a2", {"members": [row]}).json()
    assert (refused["error_count"], refused["errors"][0]["field"]) == (1, "FIRMA")
    path = "/lists/a2?skip_merge_validation=true"
    assert said(vendor, "POST", path, {"members": [row]}).json()["total_created"] == 1


def test_changes_are_shown_by_their_time_page_by_page(vendor: Mailchimp) -> None:
    vendor.account.clock.pass_(60)
    for n in range(5):
        vendor.account.add(LIST, f"p{n}@opdigtet-0002.dk")
        vendor.account.clock.pass_(1)
    path = (
        f"/lists/{LIST}/members?since_last_changed=2026-11-24T09:00:30%2B00:00"
        "&sort_field=last_changed&sort_dir=ASC&count=2&offset=2"
    )
    told = said(vendor, "GET", path).json()
    assert told["total_items"] == 5
    assert [one["email_address"][:2] for one in told["members"]] == ["p2", "p3"]


def test_complaints_are_listed_with_their_day(vendor: Mailchimp) -> None:
    vendor.account.complain(LIST, MAIL)
    [told] = said(vendor, "GET", f"/lists/{LIST}/abuse-reports").json()["abuse_reports"]
    assert (told["email_address"], told["date"]) == (MAIL, "2026-11-24T09:00:00+00:00")
    assert member(vendor)["status"] == "unsubscribed"


def test_a_webhook_has_its_secret_in_its_address_and_tells_what_happened(
    vendor: Mailchimp,
) -> None:
    hook = {"url": "http://127.0.0.1:1/hemmelig", "events": {"unsubscribe": True}}
    said(vendor, "POST", f"/lists/{LIST}/webhooks", hook)
    vendor.account.unsubscribe(LIST, MAIL)
    [(url, form)] = vendor.account.events
    assert url.endswith("/hemmelig")
    assert (form["type"], form["data[email]"]) == ("unsubscribe", MAIL)
    assert form["fired_at"] == "2026-11-24 09:00:00"


def test_an_answer_can_be_lost_after_the_write(vendor: Mailchimp) -> None:
    vendor.fault(Fault.LOST, method="PUT")
    with pytest.raises(requests.ConnectionError):
        put(vendor, "unsubscribed")
    assert member(vendor)["status"] == "unsubscribed"


def test_every_accepted_write_is_in_the_journal(vendor: Mailchimp) -> None:
    put(vendor, "unsubscribed")
    last = vendor.account.journal[-1]
    assert (last["by"], last["before"], last["after"]) == ("api", "subscribed", "unsubscribed")


@pytest.mark.parametrize("name", ["mailchimp", "activecampaign"])
def test_it_starts_by_hand(name: str) -> None:
    command = [sys.executable, "-m", f"simulators.{name}", "--contacts", "9", "--asked"]
    process = subprocess.Popen(
        command, env=surroundings(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    told, _ = process.communicate("holds\n", timeout=60)
    assert process.returncode == 0
    assert f"[{name}]" in told
    assert "opdigtet-0001.dk" in json.dumps(json.loads(told.splitlines()[-1])["holds"])
