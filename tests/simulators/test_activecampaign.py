"""The ActiveCampaign simulator behaves as the vendor is known to. Nothing of our program is in here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from simulators.activecampaign.serving import KEY, ActiveCampaign, Clock, build
from simulators.web import served

MAIL = "bo@opdigtet-0001.dk"


@pytest.fixture
def vendor() -> Iterator[ActiveCampaign]:
    made = build(Clock())
    made.account.add_list("Nyhedsbrev")
    made.account.add(MAIL, 1, firstName="Bo")
    with served(made) as there:
        yield there


def said(vendor: ActiveCampaign, method: str, path: str, body: Any = None, key: str = KEY) -> Any:
    url = f"{vendor.address}/api/3{path}"
    return requests.request(method, url, json=body, headers={"Api-Token": key}, timeout=5)


def put(vendor: ActiveCampaign, status: int, on: int = 1) -> Any:
    row = {"contactList": {"list": on, "contact": 1, "status": status}}
    return said(vendor, "POST", "/contactLists", row)


def test_a_wrong_key_is_refused_with_403(vendor: ActiveCampaign) -> None:
    assert said(vendor, "GET", "/users/me", key="wrong").status_code == 403


def test_the_sixth_call_in_a_second_is_turned_away(vendor: ActiveCampaign) -> None:
    vendor.desk.per_second = 5  # type: ignore[attr-defined]
    answers = [said(vendor, "GET", "/users/me") for _ in range(6)]
    assert [one.status_code for one in answers] == [200] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "1"
    vendor.account.clock.pass_(1)
    assert said(vendor, "GET", "/users/me").status_code == 200


def test_numbers_are_text_and_times_have_the_account_s_zone(vendor: ActiveCampaign) -> None:
    told = said(vendor, "GET", "/contacts?include=contactLists&listid=1&status=-1").json()
    [contact], [row] = told["contacts"], told["contactLists"]
    assert (contact["id"], row["contact"], row["status"], told["meta"]["total"]) == (
        ("1", "1", "1", "1")
    )
    assert contact["udate"] == "2026-11-24T03:00:00-06:00"


def test_an_opt_out_holds_for_one_list_and_a_new_list_is_not_covered(
    vendor: ActiveCampaign,
) -> None:
    second = vendor.account.add_list("Tilbud")
    assert put(vendor, 2).status_code == 200
    put(vendor, 1, second)
    account = vendor.account
    assert (account.status(MAIL, 1), account.status(MAIL, second)) == ("2", "1")


def test_status_one_signs_up_again_whoever_said_no(vendor: ActiveCampaign) -> None:
    vendor.account.unsubscribe(MAIL, 1)
    put(vendor, 1)
    assert vendor.account.status(MAIL, 1) == "1"


def test_an_import_does_not_and_tells_no_webhook(vendor: ActiveCampaign) -> None:
    hook = {"url": "https://opdigtet-9001.dk/hemmelig", "events": ["unsubscribe", "subscribe"]}
    assert said(vendor, "POST", "/webhooks", {"webhook": hook}).status_code == 201
    vendor.account.unsubscribe(MAIL, 1)
    vendor.account.load(1, {MAIL: {}, "ny@opdigtet-0002.dk": {}})
    assert vendor.account.status(MAIL, 1) == "2"
    assert [form["type"] for _, form in vendor.account.events] == ["unsubscribe"]


def test_a_hard_bounce_stands_on_the_contact_with_its_log(vendor: ActiveCampaign) -> None:
    vendor.account.bounce(MAIL)
    told = said(vendor, "GET", "/contacts/1").json()
    assert (told["contact"]["bounced_hard"], told["contactLists"][0]["status"]) == ("1", "3")
    assert told["bounceLogs"][0]["codeid"] == "5.1.1"


def test_who_is_deleted_is_forgotten_with_what_he_said(vendor: ActiveCampaign) -> None:
    vendor.account.unsubscribe(MAIL, 1)
    said(vendor, "DELETE", "/contacts/1")
    vendor.account.load(1, {MAIL: {}})
    assert vendor.account.status(MAIL, 1) == "1"


def test_pages_go_by_id(vendor: ActiveCampaign) -> None:
    for n in range(3):
        vendor.account.add(f"p{n}@opdigtet-0002.dk", 1)
    path = "/contacts?listid=1&status=-1&orders[id]=ASC&limit=2&id_greater=2"
    told = said(vendor, "GET", path).json()
    assert [one["email"][:2] for one in told["contacts"]] == ["p1", "p2"]
    some = said(vendor, "GET", "/contacts?ids[]=1&ids[]=3").json()["contacts"]
    assert [one["id"] for one in some] == ["1", "3"]


def test_an_address_that_is_none_is_refused(vendor: ActiveCampaign) -> None:
    answer = said(vendor, "POST", "/contact/sync", {"contact": {"email": "ikke en adresse"}})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "invalid")


def test_a_batch_takes_many_off_at_once(vendor: ActiveCampaign) -> None:
    people = [{"email": MAIL, "unsubscribe": [{"listid": 1}]}]
    told = said(vendor, "POST", "/import/bulk_import", {"contacts": people}).json()
    info = said(vendor, "GET", f"/import/info?batchId={told['batchId']}").json()
    assert (info["status"], vendor.account.status(MAIL, 1)) == ("completed", "2")
