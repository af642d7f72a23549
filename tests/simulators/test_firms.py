"""The simulated vendors of company data keep the habits of the real ones, asked by plain HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from simulators.dnb import serving as dnb
from simulators.lasso import serving as lasso
from simulators.vainu import serving as vainu
from simulators.web import Clock, served


@pytest.fixture
def clock() -> Clock:
    return Clock()


# --- Lasso X ----------------------------------------------------------------------------------


def test_lasso_opens_a_minute_with_its_first_call(clock: Clock) -> None:
    with served(lasso.build(3, clock=clock)) as vendor:
        vendor.desk.a_minute = 2
        url = f"{vendor.address}/CVR-1-{vendor.desk.firms.register.numbers[0]}"

        def get(**headers: str) -> requests.Response:
            return requests.get(url, headers=headers, timeout=5)

        good = {"lasso-api-key": lasso.KEY}
        assert get(Authorization=f"Bearer {lasso.KEY}").status_code == 401
        clock.pass_(30)
        assert [get(**good).status_code for _ in range(3)] == [200, 200, 429]
        refused = get(**good)
        assert (refused.headers["retry-after"], refused.json()["errorCode"]) == ("60", 26)
        clock.pass_(60)
        assert get(**good).status_code == 200


# --- Vainu ------------------------------------------------------------------------------------


@pytest.fixture
def there(clock: Clock) -> Iterator[vainu.Vainu]:
    with served(vainu.build(150, clock=clock)) as vendor:
        yield vendor


def post(vendor: vainu.Vainu, path: str, body: Any, token: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(f"{vendor.address}/api/v3/{path}", json=body, headers=headers, timeout=5)


def token_of(vendor: vainu.Vainu) -> str:
    form = {"grant_type": "client_credentials", "client_id": vainu.CLIENT}
    form |= {"client_secret": vainu.SECRET, "scope": "vainu:api"}
    told = requests.post(f"{vendor.address}/api/oauth/token/", data=form, timeout=5).json()
    return str(told["access_token"])


def test_vainu_overlooks_a_field_that_there_is_not_and_shows_a_hundred_at_most(
    there: vainu.Vainu, clock: Clock
) -> None:
    token = token_of(there)
    ids = [f"DK{cvr}" for cvr in there.desk.firms.register.numbers[:2]]
    body = {"query": {"?IN": {"business_id": ids}}, "fields": ["name"], "limit": 500}
    assert post(there, "organizations/", body, token).json()["count"] == 2
    wrong = post(there, "organizations/", {**body, "query": {"?IN": {"bussines_id": ids}}}, token)
    assert (wrong.json()["count"], len(wrong.json()["result"])) == (150, 100)
    clock.pass_(3601)
    assert post(there, "organizations/", body, token).status_code == 401


def test_a_job_of_vainu_s_goes_on_behind_a_504_and_its_address_does_not_last(
    there: vainu.Vainu,
) -> None:
    token = token_of(there)
    [one, *_] = there.desk.firms.register.numbers
    body = {"query": {"?EQ": {"business_id": f"DK{one}"}}, "fields": ["name"]}
    job = post(there, "organizations/async/", body, token).json()
    link = job["link"].replace(vainu.HOST, there.address)
    headers = {"Authorization": f"Bearer {token}"}
    looks = [requests.get(link, headers=headers, timeout=5) for _ in range(4)]
    assert [look.status_code for look in looks] == [200, 504, 200, 200]
    assert looks[-1].json()["state"] == "completed"
    address = looks[-1].json()["download_link"].replace(vainu.HOST, there.address)
    [line] = requests.get(address, timeout=5).text.splitlines()
    assert f"DK{one}" in line
    for _ in range(4):
        requests.get(link, headers=headers, timeout=5)
    assert requests.get(address, timeout=5).status_code == 403


# --- Dun & Bradstreet -------------------------------------------------------------------------


def test_dnb_matches_a_name_with_less_than_a_number_and_counts_a_second(clock: Clock) -> None:
    with served(dnb.build(30, clock=clock)) as vendor:
        known, root = vendor.desk.firms.register, vendor.address
        login = requests.post(f"{root}/v3/token", auth=(dnb.KEY, dnb.SECRET), json={}, timeout=5)
        headers = {"Authorization": f"Bearer {login.json()['access_token']}"}

        def get(path: str, **params: str) -> requests.Response:
            return requests.get(f"{root}{path}", params=params, headers=headers, timeout=5)

        match, one = "/v1/match/cleanseMatch", known.find(known.numbers[0])
        assert one is not None
        asked = {"countryISOAlpha2Code": "DK"}
        [named, *_] = get(match, name=one.name, **asked).json()["matchCandidates"]
        assert named["matchQualityInformation"]["confidenceCode"] == 7
        assert get(match, **asked).json()["error"]["errorCode"] == "00003"
        vendor.desk.paced = True
        told = [get(match, registrationNumber=str(one.cvr), **asked) for _ in range(6)]
        assert [answer.status_code for answer in told] == [200] * 5 + [429]
        assert told[-1].headers["Retry-After"] == "1"


def test_dnb_s_notices_are_gone_once_read_and_after_four_days(clock: Clock) -> None:
    with served(dnb.build(3, clock=clock)) as vendor:
        root = vendor.address
        path = f"{root}{dnb.REGISTRATION}/notifications"

        def pulled() -> list[str]:
            login = requests.post(
                f"{root}/v3/token", auth=(dnb.KEY, dnb.SECRET), json={}, timeout=5
            )
            headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
            answer = requests.get(path, headers=headers, timeout=5)
            told = answer.json().get("notifications", []) if answer.status_code != 404 else []
            return [one["type"] for one in told]

        vendor.desk.notify("UPDATE", "300000001")
        vendor.desk.notify("TRANSFER", "300000002")
        assert [pulled(), pulled()] == [["UPDATE", "TRANSFER"], []]
        vendor.desk.notify("UPDATE", "300000001")
        clock.pass_(timedelta(days=4).total_seconds())
        assert pulled() == []
