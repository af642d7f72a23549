"""The HubSpot simulator: the stock client talks to it, and it behaves as the vendor is known to.

Nothing of our program is in here: `hubspot-api-client` with its own connection pool.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from hubspot import HubSpot
from simulators.faults import Fault
from simulators.hubspot.limits import plan
from simulators.hubspot.people import cvr, fill
from simulators.hubspot.portal import Clock, Portal
from simulators.hubspot.schema import iso
from simulators.hubspot.serving import Vendor, build
from simulators.hubspot.tickets import KEY
from simulators.web import served
from urllib3.util.retry import Retry

SPEC = Path(__file__).parents[3] / "shared/specs/hubspot/contract.json"


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with served(build(Clock())) as vendor:
        yield vendor


@pytest.fixture
def stock(vendor: Vendor) -> Any:
    return HubSpot(access_token=KEY, host=vendor.address, retry=Retry(total=0))


def _tick(vendor: Vendor) -> Clock:
    clock = vendor.portal.clock
    assert isinstance(clock, Clock)
    return clock


def _people(portal: Portal, many: int) -> list[int]:
    return [
        portal.create("contacts", {"firstname": f"Prøve {n}", "email": f"P{n}@Opdigtet-0001.dk "})
        for n in range(many)
    ]


def _post(vendor: Vendor, path: str, body: Any, token: str = KEY) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(vendor.address + path, json=body, headers=headers, timeout=5)


def test_the_stock_client_reads_pages(vendor: Vendor, stock: Any) -> None:
    ids = _people(vendor.portal, 130)
    first = stock.crm.contacts.basic_api.get_page(limit=100, properties=["email", "jobtitle"])
    assert [one.id for one in first.results] == [str(n) for n in ids[:100]]
    assert first.results[0].properties["email"] == "p0@opdigtet-0001.dk"
    assert first.results[0].properties["jobtitle"] is None
    rest = stock.crm.contacts.basic_api.get_page(limit=100, after=first.paging.next.after)
    assert len(rest.results) == 30
    assert rest.paging is None
    assert len(stock.crm.contacts.get_all()) == 130


def test_v3_and_dated_paths_show_one_state(vendor: Vendor) -> None:
    [ident] = _people(vendor.portal, 1)
    body = {"inputs": [{"id": str(ident), "properties": {"jobtitle": "Direktør"}}]}
    assert _post(vendor, "/crm/v3/objects/contacts/batch/update", body).status_code == 200
    ask = {"inputs": [{"id": str(ident)}], "properties": ["jobtitle"]}
    for path in ("/crm/objects/2026-03/contacts", "/crm/v3/objects/contact", "/crm/v3/objects/0-1"):
        [found] = _post(vendor, f"{path}/batch/read", ask).json()["results"]
        assert found["properties"]["jobtitle"] == "Direktør"


def test_a_search_shows_at_most_ten_thousand_rows_and_compares_ids_as_numbers(
    vendor: Vendor, stock: Any
) -> None:
    portal = vendor.portal
    portal._last_id = 99_990
    for n in range(10_300):
        portal.load("contacts", {"firstname": f"P{n}"}, portal.now_ms - 1000)
    search = stock.crm.contacts.search_api.do_search
    by_id = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]

    def above(number: int, after: str | None = None) -> Any:
        only = {"propertyName": "hs_object_id", "operator": "GT", "value": str(number)}
        asked = {"filterGroups": [{"filters": [only]}], "sorts": by_id, "limit": 200}
        return search(public_object_search_request={**asked, **({"after": after} if after else {})})

    first = above(0)
    assert first.total == 10_300
    last = int(first.results[-1].id)
    assert above(last).results[0].id == str(last + 1)
    assert int(above(99_999).results[0].id) == 100_000
    with pytest.raises(Exception, match="400"):
        above(0, "9900")


def test_the_index_shows_a_change_late_and_with_the_stamp_that_it_had(
    vendor: Vendor, stock: Any
) -> None:
    portal = vendor.portal
    [ident] = _people(portal, 1)
    portal.lag_ms = 30_000
    _tick(vendor).pass_(60)
    written = portal.now_ms
    portal.edit("contacts", ident, jobtitle="Direktør")

    def seen() -> Any:
        asked = {"filterGroups": [], "properties": ["jobtitle"], "limit": 10}
        [found] = stock.crm.contacts.search_api.do_search(asked).results
        return found.properties

    assert seen()["jobtitle"] is None
    assert stock.crm.contacts.basic_api.get_by_id(ident, properties=["jobtitle"]).properties[
        "jobtitle"
    ]
    _tick(vendor).pass_(31)
    assert seen()["jobtitle"] == "Direktør"
    assert seen()["lastmodifieddate"] == iso(written)


def test_a_batch_is_answered_record_by_record_where_it_has_traces(
    vendor: Vendor, stock: Any
) -> None:
    one, two, three = _people(vendor.portal, 3)
    inputs = [
        {"id": str(one), "properties": {"jobtitle": "A"}, "objectWriteTraceId": "t1"},
        {"id": str(two), "properties": {"lifecyclestage": "Nej"}, "objectWriteTraceId": "t2"},
        {"id": str(three), "properties": {"email": "p0@opdigtet-0001.dk"}, "objectWriteTraceId": "t3"},
        {"id": "99", "properties": {"jobtitle": "A"}, "objectWriteTraceId": "t4"},
    ]  # fmt: skip
    told = _post(vendor, "/crm/v3/objects/contacts/batch/update", {"inputs": inputs})
    assert told.status_code == 207
    body = told.json()
    assert [row["id"] for row in body["results"]] == [str(one)]
    assert [e["category"] for e in body["errors"]] == [
        "VALIDATION_ERROR", "CONFLICT", "OBJECT_NOT_FOUND",
    ]  # fmt: skip
    assert body["errors"][0]["context"] == {"id": [str(two)], "objectWriteTraceId": ["t2"]}
    assert body["errors"][0]["errors"][0]["in"] == "lifecyclestage"
    assert body["errors"][2]["context"] == {"ids": ["99"]}
    typed = stock.crm.contacts.batch_api.update({"inputs": inputs[:2]})
    assert typed.num_errors == 1


def test_without_traces_one_bad_record_refuses_the_batch(vendor: Vendor) -> None:
    one, two = _people(vendor.portal, 2)
    before = vendor.portal.snapshot()
    inputs: list[dict[str, Any]] = [
        {"id": str(one), "properties": {"jobtitle": "A"}},
        {"id": str(two), "properties": {"no_such": "A"}},
    ]
    told = _post(vendor, "/crm/v3/objects/contacts/batch/update", {"inputs": inputs})
    assert (told.status_code, told.json()["category"]) == (400, "VALIDATION_ERROR")
    assert vendor.portal.snapshot() == before


def test_history_is_newest_first_and_names_its_source(vendor: Vendor, stock: Any) -> None:
    [ident] = _people(vendor.portal, 1)
    for title in ("A", "B"):
        _tick(vendor).pass_(1)
        vendor.portal.edit("contacts", ident, jobtitle=title)
    read = {"inputs": [{"id": str(ident)}], "properties": [], "propertiesWithHistory": ["jobtitle"]}
    [found] = stock.crm.contacts.batch_api.read(read).results
    past = found.properties_with_history["jobtitle"]
    assert [(one.value, one.source_type) for one in past] == [("B", "CRM_UI"), ("A", "CRM_UI")]


@pytest.mark.parametrize("third", [True, False])
def test_a_merged_record_is_answered_with_the_one_that_remains(
    vendor: Vendor, stock: Any, *, third: bool
) -> None:
    one, two = _people(vendor.portal, 2)
    stays = vendor.portal.merge("contacts", one, two, third=third)
    assert (stays == one) is not third
    found = stock.crm.contacts.basic_api.get_by_id(two, properties=["hs_merged_object_ids"])
    assert found.id == str(stays)
    eaten = found.properties["hs_merged_object_ids"].split(";")
    assert eaten == ([str(one), str(two)] if third else [str(two)])
    asked = {"filterGroups": [], "limit": 10}
    assert [r.id for r in stock.crm.contacts.search_api.do_search(asked).results] == [str(stays)]


def test_the_bin_shows_what_was_archived_and_nothing_of_what_was_forgotten(
    vendor: Vendor, stock: Any
) -> None:
    one, two, three = _people(vendor.portal, 3)
    stock.crm.contacts.basic_api.archive(one)
    vendor.portal.forget("contacts", two)
    shown = stock.crm.contacts.basic_api.get_page(limit=100, archived=True).results
    assert [(row.id, row.archived) for row in shown] == [(str(one), True)]
    assert shown[0].archived_at is not None
    assert [r.id for r in stock.crm.contacts.basic_api.get_page().results] == [str(three)]


def test_what_may_not_be_seen_is_neither_shown_nor_written(vendor: Vendor, stock: Any) -> None:
    [ident] = _people(vendor.portal, 1)
    vendor.portal.hidden.add(("contacts", "phone"))
    names = {one.name for one in stock.crm.properties.core_api.get_all("contacts").results}
    assert "phone" not in names
    found = stock.crm.contacts.basic_api.get_by_id(ident, properties=["phone", "fax"])
    assert "fax" in found.properties
    assert "phone" not in found.properties
    body = {"properties": {"phone": "68000001"}}
    headers = {"Authorization": f"Bearer {KEY}"}
    url = f"{vendor.address}/crm/v3/objects/contacts/{ident}"
    assert requests.patch(url, json=body, headers=headers, timeout=5).status_code == 400


def test_properties_and_groups_are_made_once(vendor: Vendor, stock: Any) -> None:
    stock.crm.properties.groups_api.create("contacts", {"name": "eget", "label": "Eget"})
    wish = {
        "name": "nej_tak", "label": "Nej tak", "type": "bool", "fieldType": "booleancheckbox",
        "groupName": "eget", "options": [{"label": "Ja", "value": "true", "hidden": False}],
    }  # fmt: skip
    assert stock.crm.properties.core_api.create("contacts", wish).name == "nej_tak"
    with pytest.raises(Exception, match="409"):
        stock.crm.properties.core_api.create("contacts", wish)


def test_rates_are_counted_in_ten_seconds_searches_in_one_and_all_in_a_day(vendor: Vendor) -> None:
    vendor.limits = plan("free")
    asked = {"filterGroups": []}
    said = [_post(vendor, "/crm/v3/objects/contacts/search", asked) for _ in range(6)]
    assert [one.status_code for one in said] == [200] * 5 + [429]
    assert said[-1].json()["policyName"] == "SECONDLY"
    assert "X-HubSpot-RateLimit-Daily" not in said[0].headers
    _tick(vendor).pass_(2)
    read: dict[str, Any] = {"inputs": []}
    told = [_post(vendor, "/crm/v3/objects/contacts/batch/read", read) for _ in range(96)]
    assert told[-1].json()["policyName"] == "TEN_SECONDLY_ROLLING"
    assert told[0].headers["X-HubSpot-RateLimit-Daily-Remaining"] == "249994"
    _tick(vendor).pass_(11)
    vendor.limits.daily = 1
    assert (
        _post(vendor, "/crm/v3/objects/contacts/batch/read", read).json()["policyName"] == "DAILY"
    )


def test_a_scope_that_was_not_given_is_named(vendor: Vendor) -> None:
    vendor.tickets.scopes -= {"crm.objects.contacts.write"}
    told = _post(vendor, "/crm/v3/objects/contacts/batch/update", {"inputs": []})
    assert (told.status_code, told.json()["category"]) == (403, "MISSING_SCOPES")
    assert told.json()["context"]["requiredGranularScopes"] == ["crm.objects.contacts.write"]


def test_oauth_tokens_end_and_are_renewed(vendor: Vendor, stock: Any) -> None:
    app = vendor.tickets.app
    given = stock.oauth.tokens_api.create(
        grant_type="refresh_token",
        client_id=app.client_id,
        client_secret=app.client_secret,
        refresh_token=app.refresh_token,
    )
    read: dict[str, Any] = {"inputs": []}
    path = "/crm/v3/objects/contacts/batch/read"
    assert _post(vendor, path, read, given.access_token).status_code == 200
    _tick(vendor).pass_(given.expires_in + 1)
    assert _post(vendor, path, read, given.access_token).status_code == 401


def test_faults_strike_as_they_are_told(vendor: Vendor) -> None:
    [ident] = _people(vendor.portal, 1)
    path = "/crm/v3/objects/contacts/batch/update"

    def write(title: str) -> requests.Response:
        body = {"inputs": [{"id": str(ident), "properties": {"jobtitle": title}}]}
        return _post(vendor, path, body)

    def title() -> str:
        return vendor.portal.rows["contacts"][ident].values.get("jobtitle", "")

    for fault, done in ((Fault.LOST, "A"), (Fault.HALF, "B"), (Fault.DROPPED, "B")):
        vendor.fault(fault)
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            write("C" if fault is Fault.DROPPED else done)
        assert title() == done
    vendor.fault(Fault.STATUS, status=502)
    assert (write("D").status_code, title()) == (502, "B")
    vendor.portal.ineffective.add(ident)
    assert (write("E").status_code, title()) == (200, "B")
    vendor.fault(Fault.REVOKED)
    assert write("F").status_code == 401


def test_rivals_hear_of_what_the_api_writes_and_of_nothing_else(vendor: Vendor) -> None:
    [ident] = _people(vendor.portal, 1)

    def back(portal: Portal, entry: Any) -> None:
        portal.edit("contacts", ident, "WORKFLOW", jobtitle="Altid dette")

    vendor.portal.rival = back
    vendor.portal.edit("contacts", ident, jobtitle="Et menneskes")
    assert vendor.portal.rows["contacts"][ident].values["jobtitle"] == "Et menneskes"
    body = {"inputs": [{"id": str(ident), "properties": {"jobtitle": "Vores"}}]}
    _post(vendor, "/crm/v3/objects/contacts/batch/update", body)
    assert vendor.portal.rows["contacts"][ident].values["jobtitle"] == "Altid dette"
    assert [one.who for one in vendor.portal.journal[-2:]] == ["INTEGRATION", "WORKFLOW"]


def test_a_portal_fills_the_same_from_the_same_seed() -> None:
    one, two = build(Clock()), build(Clock())
    for vendor in (one, two):
        fill(vendor.portal, companies=20, contacts=50, calls=10)
    assert one.portal.snapshot() == two.portal.snapshot()
    assert len({cvr(n) for n in range(2000)}) == 2000


def test_it_starts_by_hand() -> None:
    command = [sys.executable, "-m", "simulators.hubspot", "--companies", "5", "--contacts", "9"]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        address = running.stdout.readline().removeprefix("# ").strip()
        headers = {"Authorization": f"Bearer {KEY}"}
        url = f"{address}/crm/objects/2026-03/contacts?limit=100"
        for _ in range(100):
            try:
                found = requests.get(url, headers=headers, timeout=5).json()["results"]
                break
            except requests.ConnectionError:
                time.sleep(0.05)
        running.terminate()
    assert len(found) == 9


def test_every_endpoint_of_the_contract_that_we_use_is_answered(vendor: Vendor) -> None:
    if not SPEC.exists():
        pytest.skip("the contract of the vendor's endpoints is not on this machine")
    endpoints = {one["id"]: one for one in json.loads(SPEC.read_text("utf-8"))["endpoints"]}
    [ident] = _people(vendor.portal, 1)
    used = (
        "object.list", "object.get", "object.search", "object.batch_read", "object.batch_update",
        "object.merge", "property.list", "property.create", "property.batch_create",
        "property_group.list", "property_group.create", "owner.list", "association.batch_read",
        "account.details",
    )  # fmt: skip
    fills = {"{objectType}": "contacts", "{id}": str(ident), "{version}": "2026-03",
             "{from}": "calls", "{to}": "contacts", "{name}": "email"}  # fmt: skip
    for name in used:
        one = endpoints[name]
        for path in filter(None, (one["v3"], one["dated"])):
            for hole, text in fills.items():
                path = path.replace(hole, text)  # noqa: PLW2901
            assert vendor.desk.answer(one["method"], path, {}, None if one["method"] == "GET" else {
                "inputs": [], "name": "x", "label": "X", "type": "string", "fieldType": "text",
                "groupName": "contactinformation", "primaryObjectId": "1", "objectIdToMerge": "2",
            }).status != 404, (name, path)  # fmt: skip
