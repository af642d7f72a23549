"""What other programs may have done over the API: lists, proposals, consents in notes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from good_questions import CONSENT
from listening import Answer, Listening, form_with_file, listening

from rules.keys import Key, KeyKind
from rules.rights import Role
from rules.suppression import Channel
from state import acts
from state.tokens import Scope, scopes_of
from sync.people import tokens
from sync.run import run
from sync.suppression import desk, lifts
from sync.suppression.verify import verify

HEADER = "Id;Navn;Tlf.;Noter;Samtykke opkald;Samtykke opkald dato;Samtykke opkald kilde;Behandlingsgrundlag"
YES = "Kunden har givet samtykke til opkald"
GOOD = "nej;Legitim interesse;LIA-1\n"
LIST = (
    "Firma;Navn;Tlf.;Reklamebeskyttet;Behandlingsgrundlag;Interesseafvejning\n"
    f"Opdigtet A/S;Rav Opdigtet;68 12 34 56;{GOOD}Opdigtet A/S;Birk Opdigtet;68 99 99 99;{GOOD}"
)
REF = "files/contact/kontakter.csv#{}"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """Two notes that hold a consent, and one number on the list of noes."""
    folder = tmp_path_factory.mktemp("api")
    lists = folder / "lists"
    lists.mkdir()
    rows = [f"1;Kim Opdigtet;68 00 00 01;{YES};;;;", f"2;Bo Opdigtet;68 00 00 02;{YES};;;;"]
    (lists / "kontakter.csv").write_text("\n".join([HEADER, *rows]) + "\n", "utf-8")
    settings = f'[api]\nport = 0\n[files]\nroot = "{lists}"\n[limits]\nmin_records = 100000\n'
    with listening(folder, settings) as found:
        key = Key(KeyKind.PHONE, "+4568999999")
        said = desk.statement(
            [key], Channel.ALL, now=found.app.clock(), at=None, evidence="", by="X"
        )
        desk.record(found.app, said)
        run(found.app, dry=False)
        verify(found.app)
        found.token = tokens.make(found.app, "Bot", scopes_of([Role.LEADER]), None, "Anna").token
        yield found


def send(api: Listening, data: bytes, **fields: str) -> Answer:
    body, kind = form_with_file(fields, "uge 47.csv", data)
    return api.ask("/api/v1/lists/check", body, content_type=kind)


def test_a_list_is_checked_released_and_fetched_without_those_who_said_no(api: Listening) -> None:
    looked = send(api, LIST.encode(), channel="call")
    assert (looked.status, looked.json["rows"], looked.json["release"]) == (200, 2, None)
    let_go = send(api, LIST.encode(), channel="call", release="true", name="Uge 47").json
    assert let_go["callable"] == 1
    assert let_go["written"] == "uge 47-ok.csv", "no folder of ours is told"
    fetched = api.ask(f"/api/v1/lists/{let_go['release']}")
    assert fetched.headers["content-type"] == "application/octet-stream"
    assert "68 12 34 56" in fetched.text
    assert "68 99 99 99" not in fetched.text
    small = tokens.make(api.app, "Small", set(Scope) - {Scope.LISTS}, None, "Anna").token
    assert api.ask(f"/api/v1/lists/{let_go['release']}", token=small).status == 403
    assert api.ask("/api/v1/lists/L-261126-00000z").status == 404
    assert not list((api.app.settings.home / "lists").glob("upload-*"))


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"channel": "fax"}, 422, "wrong_field"),
        ({"phone": "68123456"}, 422, "unknown_field"),
        ({"file": "text"}, 200, ""),
    ],
)
def test_a_form_that_says_something_else_is_refused(
    fields: dict[str, str], status: int, code: str, api: Listening
) -> None:
    answer = send(api, LIST.encode(), **fields)
    assert answer.status == status
    assert answer.json.get("error", {"code": ""})["code"] == code
    without = api.ask("/api/v1/lists/check", {"file": "x"})
    assert without.status == 415


def test_a_lift_and_a_correction_wait_for_another_person(api: Listening) -> None:
    consent = {
        "phone": "68 99 99 99", "channel": "call", "proof": "mail", "source": "sag 4711", "by": "Eva",
    }  # fmt: skip
    early = api.ask("/api/v1/suppression/lifts", consent | {"at": "2020-01-01"})
    assert (early.status, early.json["error"]["code"]) == (422, "not_newer")
    nobody = api.ask("/api/v1/suppression/lifts", consent | {"at": "2020-01-01", "by": "77"})
    assert nobody.json["error"]["code"] == "no_name"
    entry = desk.story(api.app, [Key(KeyKind.PHONE, "+4568999999")]).chapters[0].seq
    wrong = {"entry": entry, "why": "Det var en anden", "by": "Eva"}
    made = api.ask("/api/v1/suppression/corrections", wrong)
    assert (made.status, made.json["by"]) == (201, "Eva")
    none = api.ask("/api/v1/suppression/corrections", wrong | {"entry": 77_777})
    assert none.status == 404
    [waiting] = lifts.waiting(api.app)
    assert (waiting.asked_by, waiting.entry) == ("Eva", entry)
    assert desk.check(api.app, waiting.keys, api.app.clock()).blocked, "nothing ended yet"
    with api.app.store.reading() as tx:
        assert ("Eva", "Bot (api)") in {(one.by, one.login) for one in acts.listed(tx)}


def finished(api: Listening, piece: dict[str, Any]) -> dict[str, Any]:
    while not (found := api.ask(f"/api/v1/work/{piece['number']}").json)["ended_at"]:
        time.sleep(0.05)
    return dict(found)


def test_a_consent_in_a_note_is_seen_confirmed_or_refused_by_a_named_person(api: Listening) -> None:
    waiting = [f"{one['ref']}" for one in api.ask("/api/v1/consents").json]
    assert len(waiting) == 2
    said = {"record": REF.format(1), **CONSENT, "at": "20-11-2026"}
    assert len(api.ask("/api/v1/consents/preview", said).json["changes"]) == 4
    unnamed = api.ask("/api/v1/consents/confirm", said)
    assert unnamed.json["error"]["code"] == "wrong_field"
    done = finished(api, api.ask("/api/v1/consents/confirm", said | {"by": "Rosa"}).json)
    assert done["error"] is None
    assert api.ask("/api/v1/runs").json[0]["run"] == done["run"]
    refused = {"record": REF.format(2), "why": "Kun en brochure", "by": "Rosa"}
    [answer] = api.ask("/api/v1/consents/refuse", refused).json
    assert (answer["channel"], answer["written"]) == ("call", False)
    assert api.ask("/api/v1/consents").json == []
    again = api.ask("/api/v1/consents/refuse", refused)
    assert again.status == 422
    with api.app.store.reading() as tx:
        told = {one.act: (one.by, one.login) for one in acts.listed(tx)}
    assert told["consent.confirmed"] == ("Rosa", "Bot (api)")
    assert told["consent.refused"] == ("Rosa", "Bot (api)")
