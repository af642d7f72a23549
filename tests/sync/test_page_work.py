"""What is done on the page is what the commands do: violations answered for, records, figures that add up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
import sqlalchemy as sa
from listening import Listening, listening
from promises.lists import HEADER, people
from visiting import Visit, over, person, quick_passwords

from rules.rights import Role
from rules.violation_causes import Cause
from state import acts
from state.tables import violations as table
from sync.calling import violations
from sync.listings import causes
from sync.run import run
from sync.service.overview import as_text, overview
from sync.settings import in_force, read
from sync.texts import Texts


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with quick_passwords():
        yield


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    folder = tmp_path_factory.mktemp("page")
    evil = "<script>alert(1)</script>;x;y;z;æ"
    rows = [HEADER, *people(6), evil, "K9;" + ";" * HEADER.count(";")]
    with listening(folder, over(folder, rows)) as found:
        run(found.app, dry=True)
        yield found


@pytest.fixture(scope="module")
def lea(site: Listening) -> Visit:
    return person(site, "Lea", Role.LEADER)


def plant(site: Listening, number: int) -> int:
    """A forbidden call, as a pass would have written it."""
    now = site.app.clock()
    values = {
        "rid": number, "verdict": "certain", "cause": next(iter(Cause)).value, "state": "open",
        "found_at": now, "at": now, "system": "files", "channel": "call",
        "ref": "files/call/<b>1</b>", "number": "+4568••••56", "agent": "<i>Anna</i>",
        "call_list": "Uge 47", "events": [], "since": now, "heard_at": now,
    }  # fmt: skip
    with site.app.store.transaction() as tx:
        made = tx.execute(sa.insert(table).values(values))
        return int(made.inserted_primary_key[0])  # type: ignore[index]


def text_of(html: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))


def test_a_violation_is_answered_for_with_a_name_and_a_reason(site: Listening, lea: Visit) -> None:
    one, two, three = (plant(site, number) for number in (901, 902, 903))
    assert "<i>Anna" not in lea.get("/violations").text
    assert "<b>1" not in lea.get(f"/violations/{one}").text
    assert lea.post(f"/violations/{one}", {"reason": "  "}).status == 422
    assert violations.explain(site.app, one).violation.state == "open"
    done = lea.post(f"/violations/{one}", {"reason": "Talt med Anna"})
    assert (done.status, done.headers["location"]) == (303, f"/violations/{one}?told=answered")
    [answer] = violations.explain(site.app, one).answers
    assert (answer.by, answer.login) == ("Lea", "Lea (page)")
    assert "Talt med Anna" in lea.get(f"/violations/{one}").text
    lea.get("/violations")
    assert lea.post("/violations", {"reason": "Samme sag"}).status == 422, "nothing was ticked"
    ticked = {f"v{two}": "1", f"v{three}": "1", "reason": "Samme sag"}
    assert lea.post("/violations", ticked).status == 303
    assert violations.look(site.app, None, everything=False, limit=9).total == 0
    with site.app.store.reading() as tx:
        assert acts.problems(tx)[1] == []
    assert lea.get("/violations/77777").status == 422


def test_the_page_says_what_the_command_says_and_its_figures_add_up(
    site: Listening, lea: Visit
) -> None:
    told = as_text(overview(site.app), Texts("en"))
    home = text_of(lea.get("/").text)
    for line in told.splitlines():
        if "opt-outs today" in line:
            assert line in home
    groups = causes(site.app)
    page = lea.get("/findings").text
    shown = [int(one) for one in re.findall(r'data-label="Number" class="number">(\d+)<', page)]
    assert shown == [one.count for one in groups]
    assert f'<td class="number">{sum(shown)}</td>' in page
    assert "<script>alert" not in page
    owner = groups[0].fields[0].owner
    some = lea.get(f"/findings?owner={owner}").text
    mine = causes(site.app, owner)
    assert 0 < len(mine) < len(groups)
    shown = [int(one) for one in re.findall(r'data-label="Number" class="number">(\d+)<', some)]
    assert shown == [one.count for one in mine]
    code = groups[0].code
    his = f"/findings/{code}?owner={owner}"
    assert f'href="{his}"' in some
    assert f"{mine[0].count} finding" in text_of(lea.get(his).text)
    # Who looks at what is his does not decide about what is another's by one tick.
    assert 'name="all"' in lea.get(f"/findings/{code}").text
    assert 'name="all"' not in lea.get(his).text
    assert f"{groups[0].count} finding" in text_of(lea.get(f"/findings/{code}").text)
    assert lea.get("/findings/no_such_code").status == 404


def test_a_record_is_explained_and_an_unknown_one_is_told_apart(
    site: Listening, lea: Visit
) -> None:
    page = lea.get("/plans/1").text
    [ref, *_] = re.findall(r'href="/records\?ref=([^"]+)"', page)
    found = lea.get(f"/records?ref={ref}")
    assert found.status == 200
    assert unquote(ref) in unescape(found.text)
    for wrong in ("files/contact/none", "nothing", "files/nothing/1", "'; DROP TABLE users;--"):
        assert lea.get("/records?ref=" + quote(wrong)).status == 422


def test_settings_are_shown_without_secrets(
    site: Listening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOX", "hemmelig-7f3a")
    file = tmp_path / "r.toml"
    file.write_text(
        '[mailbox]\nhost = "imap.opdigtet-0001.dk"\nuser = "x"\npassword = { env = "BOX" }\n'
        '[alarms.receivers."a"]\nurl = { env = "BOX" }\n'
    )
    found = in_force.sections(read(file=file, root=None, state=tmp_path, lang="en"))
    said = in_force.as_text(found, Texts("en"))
    assert "hemmelig" not in said
    assert said.count(in_force.HIDDEN) == 2
    assert '* host = "imap.opdigtet-0001.dk"' in said
    admin = person(site, "Ada", Role.ADMIN)
    page = text_of(admin.get("/settings").text)
    assert "[page]" in page
    assert "idle_minutes" in page
    assert str(site.app.settings.files.root) in page


def test_an_administrator_lets_people_in_and_out(site: Listening) -> None:
    admin = person(site, "Adam", Role.ADMIN)
    admin.get("/users")
    made = {"name": "Ny Agent", "password": "fire gode ord her", "agent": "1"}
    assert admin.post("/users", made | {"password": "kort"}).status == 422
    assert admin.post("/users", made | {"agent": ""}).status == 422
    assert admin.post("/users", made).status == 303
    visit = Visit(site)
    assert visit.sign_in("Ny Agent", "fire gode ord her").status == 303
    admin.get("/users")
    change = {"name": "Ny Agent", "do": "roles", "viewer": "1", "leader": "1"}
    assert admin.post("/users/change", change).status == 303
    assert visit.get("/").status == 303, "signed out"
    visit.sign_in("Ny Agent", "fire gode ord her")
    assert visit.get("/violations").status == 200
    assert admin.post("/users/change", {"name": "Ny Agent", "do": "remove"}).status == 303
    assert Visit(site).sign_in("Ny Agent", "fire gode ord her").status == 403


def test_a_system_is_tested_as_the_settings_have_it_and_none_is_written_here(
    site: Listening,
) -> None:
    file = site.app.settings.home.parent / "ringren.toml"
    before = file.read_bytes()
    admin = person(site, "Asta", Role.ADMIN)
    page = admin.get("/systems").text
    assert "[hubspot]" in page
    assert "[files]" not in page
    tried = admin.post("/systems/files")
    assert tried.status == 200
    assert "kontakter.csv" in tried.text
    assert admin.post("/systems/hubspot").status == 404
    assert file.read_bytes() == before
    conrad = person(site, "Conrad", Role.COMPLIANCE)
    assert "<button" not in conrad.get("/systems").text.partition("<main")[2]
    assert conrad.post("/systems/files").status == 403
