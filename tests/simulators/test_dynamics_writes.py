"""The simulated Dynamics 365: guarded writes, batches, limits and faults, as requests meets them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from simulators.dynamics import Fault, Org, Refused, Site
from simulators.dynamics.site import CLIENT
from simulators.dynamics.stock import API, batch, people, signed_in_to


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def http(site: Site) -> Iterator[requests.Session]:
    with signed_in_to(site) as session:
        yield session


# --- writing -----------------------------------------------------------------------------------


def test_a_patch_is_guarded_by_the_etag(site: Site, http: requests.Session) -> None:
    [ident] = people(site.org, 1)
    url = f"{API}contacts({ident})?$select=jobtitle"
    etag = http.get(url).json()["@odata.etag"]
    first = http.patch(url, json={"jobtitle": "Ejer"}, headers={"If-Match": etag})
    assert first.status_code == 204
    second = http.patch(url, json={"jobtitle": "Chef"}, headers={"If-Match": etag})
    assert (second.status_code, second.json()["error"]["code"]) == (412, "0x80060882")
    told = http.patch(url, json={"jobtitle": "Chef"}, headers={"Prefer": "return=representation"})
    assert (told.status_code, told.json()["jobtitle"]) == (200, "Chef")
    assert told.json()["@odata.etag"] != etag


def test_a_patch_makes_a_missing_row_unless_a_header_forbids_it(
    site: Site, http: requests.Session
) -> None:
    url = f"{API}contacts({uuid.uuid4()})"
    assert http.patch(url, json={"lastname": "Ny"}, headers={"If-Match": "*"}).status_code == 404
    assert http.patch(url, json={"lastname": "Ny"}).status_code == 204
    assert len(site.org.rows["contact"]) == 1


def test_a_batch_answers_each_part_in_order_and_stops_at_an_error_unless_told_otherwise(
    site: Site, http: requests.Session
) -> None:
    ids = people(site.org, 3)
    parts = [
        ("PATCH", f"contacts({ids[0]})", 'W/"1"', {"jobtitle": "A"}),
        ("PATCH", f"contacts({ids[1]})", "*", {"jobtitle": "B"}),
        ("PATCH", f"contacts({ids[2]})", "*", {"job": "C"}),
    ]
    text = batch(http, parts)
    assert text.count("HTTP/1.1 412 Precondition Failed") == 1
    assert "HTTP/1.1 204" not in text
    text = batch(http, parts, "odata.continue-on-error")
    assert [text.find(f"HTTP/1.1 {status}") > 0 for status in (412, 204, 400)] == [True] * 3
    assert text.find(" 412 ") < text.find(" 204 ") < text.find(" 400 ")
    assert [e.asked for e in site.org.journal if e.who == CLIENT] == [{"jobtitle": "B"}]


def test_a_change_set_is_all_or_nothing(site: Site, http: requests.Session) -> None:
    ids = people(site.org, 2)
    inner = "".join(
        "--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
        f"Content-ID: {n}\r\n\r\nPATCH {API}contacts({ident}) HTTP/1.1\r\n"
        f'Content-Type: application/json\r\n\r\n{{"{name}": "x"}}\r\n'
        for n, (ident, name) in enumerate(zip(ids, ("jobtitle", "job"), strict=True))
    )
    text = f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{inner}--c--\r\n--b--\r\n"
    before = site.org.snapshot()
    headers = {"Content-Type": "multipart/mixed; boundary=b"}
    answer = http.post(f"{API}$batch", data=text.encode(), headers=headers)
    assert "HTTP/1.1 400" in answer.text
    assert site.org.snapshot() == before


def test_update_multiple_is_all_or_nothing_and_create_multiple_tells_ids(
    site: Site, http: requests.Session
) -> None:
    ids = people(site.org, 2)
    kind = {"@odata.type": "Microsoft.Dynamics.CRM.contact"}
    url = f"{API}contacts/Microsoft.Dynamics.CRM."
    wrong = [
        {**kind, "contactid": i, name: "x"}
        for i, name in zip(ids, ("jobtitle", "job"), strict=True)
    ]
    assert http.post(f"{url}UpdateMultiple", json={"Targets": wrong}).status_code == 400
    assert all(row["jobtitle"] is None for row in rows_with(site.org, "jobtitle"))
    made = http.post(f"{url}CreateMultiple", json={"Targets": [{**kind, "lastname": "Ny"}]})
    assert (made.status_code, len(made.json()["Ids"])) == (200, 1)


def rows_with(org: Org, name: str) -> list[dict[str, Any]]:
    return [{name: row.get(name)} for row in org.rows["contact"].values()]


def test_a_plug_in_may_rewrite_or_refuse_and_an_automation_may_write_back(
    site: Site, http: requests.Session
) -> None:
    def trim(_org: Org, _table: Any, _row: Any, asked: dict[str, Any]) -> None:
        if asked.get("jobtitle") == "ulovlig":
            raise Refused(400, "0x80040265", "Opdigtet regel: titlen er ikke tilladt")
        asked.update({k: v.strip() for k, v in asked.items() if isinstance(v, str)})

    def rival(org: Org, entry: Any) -> None:
        org.edit(entry.table, entry.ident, "rival", nickname="set af en anden")

    site.org.plugins.append(trim)
    site.org.rivals.append(rival)
    [ident] = people(site.org, 1)
    url = f"{API}contacts({ident})"
    assert http.patch(url, json={"jobtitle": " Ejer "}).status_code == 204
    assert http.patch(url, json={"jobtitle": "ulovlig"}).status_code == 400
    row = site.org.rows["contact"][ident]
    assert (row["jobtitle"], row["nickname"]) == ("Ejer", "set af en anden")
    assert [entry.who for entry in site.org.journal[-2:]] == [CLIENT, "rival"]


def test_inactive_rows_are_read_only(site: Site, http: requests.Session) -> None:
    winner, loser = people(site.org, 2)
    site.org.merge("contact", winner, loser)
    assert http.patch(f"{API}contacts({loser})", json={"jobtitle": "x"}).status_code == 400


# --- limits and faults ---------------------------------------------------------------------------


def test_too_many_requests_are_told_to_wait(site: Site, http: requests.Session) -> None:
    site.api.most = 2
    assert [http.get(f"{API}WhoAmI").status_code for _ in range(3)] == [200, 200, 429]
    answer = http.get(f"{API}WhoAmI")
    assert answer.json()["error"]["code"] == "0x80072322"
    site.org.clock.pass_(int(answer.headers["Retry-After"]))  # type: ignore[attr-defined]
    assert http.get(f"{API}WhoAmI").status_code == 200


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.DROPPED, Fault.HALF])
def test_an_answer_can_be_lost_with_or_without_the_write(
    site: Site, http: requests.Session, fault: Fault
) -> None:
    [ident] = people(site.org, 1)
    site.plan(fault, "PATCH")
    with pytest.raises(requests.RequestException):
        http.patch(
            f"{API}contacts({ident})",
            json={"jobtitle": "Ejer"},
            headers={"Prefer": "return=representation"},
        )
    assert (site.org.rows["contact"][ident].get("jobtitle") == "Ejer") is (
        fault is not Fault.DROPPED
    )


def test_an_answer_can_be_a_lie(site: Site, http: requests.Session) -> None:
    [ident] = people(site.org, 1)
    before = site.org.snapshot()
    site.plan(Fault.NO_EFFECT, "PATCH")
    assert http.patch(f"{API}contacts({ident})", json={"jobtitle": "Ejer"}).status_code == 204
    assert site.org.snapshot() == before
    assert [entry for entry in site.org.journal if entry.who == CLIENT] == []


def test_what_the_log_drops_as_old_makes_no_room_for_what_is_new(site: Site) -> None:
    first, second, third = people(site.org, 3)
    site.org.audit("contact", "donotphone")
    for ident in (first, second):
        site.org.edit("contact", ident, donotphone=True)
    log = site.org.rows["audit"]
    del log[next(iter(log))]
    site.org.edit("contact", third, donotphone=True)
    assert [row["_objectid_value"] for row in log.values()] == [second, third]
