"""The public page and the links in mails, over real HTTP: accepted first, nothing told, nothing forged."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listening import Answer, Listening, listening

from rules.errors import UserError
from rules.keys import Key, KeyKind
from rules.suppression import Channel
from state import alerts
from state.keys import new_ring
from state.ledger import head, newest
from state.tokens import Scope
from sync.app import open_app
from sync.people import tokens
from sync.settings import read
from sync.suppression import desk, links
from sync.suppression.links import Meant
from sync.web.serving import serve

SETTINGS = """
[api]
port = 0
[form]
port = 0
company = "Opdigtet <b>& Søn</b> ApS"
contact = "nejtak@opdigtet-0001.dk"
url = "https://nejtak.opdigtet-0001.dk"
[alarms]
burst_an_hour = 5
"""
PHONE, MAIL = "68 12 34 56", "peter@opdigtet-0001.dk"
MAIL_KEY = Key(KeyKind.EMAIL, MAIL)
NOW = datetime(2026, 11, 26, tzinfo=UTC)
RING = new_ring(NOW)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """One that several tests use; each with people of its own."""
    with listening(tmp_path_factory.mktemp("form"), SETTINGS) as found:
        yield found


@pytest.fixture
def form(tmp_path: Path) -> Iterator[Listening]:
    with listening(tmp_path, SETTINGS) as found:
        yield found


def say(form: Listening, lang: str = "da", **fields: str) -> Answer:
    body = urlencode(fields).encode()
    kind = "application/x-www-form-urlencoded"
    return form.ask("/", body, listener="form", content_type=kind, accept_language=lang)


def look(form: Listening, path: str = "/", lang: str = "da", **more: Any) -> Answer:
    return form.ask(path, listener="form", accept_language=lang, **more)


def click(form: Listening, path: str, body: bytes = b"List-Unsubscribe=One-Click") -> Answer:
    kind = "application/x-www-form-urlencoded"
    return form.ask(path, body, listener="form", content_type=kind)


def blocked(form: Listening, key: Key) -> list[bool]:
    return [one.blocked for one in desk.check(form.app, [key], form.app.clock()).channels]


def entries(form: Listening) -> int:
    with form.app.store.reading() as tx:
        return head(tx).seq


def path_of(form: Listening, key: Key = MAIL_KEY, channel: Channel = Channel.EMAIL) -> str:
    [made] = links.links(form.app, [key], channel)
    return made.url.removeprefix("https://nejtak.opdigtet-0001.dk")


# --- the page --------------------------------------------------------------------------------


def test_a_no_is_on_the_disk_when_the_page_says_so(form: Listening) -> None:
    answer = say(form, phone=PHONE, email=MAIL, channel="call")
    assert (answer.status, "Dit nej tak er noteret" in answer.text) == (200, True)
    assert blocked(form, Key(KeyKind.PHONE, "+4568123456")) == [True, False, False]
    assert blocked(form, MAIL_KEY) == [True, False, False]
    with form.app.store.reading() as tx:
        [entry] = newest(tx, 5)
    assert (entry.event.system, entry.event.evidence) == ("form", "form")


def test_nobody_learns_whether_a_number_is_known(shared: Listening) -> None:
    told = [say(shared, phone="68 40 00 01") for _ in range(2)]
    told.append(say(shared, phone="68 40 00 02"))
    bare = [{n: v for n, v in one.headers.items() if n != "date"} for one in told]
    assert [one.body for one in told] == [told[0].body] * 3
    assert bare == [bare[0]] * 3


def test_it_speaks_danish_and_english_and_says_who_asks(shared: Listening) -> None:
    danish, english = look(shared), look(shared, lang="en-GB,en")
    assert 'lang="da"' in danish.text
    assert "Telefonnummer" in danish.text
    assert "Phone number" in english.text
    assert english.headers["content-language"] == "en"
    assert "Opdigtet &lt;b&gt;&amp; Søn" in danish.text
    assert "nejtak@opdigtet-0001.dk" in danish.text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "Skriv et telefonnummer eller"),
        ({"phone": "hemmeligt"}, "kan ikke læses"),
        ({"phone": "1" * 500}, "kan ikke læses"),
        ({"phone": "311299-7171"}, "kan ikke læses"),
        ({"email": "peter"}, "kan ikke læses"),
        ({"email": "@opdigtet-0001.dk"}, "kan ikke læses"),
        ({"phone": PHONE, "email": "x"}, "kan ikke læses"),
    ],
)
def test_what_cannot_be_read_is_given_back_with_what_to_mend(
    shared: Listening, fields: dict[str, str], says: str
) -> None:
    before = entries(shared)
    answer = say(shared, **fields)
    assert (answer.status, says in answer.text, 'role="alert"' in answer.text) == (422, True, True)
    assert entries(shared) == before


def test_what_is_typed_comes_back_as_text_only(shared: Listening) -> None:
    evil = '"><script>alert(1)</script>'
    answer = say(shared, phone=evil, email=evil, channel=evil)
    assert answer.status == 422
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_a_channel_that_there_is_not_means_all_of_them(shared: Listening) -> None:
    assert say(shared, phone="68 41 00 01", channel="fax").status == 200
    assert blocked(shared, Key(KeyKind.PHONE, "+4568410001")) == [True, True, True]


def test_headers_are_strict_and_nothing_is_loaded_or_remembered(shared: Listening) -> None:
    for answer in (look(shared), look(shared, "/x"), say(shared), look(shared, path_of(shared))):
        headers = answer.headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "script" not in policy
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert "set-cookie" not in headers
        assert not re.search(r"<script|https?://|src=|<link", answer.text)


def test_what_is_for_programs_is_not_there_and_the_other_way_round(shared: Listening) -> None:
    token = tokens.make(shared.app, "Dialer", [Scope.CHECK], None, "Anna").token
    for path in ("/v1/check?phone=68123456", "/v1/opt-outs", "/admin", "/docs", "/openapi.json"):
        assert look(shared, path, authorization=f"Bearer {token}").status == 404
    assert shared.ask("/", token=token).status == 404
    assert shared.urls["form"] != shared.urls["api"]


def test_bodies_that_are_no_form_are_refused(shared: Listening) -> None:
    before = entries(shared)
    form_kind = "application/x-www-form-urlencoded"
    for body, kind, status in [
        (b"{}", "application/json", 415),
        (b"phone=68123456", "text/plain", 415),
        (b"x" * 20_000, form_kind, 413),
        (b"&".join(b"a=1" for _ in range(100)), form_kind, 422),
        (b"\xff\xfe=\xff", form_kind, 422),
        (b"phone=%ff%fe", form_kind, 422),
    ]:
        assert shared.ask("/", body, listener="form", content_type=kind).status == status
    assert shared.ask("/", method="DELETE", listener="form").status in (404, 405)
    assert entries(shared) == before


def test_a_flood_is_recorded_as_far_as_it_goes_and_alarmed_and_the_rest_is_told_so(
    tmp_path: Path,
) -> None:
    with listening(
        tmp_path, SETTINGS.replace("port = 0\ncomp", "port = 0\na_minute = 80\ncomp")
    ) as form:
        answers = [say(form, phone=f"6842{number:04}") for number in range(12)]
        codes = [one.status for one in answers]
        assert codes == [200] * 9 + [503] * 3, "a tenth from one place"
        assert "ikke noteret endnu" in answers[-1].text
        assert 'value="68420011"' in answers[-1].text, "what was typed is not lost"
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert entries(form) == 9
        with form.app.store.reading() as tx:
            [alarm] = alerts.listed(tx, [alerts.OPEN], 10)
        assert (alarm.code, alarm.system, alarm.details["count"]) == ("burst", "form", 9)


# --- links in mails --------------------------------------------------------------------------


def test_a_mail_program_opts_out_with_one_click(form: Listening) -> None:
    path = path_of(form)
    answer = click(form, path)
    assert (answer.status, "set-cookie" in answer.headers) == (200, False)
    assert blocked(form, MAIL_KEY) == [False, True, False]
    assert click(form, path).status == 200
    assert entries(form) <= 2


def test_opening_a_link_records_nothing_its_button_does(form: Listening) -> None:
    path = path_of(form, channel=Channel.ALL)
    page = look(form, path)
    assert page.status == 200
    assert MAIL not in page.text, "who is masked for whoever reads along"
    assert "p•••@opdigtet-0001.dk" in page.text
    assert entries(form) == 0
    assert form.ask(path, method="HEAD", listener="form").status in (200, 405)
    assert entries(form) == 0
    assert click(form, path, b"").status == 200
    assert blocked(form, MAIL_KEY) == [True, True, True]


def test_a_link_with_a_giant_body_still_counts(form: Listening) -> None:
    assert click(form, path_of(form), b"x" * 20_000).status == 200
    assert blocked(form, MAIL_KEY)[1] is True


def test_links_are_taken_at_any_pace_for_a_campaign_goes_to_thousands(tmp_path: Path) -> None:
    slow = SETTINGS.replace("port = 0\ncomp", "port = 0\na_minute = 1\ncomp")
    with listening(tmp_path, slow) as form:
        people = [Key(KeyKind.EMAIL, f"p{number}@opdigtet-0001.dk") for number in range(12)]
        assert [click(form, path_of(form, one)).status for one in people] == [200] * 12
        assert entries(form) == 12


def test_no_link_can_be_made_up_or_changed(shared: Listening) -> None:
    path, before = path_of(shared), entries(shared)
    text = path.removeprefix("/u/")
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    forged = [raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :] for at in range(0, len(raw), 7)]
    others = [links.seal(new_ring(shared.app.clock()), Meant(MAIL_KEY, Channel.EMAIL))]
    others += [base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in forged]
    others += [text[:-4], text + "AAAA", "AAAA", "x" * 2000, "%00", "..%2f..", "æøå".encode().hex()]
    for one in others:
        assert click(shared, f"/u/{one}").status == 404, one
        assert look(shared, f"/u/{one}").status == 404, one
    assert entries(shared) == before


def test_a_link_holds_until_its_end_and_without_one_for_years(shared: Listening) -> None:
    ring, now = shared.app.keys, shared.app.clock()
    meant = Meant(MAIL_KEY, Channel.EMAIL)
    short, ever = links.seal(ring, meant, now + timedelta(days=1)), links.seal(ring, meant)
    assert links.read(ring, short, now) == meant
    assert links.read(ring, short, now + timedelta(days=1, seconds=1)) is None
    assert links.read(ring, ever, now + timedelta(days=3650)) == meant
    newer = ring.with_new_key(now)
    assert links.read(newer, ever, now) == meant, "a key more changes nothing"
    assert links.read(newer.without(ring.newest), ever, now) is None


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_any_text_is_a_link_or_none(text: str) -> None:
    assert links.read(RING, text, NOW) is None


def test_a_link_says_nothing_to_whoever_reads_it(shared: Listening) -> None:
    [made] = links.links(shared.app, [MAIL_KEY], Channel.EMAIL)
    assert "peter" not in made.url
    assert b"peter" not in base64.urlsafe_b64decode(made.url.rpartition("/")[2] + "==")
    assert made.headers == {
        "List-Unsubscribe": f"<{made.url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_programs_have_links_made_where_their_token_lets_them(shared: Listening) -> None:
    may = tokens.make(shared.app, "Mailer", [Scope.LINKS], None, "Anna").token
    asked = {"items": [{"email": MAIL}, {"email": "x"}, {"email": MAIL, "phone": PHONE}]}
    found = shared.ask("/v1/links", asked, token=may).json["results"]
    assert found[0]["url"] == links.links(shared.app, [MAIL_KEY], Channel.EMAIL)[0].url
    assert [one.get("error", {}).get("code") for one in found] == [None, "no_key", "one_key"]
    only = tokens.make(shared.app, "Reader", [Scope.CHECK], None, "Anna").token
    assert shared.ask("/v1/links", asked, token=only).status == 403


# --- opened --------------------------------------------------------------------------


def test_a_page_that_does_not_say_who_asks_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text("[form]\nport = 0\n", "utf-8")
    read_in = read(file=tmp_path / "r.toml", root=None, state=tmp_path / "state", lang="en")
    with open_app(read_in, actor="tester", dry=False) as app:
        with pytest.raises(UserError, match="no_company"):
            serve(app, lambda _: None)
        with pytest.raises(UserError, match="no_url"):
            links.links(app, [MAIL_KEY], Channel.EMAIL)
