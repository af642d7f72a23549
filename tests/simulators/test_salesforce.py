"""The simulated Salesforce, judged by the stock client library and by described exchanges."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)
from simulators.salesforce.journal import Entry, Error, required
from simulators.salesforce.org import ROBOT, SOMEBODY, Org
from simulators.salesforce.people import cvr, fill
from simulators.salesforce.schema import Field, full_id, tables
from simulators.salesforce.serving import HOST, LOGIN, Clock, Trouble, Vendor, build
from simulators.salesforce.tickets import JWT_BEARER, App
from simulators.web import served

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
SPECS = Path(__file__).parents[3] / "shared" / "specs" / "salesforce"


class Here(HTTPAdapter):
    """Vendors' clients insist on https and on the vendor's host; this sends them to this machine."""

    def __init__(self, vendor: Vendor) -> None:
        super().__init__()
        self.vendor = vendor

    def send(self, request: Any, *args: Any, **how: Any) -> Any:
        for host, here in self.vendor.elsewhere.items():
            request.url = request.url.replace(host, here)
        how["timeout"] = 20
        return super().send(request, *args, **how)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with served(build(Clock(stopped=NOON))) as vendor:
        yield vendor


@pytest.fixture
def line(vendor: Vendor) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", Here(vendor))
        yield session


def ask(line: requests.Session, host: str = HOST, **form: str) -> requests.Response:
    return line.post(f"{host}/services/oauth2/token", data=form)


def token(vendor: Vendor, line: requests.Session) -> str:
    app = vendor.desk.tickets.app
    answer = ask(
        line, grant_type="client_credentials", client_id=app.key, client_secret=app.secret
    ).json()
    assert "expires_in" not in answer
    return str(answer["access_token"])


@pytest.fixture
def client(vendor: Vendor, line: requests.Session) -> Any:
    return Salesforce(
        session_id=token(vendor, line), instance_url=HOST, version="67.0", session=line
    )


# --- signing in ---


def test_a_wrong_secret_and_an_unknown_grant_are_refused(
    vendor: Vendor, line: requests.Session
) -> None:
    key = vendor.desk.tickets.app.key
    wrong = ask(line, grant_type="client_credentials", client_id=key, client_secret="no")  # noqa: S106
    assert wrong.json()["error"] == "invalid_client"
    assert ask(line, grant_type="password").json()["error"] == "unsupported_grant_type"


def test_an_app_signs_in_with_a_certificate(vendor: Vendor, line: requests.Session) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    app = App(certificate=public.decode())
    vendor.desk.tickets.app = app

    def signed(ahead: timedelta) -> requests.Response:
        said = {"iss": app.key, "sub": app.user, "aud": LOGIN, "exp": NOON + ahead}
        assertion = jwt.encode(said, key, algorithm="RS256")
        return ask(line, LOGIN, grant_type=JWT_BEARER, assertion=assertion)

    assert signed(timedelta(minutes=3)).json()["instance_url"] == HOST
    assert signed(timedelta(minutes=-1)).json()["error"] == "invalid_grant"
    assert signed(timedelta(hours=1)).json()["error"] == "invalid_grant"


def test_a_session_ends_when_nobody_uses_it(vendor: Vendor, client: Any) -> None:
    client.query("SELECT Id FROM Account")
    vendor.clock.pass_by(hours=3)
    with pytest.raises(SalesforceExpiredSession):
        client.query("SELECT Id FROM Account")


# --- describing ---


def test_describe_leaves_out_what_the_user_may_not_see(vendor: Vendor, client: Any) -> None:
    vendor.org.hidden.add(("Contact", "DoNotCall"))
    named = {one["name"]: one for one in client.Contact.describe()["fields"]}
    assert "DoNotCall" not in named
    assert (named["Phone"]["type"], named["Phone"]["length"]) == ("phone", 40)
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        client.query("SELECT DoNotCall FROM Contact")
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        client.Contact.update(vendor.org.add("Contact", LastName="Paraply"), {"DoNotCall": True})


@pytest.mark.parametrize("table", ["Account", "Contact", "Lead", "Event", "Opportunity"])
def test_fields_have_the_described_types_and_lengths(table: str) -> None:
    path = SPECS / f"{table}.describe.json"
    if not path.exists():
        pytest.skip("the described answers are not here")
    described = {one["name"]: one for one in json.loads(path.read_text("utf-8"))["fields"]}
    ours = tables()[table].fields
    # The recording user was not granted these, which is the trap that they are there for.
    ungranted = {"DoNotCall", "HasOptedOutOfEmail", "HasOptedOutOfFax"}
    assert set(ours) - set(described) <= ungranted
    for name in set(ours) & set(described):
        mine, theirs = ours[name], described[name]
        assert (mine.type, mine.length) == (theirs["type"], theirs["length"]), name
        assert mine.updateable == theirs["updateable"], name
        assert mine.filterable == theirs["filterable"], name


# --- reading ---


def test_a_query_is_paged_and_a_dead_cursor_says_so(vendor: Vendor, client: Any) -> None:
    fill(vendor.org, companies=3, contacts=4500)
    names = [row["Id"] for row in client.query_all_iter("SELECT Id, Owner.Name FROM Contact")]
    assert len(names) == len(set(names)) == 4500
    page = client.query("SELECT Id FROM Contact")
    assert (len(page["records"]), page["done"], page["totalSize"]) == (2000, False, 4500)
    vendor.clock.pass_by(days=3)
    vendor.desk.tickets.life = timedelta(days=9)
    with pytest.raises(SalesforceExpiredSession):
        client.query_more(page["nextRecordsUrl"], identifier_is_url=True)


def test_conditions_orders_and_counts(vendor: Vendor, client: Any) -> None:
    for n in range(6):
        vendor.org.add("Account", Name=f"Firma {n % 3}", NumberOfEmployees=n)
        vendor.clock.pass_by(seconds=1)
    where = "(Name = 'Firma 1' OR NumberOfEmployees IN (0, 5)) AND NOT Name LIKE '%x%'"
    found = client.query(
        f"SELECT NumberOfEmployees FROM Account WHERE {where} "  # noqa: S608
        "ORDER BY Name DESC, NumberOfEmployees LIMIT 3"
    )
    assert [row["NumberOfEmployees"] for row in found["records"]] == [5, 1, 4]
    stamp = (NOON + timedelta(seconds=4)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    late = client.query(f"SELECT COUNT() FROM Account WHERE SystemModstamp >= {stamp}")  # noqa: S608
    assert late["totalSize"] == 2
    with pytest.raises(SalesforceMalformedRequest, match="MALFORMED_QUERY"):
        client.query("SELECT Id FROM Account WHERE Name ~ 'x'")


def test_deleted_merged_and_purged_records(vendor: Vendor, client: Any) -> None:
    org = vendor.org
    ids = [org.add("Contact", LastName=f"Nr {n}") for n in range(5)]
    vendor.clock.pass_by(minutes=5)
    org.remove(ids[0])
    org.merge(ids[1], ids[2])
    org.remove(ids[3])
    org.purge(ids[3])
    vendor.clock.pass_by(minutes=5)
    assert {row["Id"] for row in client.query("SELECT Id FROM Contact")["records"]} == {
        ids[1],
        ids[4],
    }
    gone = "SELECT Id, MasterRecordId FROM Contact WHERE IsDeleted = true ORDER BY Id"
    shown = client.query(gone, include_deleted=True)["records"]
    assert [(row["Id"], row["MasterRecordId"]) for row in shown] == [
        (ids[0], None),
        (ids[2], ids[1]),
    ]
    told = client.Contact.deleted(NOON, vendor.clock())
    assert [one["id"] for one in told["deletedRecords"]] == [ids[0], ids[2], ids[3]]
    assert client.Contact.updated(NOON, vendor.clock())["ids"] == [ids[1], ids[4]]


def test_a_running_transaction_holds_the_watermark_back(vendor: Vendor, client: Any) -> None:
    one = vendor.org.add("Contact", LastName="Sen")
    vendor.clock.pass_by(minutes=1)
    slow = vendor.org.transaction()
    slow.edit(one, LastName="Senere")
    vendor.clock.pass_by(minutes=9)
    covered = client.Contact.updated(NOON, vendor.clock())["latestDateCovered"]
    assert datetime.fromisoformat(covered) == NOON + timedelta(minutes=1)
    slow.commit()
    row = client.Contact.get(one)
    assert row["LastName"] == "Senere"
    assert datetime.fromisoformat(row["SystemModstamp"]) == NOON + timedelta(minutes=1)


def test_a_bulk_job_runs_and_its_results_come_in_pages(vendor: Vendor, client: Any) -> None:
    fill(vendor.org, companies=2, contacts=500)
    job = client.bulk2.Contact._client.create_job("query", "SELECT Id, LastName FROM Contact")
    client.bulk2.Contact._client.wait_for_job(job["id"], is_query=True, wait=0.01)
    page = client.bulk2.Contact._client.get_query_results(job["id"], max_records=400)
    assert page["number_of_records"] == 400
    rest = client.bulk2.Contact._client.get_query_results(job["id"], page["locator"])
    assert (rest["number_of_records"], rest["locator"]) == (100, "")
    assert rest["records"].startswith('"Id","LastName"\n')


# --- writing ---


def test_a_guarded_write_goes_through_only_when_nobody_was_there(
    vendor: Vendor, client: Any
) -> None:
    one = vendor.org.add("Contact", LastName="Før")
    header = {"If-Unmodified-Since": format_datetime(NOON, usegmt=True)}
    assert client.Contact.update(one, {"LastName": "Efter"}, headers=header) == 204
    vendor.clock.pass_by(seconds=1)
    vendor.org.edit(one, LastName="Andre")
    with pytest.raises(Exception, match="Precondition"):
        client.Contact.update(one, {"LastName": "Os"}, headers=header)
    assert client.Contact.get(one)["LastName"] == "Andre"
    with pytest.raises(SalesforceResourceNotFound):
        client.Contact.update(full_id("003999999999999"), {"LastName": "Ingen"})


def test_a_collection_fails_row_by_row(vendor: Vendor, client: Any, line: requests.Session) -> None:
    org = vendor.org
    good, busy, gone, barred = (org.add("Contact", LastName=f"Nr {n}") for n in range(4))
    org.locked.add(busy)
    org.remove(gone)
    org.validation.append(
        required("FIELD_CUSTOM_VALIDATION_EXCEPTION", "nej", lambda _t, r: r.get("Title") == "X")
    )
    asked = [
        {"id": good, "LastName": " Trimmet "},
        {"id": busy, "LastName": "B"},
        {"id": gone, "LastName": "C"},
        {"id": barred, "Title": "X"},
        {"id": good, "LastName": "x" * 81},
        {"id": good, "Email": "ingen adresse"},
        {"id": good, "LastName": None},
        {"id": good, "CreatedDate": "2026-01-01"},
        {"id": good, "NoSuch__c": "x"},
    ]
    answer = _collection(line, client, asked)
    codes = [one["errors"][0]["statusCode"] if one["errors"] else "" for one in answer.json()]
    assert codes == [
        "",
        "UNABLE_TO_LOCK_ROW",
        "ENTITY_IS_DELETED",
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "STRING_TOO_LONG",
        "INVALID_EMAIL_ADDRESS",
        "REQUIRED_FIELD_MISSING",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "INVALID_FIELD",
    ]
    assert client.Contact.get(good)["LastName"] == "Trimmet"
    assert [entry.ident for entry in org.journal if entry.how == "collection"] == [good]
    read = line.post(
        f"{client.base_url}composite/sobjects/Contact",
        json={"ids": [barred, gone, good], "fields": ["Id", "LastName"]},
        headers=client.headers,
    ).json()
    assert [one and one["LastName"] for one in read] == ["Nr 3", None, "Trimmet"]


def _collection(
    line: requests.Session, client: Any, records: list[dict[str, Any]]
) -> requests.Response:
    body = {
        "allOrNone": False,
        "records": [{"attributes": {"type": "Contact"}, **one} for one in records],
    }
    url = f"{client.base_url}composite/sobjects"
    return line.patch(url, json=body, headers=client.headers)


@pytest.mark.parametrize("passes", [True, False])
def test_a_composite_call_answers_part_by_part(
    vendor: Vendor, client: Any, line: requests.Session, *, passes: bool
) -> None:
    vendor.desk.composite_headers = passes
    one = vendor.org.add("Contact", LastName="Før")
    old = format_datetime(NOON - timedelta(days=1), usegmt=True)
    base = "/services/data/v67.0"
    parts = [
        {"method": "GET", "url": f"{base}/query?q=SELECT+Id+FROM+Contact", "referenceId": "a"},
        {"method": "GET", "url": f"{base}/sobjects/Foo", "referenceId": "b"},
        {
            "method": "PATCH",
            "url": f"{base}/sobjects/Contact/{one}",
            "referenceId": "c",
            "body": {"LastName": "Efter"},
            "httpHeaders": {"If-Unmodified-Since": old},
        },
    ]
    url = f"{client.base_url}composite"
    answer = line.post(url, json={"compositeRequest": parts}, headers=client.headers).json()
    shown = [(p["referenceId"], p["httpStatusCode"]) for p in answer["compositeResponse"]]
    assert shown == [("a", 200), ("b", 404), ("c", 412 if passes else 204)]
    assert answer["compositeResponse"][1]["body"][0]["errorCode"] == "NOT_FOUND"


def test_automations_answer_to_our_writes_and_are_in_the_journal(
    vendor: Vendor, client: Any
) -> None:
    one = vendor.org.add("Contact", LastName="Stille")

    def shout(org: Org, entry: Entry) -> None:
        org.edit(entry.ident, ROBOT, LastName=str(entry.after["LastName"]).upper())

    vendor.org.automations.append(shout)
    client.Contact.update(one, {"LastName": "Larm"})
    assert [(e.who, e.after["LastName"]) for e in vendor.org.journal if e.ident == one] == [
        (SOMEBODY, "Stille"),
        ("ringren", "Larm"),
        (ROBOT, "LARM"),
    ]


def test_a_field_is_made_granted_and_then_seen(
    vendor: Vendor, client: Any, line: requests.Session
) -> None:
    about = {"label": "CVR-nummer", "type": "Text", "length": 20}
    made = line.post(
        f"{client.base_url}tooling/sobjects/CustomField",
        json={"FullName": "Account.CVR__c", "Metadata": about},
        headers=client.headers,
    )
    assert made.json()["success"]
    assert "CVR__c" not in {one["name"] for one in client.Account.describe()["fields"]}
    rights = vendor.org.add("PermissionSet", Name="Ringren", Label="Ringren")
    client.FieldPermissions.create(
        {
            "ParentId": rights,
            "SobjectType": "Account",
            "Field": "Account.CVR__c",
            "PermissionsRead": True,
            "PermissionsEdit": True,
        }
    )
    assert "CVR__c" in {one["name"] for one in client.Account.describe()["fields"]}


# --- limits and faults ---


def test_usage_stands_in_each_answer_and_the_quota_ends(vendor: Vendor, client: Any) -> None:
    vendor.desk.daily = 2
    client.query("SELECT Id FROM Account")
    assert client.api_usage["api-usage"] == (1, 2)
    client.query("SELECT Id FROM Account")
    with pytest.raises(Exception, match="REQUEST_LIMIT_EXCEEDED"):
        client.query("SELECT Id FROM Account")


@pytest.mark.parametrize(
    ("trouble", "done"),
    [(Trouble.LOST, True), (Trouble.DROPPED, False), (Trouble.HALF, True)],
)
def test_an_answer_that_breaks_off_may_or_may_not_have_been_done(
    vendor: Vendor, client: Any, line: requests.Session, trouble: Trouble, *, done: bool
) -> None:
    one = vendor.org.add("Contact", LastName="Før")
    vendor.fault(trouble, method="PATCH")
    with pytest.raises(requests.RequestException):
        _collection(line, client, [{"id": one, "LastName": "Efter"}])
    assert client.Contact.get(one)["LastName"] == ("Efter" if done else "Før")


def test_a_hollow_answer_says_yes_and_does_nothing(
    vendor: Vendor, client: Any, line: requests.Session
) -> None:
    one = vendor.org.add("Contact", LastName="Før")
    vendor.fault(Trouble.HOLLOW, method="PATCH")
    assert _collection(line, client, [{"id": one, "LastName": "Efter"}]).json()[0]["success"]
    assert client.Contact.get(one)["LastName"] == "Før"


def test_made_up_people_are_the_same_each_time() -> None:
    first, second = (build(Clock(stopped=NOON)) for _ in range(2))
    for vendor in (first, second):
        fill(vendor.org, companies=5, contacts=20, leads=5)
    assert first.org.snapshot() == second.org.snapshot()
    assert cvr(1).startswith("9000001")


def test_a_wrong_validation_is_shown_in_full(vendor: Vendor) -> None:
    vendor.org.add_field(
        "Contact", Field("Level__c", "picklist", 40, values=("A",), restricted=True)
    )
    one = vendor.org.add("Contact", LastName="P")
    assert vendor.org.refusal("Contact", one, {"Level__c": "B"}) == Error(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Level__c: bad value for restricted picklist field",
        ("Level__c",),
    )
