"""The simulated company register answers as the index is known to. Nothing of our program is in here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from simulators.cvr.serving import PASSWORD, SEARCH, USER, Cvr, build
from simulators.running import surroundings
from simulators.web import Clock, served

NUMBER = "Vrvirksomhed.cvrNummer"


@pytest.fixture
def vendor() -> Iterator[Cvr]:
    with served(build(50, clock=Clock())) as there:
        yield there


def said(vendor: Cvr, body: Any, password: str = PASSWORD) -> Any:
    url, auth = vendor.address + SEARCH, (USER, password)
    return requests.post(url, json=body, auth=auth, timeout=5)


def numbers(vendor: Cvr, *wanted: int) -> dict[str, Any]:
    return {"size": 500, "query": {"terms": {NUMBER: list(wanted)}}}


def test_every_number_passes_modulus_11_and_is_made_up(vendor: Cvr) -> None:
    for cvr in vendor.register.numbers:
        digits = map(int, str(cvr))
        weights = (2, 7, 6, 5, 4, 3, 2, 1)
        assert sum(d * w for d, w in zip(digits, weights, strict=True)) % 11 == 0
        assert cvr >= 90_000_000


def test_the_same_seed_makes_the_same_companies() -> None:
    one, two = build(20, clock=Clock()).register, build(20, clock=Clock()).register
    assert list(one.every()) == list(two.every())


def test_numbers_that_there_are_none_of_are_left_out(vendor: Cvr) -> None:
    here = vendor.register.numbers[3]
    hits = said(vendor, numbers(vendor, here, 99999988)).json()["hits"]
    [row] = hits["hits"]
    assert hits["total"] == 1
    assert row["_source"]["Vrvirksomhed"]["cvrNummer"] == here
    assert row["_id"] == str(row["_source"]["Vrvirksomhed"]["enhedsNummer"])


def test_only_what_was_asked_for_is_shown(vendor: Cvr) -> None:
    body = numbers(vendor, vendor.register.numbers[0])
    body["_source"] = [NUMBER, "Vrvirksomhed.virksomhedMetadata.nyesteNavn"]
    [row] = said(vendor, body).json()["hits"]["hits"]
    whole = row["_source"]["Vrvirksomhed"]
    assert set(whole) == {"cvrNummer", "virksomhedMetadata"}
    assert set(whole["virksomhedMetadata"]) == {"nyesteNavn"}


def test_search_after_goes_through_all_from_one_number_to_the_next(vendor: Cvr) -> None:
    body: dict[str, Any] = {"size": 20, "sort": [{NUMBER: "asc"}], "_source": [NUMBER]}
    seen: list[int] = []
    while rows := said(vendor, body).json()["hits"]["hits"]:
        seen += [row["sort"][0] for row in rows]
        body["search_after"] = rows[-1]["sort"]
    assert seen == vendor.register.numbers


def test_the_window_ends_at_three_thousand_rows(vendor: Cvr) -> None:
    answer = said(vendor, {"size": 500, "from": 2501})
    assert answer.status_code == 500
    assert answer.json()["error"]["root_cause"][0]["reason"] == "Result window is too large"


def test_what_it_cannot_parse_is_refused(vendor: Cvr) -> None:
    answer = said(vendor, {"query": {"script": {}}})
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "parsing_exception")


def test_a_wrong_password_is_refused_without_json(vendor: Cvr) -> None:
    answer = said(vendor, {}, password="other")  # noqa: S106
    assert answer.status_code == 401
    assert answer.text.startswith("<html>")


def test_a_new_head_count_moves_no_stamp_and_no_version(vendor: Cvr) -> None:
    cvr = vendor.register.numbers[0]
    before = said(vendor, numbers(vendor, cvr)).json()["hits"]["hits"][0]["_source"]["Vrvirksomhed"]
    vendor.register.clock.pass_(60)  # type: ignore[attr-defined]
    vendor.register.edit(cvr, silent=True, employees=999)
    after = said(vendor, numbers(vendor, cvr)).json()["hits"]["hits"][0]["_source"]["Vrvirksomhed"]
    assert after["virksomhedMetadata"]["nyesteErstMaanedsbeskaeftigelse"]["antalAnsatte"] == 999
    assert [after[k] for k in ("samtId", "sidstOpdateret")] == [
        before[k] for k in ("samtId", "sidstOpdateret")
    ]
    assert after["sidstIndlaest"] != before["sidstIndlaest"]


def test_changes_are_found_by_their_stamp(vendor: Cvr) -> None:
    clock, cvr = vendor.register.clock, vendor.register.numbers[7]
    since = clock()
    clock.pass_(60)  # type: ignore[attr-defined]
    vendor.register.edit(cvr, protected=True)
    span = {"gte": since.isoformat(), "lt": (clock() + timedelta(seconds=1)).isoformat()}
    body = {"query": {"range": {"Vrvirksomhed.sidstOpdateret": span}}}
    [row] = said(vendor, body).json()["hits"]["hits"]
    assert row["_source"]["Vrvirksomhed"]["reklamebeskyttet"] is True


def test_a_part_of_the_answer_may_be_missing(vendor: Cvr) -> None:
    vendor.desk.partial = 1
    answer = said(vendor, numbers(vendor, *vendor.register.numbers[:10])).json()
    assert answer["_shards"]["failed"] == 1
    assert len(answer["hits"]["hits"]) == 5
    assert (
        len(said(vendor, numbers(vendor, *vendor.register.numbers[:10])).json()["hits"]["hits"])
        == 10
    )


def test_too_many_searches_are_asked_for_patience(vendor: Cvr) -> None:
    vendor.desk.quota = 1
    assert [said(vendor, {"size": 1}).status_code for _ in range(2)] == [200, 429]


def test_it_is_started_by_hand() -> None:
    command = [sys.executable, "-m", "simulators.cvr", "--companies", "5", "--asked"]
    with subprocess.Popen(
        command, env=surroundings(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        out, _ = process.communicate("holds\n", timeout=30)
    *settings, last = out.splitlines()
    assert settings[1] == "[sources.cvr]"
    assert len(json.loads(last)["holds"]) == 5
