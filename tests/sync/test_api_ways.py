"""The API under /api/v1: what the commands print, for whoever has a token that may, and nobody else."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import good_questions
import jsonschema
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from good_questions import PHONE
from listening import Answer, Listening, listening
from openapi_spec_validator import validate
from promises.lists import HEADER, people

from rules.fields.field import OWNERS
from rules.keys import Key, KeyKind
from rules.rights import RIGHTS, Right, Role
from rules.suppression import Channel
from rules.violation_causes import Cause
from rules.violations import VIOLATIONS
from state import acts
from state.proposals import Plan
from state.tables import tokens as kept_tokens
from state.tables import violations as table
from state.tokens import Scope, scopes_of
from sync.app import App
from sync.calling import violations
from sync.cli import program
from sync.people import tokens
from sync.review import plans
from sync.run import run
from sync.suppression import desk
from sync.texts import Texts
from sync.web import openapi, shapes
from sync.web.call import Way
from sync.web.ways import WAYS

SETTINGS = '[api]\nport = 0\na_minute = 1000000\n[files]\nroot = "{root}"\n'


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """A house in which everything that the API tells of has happened once."""
    folder = tmp_path_factory.mktemp("api")
    lists = folder / "lists"
    lists.mkdir()
    note = "ring ikke;x;y;z;æ"
    rows = [HEADER, *people(6), note, note, "K9;" + ";" * HEADER.count(";")] * 2
    (lists / "kontakter.csv").write_text("\n".join(rows) + "\n", "utf-8")
    (lists / "leads.csv").write_text("\n".join([HEADER, *people(2)]) + "\n", "utf-8")
    with listening(folder, SETTINGS.format(root=lists)) as found:
        run(found.app, dry=True)
        found.token = token(found, *Scope)
        plant(found, 901)
        said = desk.statement(
            [Key(KeyKind.PHONE, "+4568123456")], Channel.CALL,
            now=found.app.clock(), at=None, evidence="i røret", by="Eva",
        )  # fmt: skip
        desk.record(found.app, said)
        yield found


def token(api: Listening, *scopes: Scope, days: int | None = None) -> str:
    name = f"Program {time.monotonic_ns()}"
    return tokens.make(api.app, name, scopes, days, "Anna").token


def plant(api: Listening, number: int) -> int:
    """A forbidden call, as a pass would have written it."""
    now = api.app.clock()
    values = {
        "rid": number, "verdict": "certain", "cause": next(iter(Cause)).value, "state": "open",
        "found_at": now, "at": now, "system": "files", "channel": "call", "ref": "files/call/1",
        "number": "+4568••••56", "agent": "Anna", "call_list": "Uge 47", "events": [],
        "since": now, "heard_at": now,
    }  # fmt: skip
    with api.app.store.transaction() as tx:
        made = tx.execute(sa.insert(table).values(values))
        return int(made.inserted_primary_key[0])  # type: ignore[index]


@pytest.fixture(scope="module")
def there(api: Listening) -> dict[str, str]:
    return good_questions.known(api.app)


NOT_HERE = {"piece", "list_fetched"}
"""Of these there is none yet."""
REFUSED = {
    "links",
    "lift_proposed",
    "consent_seen",
    "consent_refused",
    "list_checked",
    "party_said",
}
"""Here no form is set up, no consent newer, none proposed, and no list was sent."""


def asked(way: Way, there: dict[str, str]) -> tuple[str, Any]:
    """An address and a body of that way to which there is an answer, and which change nothing."""
    path = way.path.format(**there)
    if way.name == "check":
        path += "?phone=68123456"
    body = good_questions.body(way, there)
    return path, b"" if body is None and way.method == "POST" else body


# --- who may ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def no_tokens(api: Listening) -> tuple[str, ...]:
    """Nothing, nonsense, one that was never made, one that is over, one that was revoked."""
    expired = token(api, *Scope, days=1)
    with api.app.store.transaction() as tx:
        ended = sa.update(kept_tokens).where(kept_tokens.c.expires_at.is_not(None))
        tx.execute(ended.values(expires_at=kept_tokens.c.made_at))
    revoked = token(api, *Scope)
    tokens.revoke(api.app, tokens.listed(api.app)[-1].token, "Anna")
    return "", "x", "ringren_" + "A" * 43, expired, revoked, api.token + "A"


def test_nobody_is_told_or_does_anything_without_a_token_that_may(
    api: Listening, there: dict[str, str], no_tokens: tuple[str, ...]
) -> None:
    before = changes(api)
    for way in WAYS:
        path, body = asked(way, there)
        for secret in no_tokens:
            answer = api.ask(path, body, method=way.method, token=secret)
            assert answer.status == 401, way
            assert set(answer.json) == {"error"}
        basic = api.ask(path, body, method=way.method, authorization=f"Basic {api.token}")
        assert basic.status == 401
        small = token(api, *(set(Scope) - {way.scope}))
        answer = api.ask(path, body, method=way.method, token=small)
        assert (answer.status, answer.json["error"]["code"]) == (403, "not_allowed"), way
        assert way.scope.value in answer.json["error"]["message"]
    assert changes(api) == before


def changes(api: Listening) -> tuple[int, ...]:
    """What would have grown if something had been done."""
    found = api.ask("/api/v1/runs").json
    work = api.ask("/api/v1/work").json
    opened = violations.look(api.app, None, everything=False, limit=9).total
    story = desk.story(api.app, [Key(KeyKind.PHONE, "+4568123456")])
    return len(found), len(work), opened, len(story.chapters)


def test_the_description_takes_a_token_too_but_any(api: Listening) -> None:
    assert api.ask(openapi.DESCRIPTION, token="").status == 401
    assert api.ask(openapi.DESCRIPTION, token=token(api, Scope.METRICS)).status == 200


def test_a_token_with_a_role_may_what_somebody_with_it_may() -> None:
    for role in Role:
        assert scopes_of([role]) == {Scope(r) for r in RIGHTS[role] if r in set(Scope)}
    for_people = {Right.USERS, Right.SETTINGS, Right.DECIDE}
    assert {str(r) for r in Right} - {str(s) for s in Scope} == {str(r) for r in for_people}


def test_every_scope_leads_somewhere() -> None:
    assert {way.scope for way in WAYS} == set(Scope) - {Scope.METRICS}


# --- what is answered ------------------------------------------------------------------------


def strictly(schema: Any) -> Any:
    """The same, in which nothing may be that is not described."""
    if isinstance(schema, list):
        return [strictly(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: strictly(one) for name, one in schema.items()}
    if "properties" in found and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    said: dict[str, Any] = json.loads(openapi.text("en"))
    return said | {"components": strictly(said["components"])}


def fits(description: dict[str, Any], way: Way, answer: Answer) -> None:
    """Nothing is in an answer that the description has not, and nothing is missing."""
    said = description["paths"][way.path][way.method.lower()]["responses"][str(answer.status)]
    components = description["components"]
    if "$ref" in said:
        said = components["responses"]["Refused"]
    schema = said["content"]["application/json"]["schema"]
    validator = jsonschema.Draft202012Validator({"components": components, **schema})
    assert [error.message[:300] for error in validator.iter_errors(answer.json)] == []


@pytest.mark.parametrize(
    "way", [way for way in WAYS if way.status != 202], ids=lambda one: one.name
)
def test_what_is_answered_is_what_is_described(
    way: Way, api: Listening, there: dict[str, str], description: dict[str, Any]
) -> None:
    path, body = asked(way, there)
    answer = api.ask(path, body, method=way.method)
    found = [404] if way.name in NOT_HERE else [way.status]
    assert answer.status in found or way.name in REFUSED, answer.text
    fits(description, way, answer)
    assert answer.headers["cache-control"] == "no-store"


def test_the_description_is_openapi_and_says_every_address_in_both_languages(
    api: Listening, description: dict[str, Any]
) -> None:
    validate(description)
    paths = {(p, m.upper()) for p, ops in description["paths"].items() for m in ops}
    assert paths == {(way.path, way.method) for way in WAYS}
    danish = api.ask(openapi.DESCRIPTION, accept_language="da").json
    assert danish["paths"].keys() == description["paths"].keys()
    for way in WAYS:
        for texts, told in ((Texts("da"), danish), (Texts("en"), description)):
            key = f"api.way.{way.name}"
            summary = told["paths"][way.path][way.method.lower()]["summary"]
            assert summary == texts.get(key) != key
    assert get_args(shapes.Class) == tuple(one.value for one in VIOLATIONS)


def printed(api: Listening, *words: str) -> Any:
    """What a command prints with --json."""
    home = api.app.settings.home
    args = ["--json", "--settings", str(home.parent / "ringren.toml"), "--state", str(home)]
    said = CliRunner().invoke(program, [*args, *words]).stdout
    # The listener's thread may log the end of a request that was answered just before.
    return json.loads(re.sub(r"^\d{4}-\d\d-\d\d .*\n", "", said, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("command", "path", "body"),
    [
        (("runs",), "runs", None),
        (("plans",), "plans", None),
        (("plans", "1"), "plans/1", None),
        (("report", "1"), "runs/1/report", None),
        (("jobs",), "jobs", None),
        (("findings", "--causes"), "findings", None),
        (("findings", "--code", "CODE"), "findings/CODE", None),
        (("violations",), "violations", None),
        (("violations", "why", "1"), "violations/1", None),
        (("explain", "REF"), "records", {"record": "REF"}),
        (("parties",), "parties", {}),
        (("parties", "REF"), "parties", {"record": "REF"}),
        (("consents",), "consents", None),
        (("suppression", "requests", "--clear"), "suppression/requests", None),
        (("suppression", "why", PHONE), "suppression/why", {"phone": PHONE}),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_the_api_says_what_the_command_says(
    command: tuple[str, ...], path: str, body: Any, api: Listening, there: dict[str, str]
) -> None:
    known = {"REF": there["ref"], "CODE": there["code"]}
    words = [known.get(word, word) for word in command]
    sent = {n: known.get(v, v) for n, v in body.items()} if body is not None else None
    told = api.ask(f"/api/v1/{path.replace('CODE', there['code'])}", sent)
    assert told.status == 200
    moments = {"next_at", "again"}
    assert without(told.json, moments) == without(printed(api, *words), moments)


def without(found: Any, names: set[str]) -> Any:
    """The same but for what depends on the moment."""
    if isinstance(found, list):
        return [without(one, names) for one in found]
    if not isinstance(found, dict):
        return found
    return {name: without(one, names) for name, one in found.items() if name not in names}


def test_findings_of_a_kind_come_page_by_page(api: Listening) -> None:
    causes = api.ask("/api/v1/findings").json
    code = max(causes, key=lambda one: int(one["count"]))["code"]
    whole = [one["fid"] for one in api.ask(f"/api/v1/findings/{code}?limit=1000").json]
    seen: list[int] = []
    while page := api.ask(f"/api/v1/findings/{code}?limit=2&after={seen[-1] if seen else 0}").json:
        seen += [one["fid"] for one in page]
    assert len(whole) > 2
    assert seen == whole == sorted(whole)
    assert len(whole) == sum(one["count"] for one in causes if one["code"] == code)


def test_what_is_whose_adds_up_and_is_the_same_list_by_list(api: Listening) -> None:
    causes = api.ask("/api/v1/findings").json
    counted = 0
    for owner in OWNERS:
        mine = api.ask(f"/api/v1/findings?owner={owner}").json
        assert {one["owner"] for one in mine} <= {owner}
        counted += sum(one["count"] for one in mine)
        for one in mine[:2]:
            listed = api.ask(f"/api/v1/findings/{one['code']}?owner={owner}&limit=1000").json
            assert {each["owner"] for each in listed} == {owner}
            severe = [each for each in listed if each["finding"]["severity"] == one["severity"]]
            assert len(severe) == one["count"]
    assert counted == sum(one["count"] for one in causes)
    assert api.ask("/api/v1/findings?owner=nobody").status == 422


# --- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "plans/77", None, 404, "no_plan"),
        ("GET", "plans/0", None, 404, "no_address"),
        ("GET", "plans/x", None, 404, "no_address"),
        ("GET", f"plans/{10**30}", None, 404, "no_address"),
        ("GET", "runs/77/report", None, 404, "no_run"),
        ("GET", "findings/no_such", None, 404, "nothing_there"),
        ("GET", "violations/77", None, 404, "no_such"),
        ("GET", "suppression/receipts/68123456", None, 404, "nothing_there"),
        ("GET", "runs?limit=0", None, 422, "wrong_field"),
        ("GET", "runs?limit=1&limit=2", None, 422, "twice"),
        ("GET", "runs?phone=68123456", None, 422, "unknown_field"),
        ("GET", "overview?a=1", None, 422, "unknown_field"),
        ("POST", "jobs/no_such/run", b"", 404, "no_job"),
        ("POST", "records", {"record": "files"}, 422, "wrong_field"),
        ("POST", "records", {"record": "files/person/1"}, 422, "ref"),
        ("POST", "records", {"record": "files/contact/none"}, 404, "no_record"),
        ("POST", "suppression/why", {}, 422, "nobody"),
        ("POST", "suppression/why", {"phone": "ukendt"}, 422, "no_key"),
        ("POST", "suppression/why", {"68123456": "1"}, 422, "unknown_field"),
        ("POST", "suppression/check", {"phone": PHONE, "at": "2099-01-01"}, 422, "future"),
        ("POST", "violations/answers", {"numbers": [1], "reason": "x"}, 422, "wrong_field"),
        ("POST", "violations/answers", {"by": "E", "reason": " "}, 422, "no_reason"),
        ("POST", "violations/answers", b"{", 400, "no_json"),
        ("POST", "violations/answers", b"7", 422, "no_object"),
        ("POST", "plans", {}, 405, "no_method"),
        ("GET", "plans/1/apply", None, 405, "no_method"),
        ("GET", "nothing", None, 404, "no_address"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_with_a_code_that_stays(
    method: str, path: str, body: Any, status: int, code: str, api: Listening
) -> None:
    headers = {"content_type": "application/json"} if isinstance(body, bytes) else {}
    answer = api.ask(f"/api/v1/{path}", body, method=method, **headers)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)
    assert "68123456" not in answer.text
    assert all(answer.json["error"].values())


def test_however_many_look_an_opt_out_is_recorded_meanwhile(
    api: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()
    real = plans.listed

    def slow(app: App, limit: int) -> list[Plan]:
        goes_on.wait(60)
        return real(app, limit)

    monkeypatch.setattr(plans, "listed", slow)
    with ThreadPoolExecutor(20) as pool:
        looks = [pool.submit(api.ask, "/api/v1/plans") for _ in range(20)]
        try:
            said = api.ask("/v1/opt-outs", {"phone": "+45 68 12 34 77"})
            assert (said.status, [one.done() for one in looks]) == (201, [False] * 20)
            assert api.ask("/v1/check", {"items": [{"phone": PHONE}]}).json["unreadable"] == 0
        finally:
            goes_on.set()
        assert {one.result().status for one in looks} == {200}


# --- what is done ----------------------------------------------------------------------------


def test_a_violation_is_answered_for_by_a_named_person_through_a_named_program(
    api: Listening,
) -> None:
    one = plant(api, 902)
    body = {"numbers": [one], "by": "Eva Due", "reason": "Talt med Anna"}
    first, again = (api.ask("/api/v1/violations/answers", body) for _ in range(2))
    assert (first.json, again.json) == ({"acknowledged": [one]}, {"acknowledged": []})
    [answer] = violations.explain(api.app, one).answers
    name = tokens.listed(api.app)[0].name
    assert (answer.by, answer.login) == ("Eva Due", f"{name} (api)")
    with api.app.store.reading() as tx:
        assert acts.problems(tx)[1] == []


def finished(api: Listening, piece: dict[str, Any]) -> dict[str, Any]:
    """The piece, once it has come to its end."""
    path = f"/api/v1/work/{piece['number']}"
    while not (found := api.ask(path).json)["ended_at"]:
        time.sleep(0.05)
    return dict(found)


def test_a_plan_is_carried_out_and_its_run_taken_back(tmp_path: Path) -> None:
    lists = tmp_path / "lists"
    lists.mkdir()
    file = lists / "kontakter.csv"
    file.write_text("\n".join([HEADER, *people(3)]) + "\n", "utf-8")
    untouched = file.read_bytes()
    with listening(tmp_path, SETTINGS.format(root=lists)) as api:
        run(api.app, dry=True)
        api.token = tokens.make(api.app, "Natbot", scopes_of([Role.LEADER]), None, "Anna").token
        assert api.ask("/api/v1/plans/1").json["why_not"] is None
        taken = api.ask("/api/v1/plans/1/apply", b"", method="POST")
        assert taken.status == 202
        done = finished(api, taken.json)
        assert (done["error"], done["by"]) == (None, "Natbot")
        assert file.read_bytes() != untouched
        made = api.ask("/api/v1/runs").json[0]
        assert (made["run"], made["actor"]) == (done["run"], "Natbot (api)")
        why_not = api.ask("/api/v1/plans/1").json["why_not"]
        assert why_not == {"message": "error.plan_applied", "plan": 1}
        back = f"/api/v1/runs/{done['run']}/undo"
        seen = api.ask(f"{back}/preview", {}).json
        assert seen["records"] > 0
        undone = finished(api, api.ask(back, {}).json)
        assert undone["error"] is None
        assert file.read_bytes() == untouched
        again = finished(api, api.ask(back, {}).json)
        assert again["error"] is None
        assert file.read_bytes() == untouched
        with api.app.store.reading() as tx:
            known = [(act.act, act.by) for act in acts.listed(tx, [f"run {done['run']}", "plan 1"])]
            assert acts.problems(tx)[1] == []
        assert ("plan.applied", "Natbot (api)") in known
        assert ("run.undone", "Natbot (api)") in known
