"""The Aircall simulator behaves as the vendor is known to. Nothing of our program is in here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from simulators.aircall.serving import Aircall, Clock, build
from simulators.running import surroundings
from simulators.web import served

KEY = ("opdigtet-id", "opdigtet-token")
PHONE = "+4568000001"


@pytest.fixture
def vendor() -> Iterator[Aircall]:
    with served(build(Clock())) as there:
        there.limit.a_minute = None
        yield there


def said(vendor: Aircall, method: str, path: str, body: Any = None, **query: Any) -> Any:
    url = f"{vendor.address}{path}"
    return requests.request(method, url, json=body, params=query, auth=KEY, timeout=5)


def test_without_a_key_and_with_a_wrong_one_the_answers_differ(vendor: Aircall) -> None:
    url = f"{vendor.address}/v1/ping"
    assert requests.get(url, timeout=5).status_code == 401
    assert requests.get(url, auth=("a", "b"), timeout=5).status_code == 403
    assert said(vendor, "GET", "/v1/ping").json() == {"ping": "pong"}
    assert said(vendor, "GET", "/v1/nothing").json() == {"message": "Not Found"}


def test_pages_are_cut_at_fifty_and_end_at_ten_thousand_without_a_word(vendor: Aircall) -> None:
    for _ in range(10_060):
        vendor.company.call(PHONE)
    first = said(vendor, "GET", "/v1/calls", per_page=100, order="asc").json()
    assert (len(first["calls"]), first["meta"]["per_page"]) == (50, 50)
    assert first["meta"]["total"] == 10_060
    assert len(said(vendor, "GET", "/v1/calls").json()["calls"]) == 20
    last = said(vendor, "GET", "/v1/calls", per_page=50, page=200, order="asc").json()
    assert (len(last["calls"]), last["meta"]["next_page_link"]) == (50, None)
    beyond = said(vendor, "GET", "/v1/calls", per_page=50, page=201, order="asc").json()
    assert beyond["calls"] == []


def test_numbers_are_spaced_and_contacts_left_out_unless_asked_for(vendor: Aircall) -> None:
    company = vendor.company
    who = company.contact(last_name="Prøvesen", phone_numbers=[PHONE])
    ident = company.call(PHONE, contact=who)
    one = said(vendor, "GET", f"/v1/calls/{ident}").json()["call"]
    assert (one["raw_digits"], one["contact"]) == ("+45 68 00 00 01", None)
    one = said(vendor, "GET", f"/v1/calls/{ident}", fetch_contact="true").json()["call"]
    assert one["contact"]["id"] == who


def test_calls_are_shown_for_six_months_and_some_of_them_late(vendor: Aircall) -> None:
    vendor.company.call(PHONE, ago=190 * 86_400)
    late = vendor.company.call(PHONE, shown_after=60)
    assert said(vendor, "GET", "/v1/calls").json()["calls"] == []
    vendor.company.clock.pass_(61)  # type: ignore[attr-defined]
    assert [one["id"] for one in said(vendor, "GET", "/v1/calls").json()["calls"]] == [late]


@pytest.mark.parametrize("milliseconds", [False, True])
def test_too_many_calls_are_refused_with_a_reset_in_either_unit(
    vendor: Aircall, *, milliseconds: bool
) -> None:
    vendor.limit.a_minute, vendor.limit.milliseconds = 2, milliseconds
    for _ in range(2):
        assert said(vendor, "GET", "/v1/ping").status_code == 200
    refused = said(vendor, "GET", "/v1/ping")
    assert refused.status_code == 429
    reset = int(refused.headers["X-AircallApi-Reset"])
    assert (reset > 10**11) == milliseconds
    vendor.limit.said = False
    assert "X-AircallApi-Reset" not in said(vendor, "GET", "/v1/ping").headers


def test_a_queue_is_read_under_numbers_and_emptied_row_by_row(vendor: Aircall) -> None:
    company = vendor.company
    user, other, none = company.user("Rav"), company.user("Birk"), company.user("Lyng")
    company.without_dialer.add(none)
    path = f"/v1/users/{user}/dialer_campaign"
    assert said(vendor, "GET", path).status_code == 404
    assert said(vendor, "POST", path, {"phone_numbers": [PHONE]}).status_code == 204
    assert (
        said(vendor, "GET", f"/v1/users/{none}{path[len(f'/v1/users/{user}') :]}").status_code
        == 405
    )
    [row] = said(vendor, "GET", f"{path}/phone_numbers").json()["numbers"]
    assert (row["number"], row["called"]) == (PHONE, False)
    again = said(vendor, "POST", f"{path}/phone_numbers", {"phone_numbers": [PHONE]})
    assert (again.status_code, again.json()["troubleshoot"]) == (422, "already imported")
    wrong = f"/v1/users/{other}/dialer_campaign/phone_numbers/{row['id']}"
    assert said(vendor, "DELETE", wrong).status_code == 404
    assert said(vendor, "DELETE", f"{path}/phone_numbers/{row['id']}").status_code == 204
    assert company.queued() == set()
    assert company.journal[-1].who == "api"


def test_a_contact_is_changed_by_post_and_other_names_have_no_effect(vendor: Aircall) -> None:
    ident = vendor.company.contact(last_name="Prøvesen", phone_numbers=[PHONE])
    path = f"/v1/contacts/{ident}"
    assert said(vendor, "PUT", path, {"last_name": "X"}).status_code == 404
    body = {"information": "RING IKKE", "tags": ["nej"]}
    assert said(vendor, "POST", path, body).status_code == 200
    one = said(vendor, "GET", path).json()["contact"]
    assert (one["information"], "tags" in one, one["last_name"]) == ("RING IKKE", False, "Prøvesen")
    found = said(vendor, "GET", "/v1/contacts/search", phone_number=PHONE).json()["contacts"]
    assert [row["id"] for row in found] == [ident]
    assert said(vendor, "GET", "/v1/contacts/search").status_code == 400


def test_a_webhook_without_events_has_all_and_is_off_after_failures(vendor: Aircall) -> None:
    company = vendor.company
    hook = said(vendor, "POST", "/v1/webhooks", {"url": "https://opdigtet-9001.dk/x"}).json()
    ident, token = hook["webhook"]["webhook_id"], hook["webhook"]["token"]
    call = company.call(PHONE)
    company.put_tag(call, company.tag("Ring ikke"))
    events = [message["event"] for _, message in company.outgoing]
    assert events == ["call.created", "call.ended", "call.tagged"]
    assert {message["token"] for _, message in company.outgoing} == {token}
    assert company.outgoing[-1][1]["data"]["call_uuid"] == f"CA{call:08d}"
    for _ in range(4):
        company.send(lambda _url, _body: 500)
    assert not said(vendor, "GET", "/v1/webhooks").json()["webhooks"][0]["active"]
    on = said(vendor, "PUT", f"/v1/webhooks/{ident}", {"active": True, "events": ["call.created"]})
    assert on.json()["webhook"]["active"]
    company.outgoing.clear()
    company.call(PHONE)
    assert company.send(lambda _url, _body: 200) == 0


def test_it_starts_by_hand() -> None:
    command = [sys.executable, "-m", "simulators.aircall", "--contacts", "20", "--calls", "30"]
    with subprocess.Popen(
        [*command, "--asked"], env=surroundings(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdin is not None
        lines = [process.stdout.readline() for _ in range(5)]
        assert lines[1] == "[aircall]\n"
        process.stdin.write("holds\n")
        process.stdin.close()
        held = json.loads(process.stdout.readline())["holds"]
    assert (len(held["contacts"]), len(held["calls"])) == (20, 30)
