"""A list sent to the page: looked at, let go, fetched; and what is no list, or too much of one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from listening import Answer, Listening, form_with_file, listening
from promises.lists import HEADER, people
from visiting import Visit, over, person, quick_passwords

from rules.keys import Key, KeyKind
from rules.rights import Role
from rules.suppression import Channel
from sync.run import run
from sync.suppression import desk
from sync.suppression.verify import verify
from sync.web import uploads

GOOD = "nej;Legitim interesse;LIA-1\n"
LIST = (
    "Firma;Navn;Tlf.;Reklamebeskyttet;Behandlingsgrundlag;Interesseafvejning\n"
    f"Opdigtet A/S;Rav Opdigtet;68 12 34 56;{GOOD}Opdigtet A/S;Birk Opdigtet;68 99 99 99;{GOOD}"
)


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with quick_passwords():
        yield


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """Lists that were read and compared; one number is on the list of noes."""
    folder = tmp_path_factory.mktemp("page")
    settings = over(folder, [HEADER, *people(3)]) + "[limits]\nmin_records = 100000\n"
    with listening(folder, settings) as found:
        key = Key(KeyKind.PHONE, "+4568999999")
        said = desk.statement(
            [key], Channel.ALL, now=found.app.clock(), at=None, evidence="", by="X"
        )
        desk.record(found.app, said)
        run(found.app, dry=False)
        verify(found.app)
        yield found


@pytest.fixture(scope="module")
def lea(site: Listening) -> Visit:
    return person(site, "Lea", Role.LEADER)


def send(visit: Visit, text: bytes | str = LIST, name: str = "liste.csv", **fields: str) -> Answer:
    visit.get("/lists")
    data = text if isinstance(text, bytes) else text.encode()
    body, kind = form_with_file({"stamp": visit.stamp} | fields, name, data)
    headers = visit._headers({"content_type": kind})
    return visit._kept(visit.site.ask("/lists", body, method="POST", listener="page", **headers))


def kept(site: Listening) -> list[Path]:
    return list((site.app.settings.home / "lists").rglob("*"))


def test_a_list_is_looked_at_row_by_row_and_nothing_of_it_stays(
    site: Listening, lea: Visit
) -> None:
    answer = send(lea, channel="call")
    assert answer.status == 200
    assert "opted out" in answer.text
    assert kept(site) == []


def test_a_list_that_is_let_go_is_fetched_without_those_who_said_no(
    site: Listening, lea: Visit
) -> None:
    answer = send(lea, channel="call", release="1")
    assert answer.status == 200, answer.text
    name = answer.text.partition('href="/lists/')[2].partition('"')[0]
    fetched = lea.get(f"/lists/{name}")
    assert fetched.headers["content-disposition"].startswith("attachment")
    assert "68 99 99 99" not in fetched.text
    assert "68 12 34 56" in fetched.text
    assert Visit(site).get(f"/lists/{name}").status == 303
    agent = person(site, "Agnes", Role.AGENT)
    assert agent.get(f"/lists/{name}").status == 403
    for path in kept(site):
        assert path.stat().st_mode & 0o077 == 0
    real, hours = site.app.clock, site.app.settings.release.hours
    try:
        site.app.clock = lambda: real() + timedelta(hours=hours, minutes=1)
        lea = person(site, "Lea Igen", Role.LEADER)
        assert lea.get(f"/lists/{name}").status == 404
    finally:
        site.app.clock = real
    assert kept(site) == []


@pytest.mark.parametrize(
    "name", ["../../../etc/cron.d/x.csv", "..\\..\\x.csv", ".hidden.csv", "a/b.csv", "æ ø.csv", ""]
)
def test_no_name_of_a_file_leads_out(name: str, site: Listening, lea: Visit) -> None:
    plain = uploads.plain_name(name)
    assert plain
    assert plain[0] != "."
    assert "/" not in plain
    assert "\\" not in plain
    assert send(lea, name=name).status == (200 if name else 422)
    assert kept(site) == []


def test_what_is_no_list_is_refused_and_nothing_of_it_stays(site: Listening, lea: Visit) -> None:
    for wrong in (b"", b"\x00\x01\x02\xff", b"PK\x03\x04", "kun overskrift\n", "<script>\n1\n"):
        answer = send(lea, wrong)
        assert answer.status in {200, 422}
        assert "<script>\n" not in answer.text
    assert send(lea, b"PK\x03\x04 no book", name="bog.xlsx").status in {200, 422}
    assert send(lea, b"MZ\x90\x00", name="program.exe").status in {200, 422}
    assert send(lea, stamp="x").status == 403
    assert kept(site) == []


def test_too_large_a_list_is_refused_before_it_is_kept(
    site: Listening, lea: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 2_000)
    answer = send(lea, LIST + "x" * 3_000)
    assert answer.status == 413
    assert kept(site) == []


def test_nobody_sends_a_file_before_it_is_known_who_he_is(site: Listening) -> None:
    stranger = Visit(site)
    stranger.get("/sign-in")
    assert send(stranger).status == 403
    agent = person(site, "Anton", Role.AGENT)
    assert send(agent).status == 403
    assert kept(site) == []
