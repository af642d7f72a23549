"""The simulated Dynamics 365, as msal and requests see it, and as its specification describes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from simulators.dynamics import Fault, Org, Site
from simulators.dynamics.people import fill
from simulators.dynamics.site import CLIENT
from simulators.dynamics.stock import API, TRACK, load, people, signed_in, signed_in_to
from simulators.dynamics.tables import Column, tables

SPECS = Path(__file__).parents[3] / "shared" / "specs" / "dynamics365"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def http(site: Site) -> Iterator[requests.Session]:
    with signed_in_to(site) as session:
        yield session


# --- signing in ------------------------------------------------------------------------------


def test_msal_gets_a_token_with_a_secret_and_not_with_a_wrong_one(
    site: Site, http: requests.Session
) -> None:
    who = http.get(f"{API}WhoAmI").json()
    assert who["UserId"] == site.org.user(CLIENT).id
    assert signed_in(http, "guessed")["error"] == "invalid_client"


def test_msal_gets_a_token_with_a_certificate(
    site: Site, http: requests.Session, certificate: tuple[bytes, bytes]
) -> None:
    key, public = certificate
    site.tenant.apps[CLIENT].public_key = public
    told = {"private_key": key.decode(), "thumbprint": "AB" * 20}
    assert "access_token" in signed_in(http, told)
    site.tenant.apps[CLIENT].public_key = None
    assert signed_in(http, told)["error"] == "invalid_client"


@pytest.fixture(scope="module")
def certificate() -> tuple[bytes, bytes]:
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return (
        key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()),
        key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo),
    )


def test_a_token_dies_of_age_and_when_it_is_revoked(site: Site, http: requests.Session) -> None:
    assert http.get(f"{API}WhoAmI").status_code == 200
    site.org.clock.pass_(66 * 60)  # type: ignore[attr-defined]
    assert http.get(f"{API}WhoAmI").status_code == 401
    http.headers["Authorization"] = f"Bearer {signed_in(http)['access_token']}"
    site.plan(Fault.REVOKED, "WhoAmI")
    assert http.get(f"{API}WhoAmI").status_code == 401
    assert http.get(f"{API}WhoAmI").status_code == 401


# --- reading -----------------------------------------------------------------------------------


def test_a_first_load_and_its_delta_link_leave_no_gap(site: Site, http: requests.Session) -> None:
    ids = people(site.org)
    first = http.get(f"{API}contacts?$select=lastname,donotphone", headers=TRACK).json()
    assert [row["lastname"] for row in first["value"]] == ["Nr. 0", "Nr. 1"]
    site.org.edit("contact", ids[0], lastname="Rettet imens")
    site.org.remove("contact", ids[4])
    rows, link = load(http, first["@odata.nextLink"])
    assert [row["contactid"] for row in rows] == ids[2:4]
    changed, again = load(http, link)
    assert changed[0] == {
        "@odata.etag": changed[0]["@odata.etag"],
        "contactid": ids[0],
        "lastname": "Rettet imens",
        "donotphone": False,
    }
    assert changed[1]["id"] == ids[4]
    assert changed[1]["@odata.context"].endswith("/$deletedEntity")
    assert load(http, again)[0] == []


def test_a_merge_shows_both_rows(site: Site, http: requests.Session) -> None:
    winner, loser, *_ = people(site.org)
    _, link = load(http, f"{API}contacts?$select=merged,_masterid_value,statecode")
    target = {"@odata.type": "Microsoft.Dynamics.CRM.contact"}
    body = {
        "Target": {**target, "contactid": winner},
        "Subordinate": {**target, "contactid": loser},
        "UpdateContent": {**target, "jobtitle": "Ejer"},
        "PerformParentingChecks": False,
    }
    assert http.post(f"{API}Merge", json=body).status_code == 204
    lost, won = load(http, link)[0]
    assert (lost["merged"], lost["_masterid_value"], lost["statecode"]) == (True, winner, 1)
    assert won["contactid"] == winner
    assert site.org.rows["contact"][winner]["jobtitle"] == "Ejer"


def test_a_late_commit_is_told_later_and_holds_the_cursor_back(
    site: Site, http: requests.Session
) -> None:
    ids = people(site.org, 3)
    _, link = load(http, f"{API}contacts?$select=lastname")
    late = site.org.begin("contact", ids[0], lastname="Sen")
    site.org.edit("contact", ids[1], lastname="Hurtig")
    rows, link = load(http, link)
    assert rows == []
    site.org.commit(late)
    rows, link = load(http, link)
    assert {row["lastname"] for row in rows} == {"Sen", "Hurtig"}


@pytest.mark.parametrize("status", [400, 404, 410])
def test_delta_tokens_die(site: Site, http: requests.Session, status: int) -> None:
    people(site.org)
    _, link = load(http, f"{API}contacts?$select=lastname")
    people(site.org)
    site.org.oldest_token, site.org.expired = site.org.version, (status, "0x80060889")
    answer = http.get(link, headers=TRACK)
    assert answer.status_code == status
    assert "expired" in answer.json()["error"]["message"]


@pytest.mark.parametrize("extra", ["&$filter=donotphone eq true", "&$orderby=lastname", "&$top=3"])
def test_tracking_takes_no_filters(site: Site, http: requests.Session, extra: str) -> None:
    answer = http.get(f"{API}contacts?$select=lastname{extra}", headers=TRACK)
    assert answer.status_code == 400


def test_rows_can_be_filtered_and_ordered(site: Site, http: requests.Session) -> None:
    ids = people(site.org, 7)
    site.org.edit("contact", ids[3], donotphone=True)
    some = f"Microsoft.Dynamics.CRM.In(PropertyName='contactid',PropertyValues=['{ids[1]}','{ids[3]}'])"
    for filter_, wanted in {
        some: [ids[1], ids[3]],
        "donotphone eq true": [ids[3]],
        f"not (donotphone eq true) and contactid gt '{ids[4]}'": ids[5:],
        f"contactid eq {ids[2]} or lastname eq 'Nr. 5'": [ids[2], ids[5]],
    }.items():
        page = {"Prefer": "odata.maxpagesize=1"}
        rows, link = load(http, f"{API}contacts?$select=lastname&$filter={filter_}", page)
        assert [row["contactid"] for row in rows] == wanted
        assert link == ""
    assert http.get(f"{API}contacts?$filter=phone eq 'x'").status_code == 400
    assert http.get(f"{API}contacts?$select=phone").status_code == 400
    assert http.get(f"{API}contacts?$skip=5").status_code == 400


def test_a_secured_column_reads_as_null_for_who_may_not_see_it(
    site: Site, http: requests.Session
) -> None:
    [ident] = people(site.org, 1)
    site.org.edit("contact", ident, donotphone=True)
    site.org.tables["contact"].columns["donotphone"].secured = True
    url = f"{API}contacts({ident})?$select=donotphone"
    assert http.get(url).json()["donotphone"] is None
    assert http.patch(url, json={"donotphone": False}).status_code == 403
    me = site.org.user(CLIENT)
    ask = f"{API}systemusers({me.id})/Microsoft.Dynamics.CRM.RetrievePrincipalAttributePrivileges()"
    assert http.get(ask).json() == {"AttributePrivileges": []}
    me.sees.add(("contact", "donotphone"))
    assert http.get(url).json()["donotphone"] is True
    assert http.get(ask).json()["AttributePrivileges"][0]["CanRead"] == 4


def test_rights_are_asked_by_name(site: Site, http: requests.Session) -> None:
    me = site.org.user(CLIENT)
    me.rights = {"prvReadContact"}
    [ident] = people(site.org, 1)
    assert http.get(f"{API}contacts").status_code == 200
    answer = http.patch(f"{API}contacts({ident})", json={"jobtitle": "Ejer"})
    assert answer.status_code == 403
    assert "prvWriteContact" in answer.json()["error"]["message"]


def test_metadata_is_told_as_clients_ask_for_it(site: Site, http: requests.Session) -> None:
    site.org.tables["lead"].change_tracking = False
    both = http.get(
        f"{API}EntityDefinitions?$filter=LogicalName eq 'lead' or LogicalName eq 'contact'"
        "&$select=LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled,"
        "IsOptimisticConcurrencyEnabled&$expand=Attributes($select=LogicalName,IsSecured)"
    ).json()["value"]
    told = {one["LogicalName"]: one for one in both}
    assert told["contact"]["ChangeTrackingEnabled"] is True
    assert told["lead"]["ChangeTrackingEnabled"] is False
    assert {"LogicalName": "telephone1", "IsSecured": False}.items() <= {
        one["LogicalName"]: one for one in told["contact"]["Attributes"]
    }["telephone1"].items()
    strings = f"{API}EntityDefinitions(LogicalName='lead')/Attributes/Microsoft.Dynamics.CRM.StringAttributeMetadata"
    lengths = http.get(f"{strings}?$select=LogicalName,MaxLength").json()["value"]
    assert {"mobilephone": 20, "telephone1": 50}.items() <= {
        one["LogicalName"]: one["MaxLength"] for one in lengths
    }.items()
    assert b'<EntityType Name="contact">' in http.get(f"{API}$metadata").content


def test_a_column_is_added_and_can_be_written(site: Site, http: requests.Session) -> None:
    body = {
        "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata",
        "SchemaName": "rr_PhoneStatus",
        "MaxLength": 4,
        "RequiredLevel": {"Value": "None"},
    }
    url = f"{API}EntityDefinitions(LogicalName='contact')/Attributes"
    assert http.post(url, json=body).status_code == 204
    assert http.post(url, json=body).status_code == 400
    [ident] = people(site.org, 1)
    row = f"{API}contacts({ident})"
    assert http.patch(row, json={"rr_phonestatus": "OK"}).status_code == 204
    assert http.patch(row, json={"rr_phonestatus": "for langt"}).status_code == 400


# --- data and specification ----------------------------------------------------------------------


def test_an_org_of_any_size_is_the_same_each_time() -> None:
    first, second = Org(), Org()
    for org in (first, second):
        fill(org, 20, 100, 10)
    assert first.snapshot() == second.snapshot()
    phones = [row["telephone1"] for row in first.rows["contact"].values()]
    assert len(phones) == 100
    assert all("68" in phone for phone in phones)


@pytest.mark.parametrize("name", ["Account", "Contact", "Lead", "PhoneCall", "CampaignResponse"])
def test_columns_are_those_of_the_common_data_model(name: str) -> None:
    file = SPECS / f"{name}.cdm.json"
    if not file.exists():
        pytest.skip("the schema documents are not on this machine")
    table = tables()[name.lower()]
    told = dict(_told(json.loads(file.read_text("utf-8-sig"))))
    ours = {n: c for n, c in table.columns.items() if n in told and c.type == "string"}
    assert ours
    for column in ours.values():
        assert (column.name, column.length) == (column.name, told[column.name])
    assert _phones(table.columns) <= set(told)


def _phones(columns: dict[str, Column]) -> set[str]:
    return {name for name, column in columns.items() if column.format == "phone"}


def _told(document: Any) -> Iterator[tuple[str, int | None]]:
    for definition in document["definitions"]:
        for group in definition.get("hasAttributes", []):
            for member in group["attributeGroupReference"]["members"]:
                if isinstance(member, dict) and "sourceName" in member:
                    length = member.get("maximumLength")
                    yield member["sourceName"], int(length) if length else None
