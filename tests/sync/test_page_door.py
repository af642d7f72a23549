"""The door of the page, over real HTTP: who is let in, who may do what, and what forgers get."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from argon2 import PasswordHasher
from listening import Listening, listening
from visiting import PASSWORD, Visit, over, person, quick_passwords

from rules.errors import UserError
from rules.keys import Key, KeyKind
from rules.rights import RIGHTS, Right, Role
from state import acts
from sync.app import open_app
from sync.people import passwords, users
from sync.settings import SettingsError, read
from sync.suppression import desk
from sync.web import serving
from sync.web.page import door
from sync.web.page.site import PLACES, Place

PHONE = "68 12 34 56"


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with quick_passwords():
        yield


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    with opened(tmp_path_factory.mktemp("page")) as found:
        yield found


def opened(folder: Path, more: str = "") -> listening:  # type: ignore[valid-type]
    settings = over(folder, ["id;navn;telefon", f"1;Rav;{PHONE}"])
    return listening(folder, settings.replace("port = 0\n", f"port = 0\n{more}"))


@pytest.fixture(scope="module")
def people(site: Listening) -> dict[Role, Visit]:
    """Somebody of each role, signed in."""
    return {role: person(site, f"En {role}", role) for role in Role}


@pytest.fixture(autouse=True)
def patient_door(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many sign in here that they would have to wait; the test of that says so itself."""
    monkeypatch.setattr(door.Door, "keep_pace", lambda *_: None)


def blocked(site: Listening) -> bool:
    return desk.check(site.app, [Key(KeyKind.PHONE, "+4568123456")], site.app.clock()).blocked


# --- rights ----------------------------------------------------------------------------------


def _address(place: Place) -> str:
    return re.sub(
        r"\{(\w+)\}", lambda found: "1" if found[1] == "number" else "mailbox", place.path
    )


@pytest.mark.parametrize("place", PLACES, ids=lambda one: f"{one.method} {one.path}")
def test_each_page_is_for_those_who_have_the_right(
    place: Place, site: Listening, people: dict[Role, Visit]
) -> None:
    path = _address(place)
    for role, visit in people.items():
        answer = visit.get(path) if place.method == "GET" else visit.post(path)
        assert (answer.status == 403) is (place.right not in RIGHTS[role]), (role, answer.status)
        assert answer.status < 500
    stranger = Visit(site)
    stranger.get("/sign-in")
    if place.method == "GET":
        answer = stranger.get(path)
        assert (answer.status, answer.headers["location"]) == (
            303,
            f"/sign-in?to={quote(path, safe='')}",
        )
    else:
        assert stranger.post(path).status == 403


def test_every_right_is_asked_for_by_a_page() -> None:
    assert {place.right for place in PLACES} == set(Right)


def test_the_menu_shows_what_one_may_open(people: dict[Role, Visit]) -> None:
    for role, visit in people.items():
        shown = set(re.findall(r'<li><a href="(/\w*)"', visit.get("/").text))
        allowed = {p.path for p in PLACES if p.method == "GET" and p.right in RIGHTS[role]}
        assert shown <= allowed
        assert ("/violations" in shown) is (Right.VIOLATIONS in RIGHTS[role])


# --- forms that are not ours -----------------------------------------------------------------


def test_a_form_that_another_site_sends_does_nothing(
    site: Listening, people: dict[Role, Visit]
) -> None:
    agent, fields = people[Role.AGENT], {"phone": PHONE, "channel": "all"}
    agent.get("/people")
    stamp = agent.stamp
    for wrong in ("", "x", people[Role.LEADER].stamp, stamp[:-1]):
        assert agent.post("/people/opt-out", fields | {"stamp": wrong}).status == 403
    here = site.urls["page"]
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": here.replace("127.0.0.1", "127.0.0.2")},
    ):
        agent.stamp = stamp
        assert agent.post("/people/opt-out", fields, **headers).status == 403
    assert agent.post("/people/opt-out", fields, content_type="text/plain").status == 415
    assert not blocked(site)
    agent.stamp = stamp
    assert (
        agent.post("/people/opt-out", fields, origin=here, sec_fetch_site="same-origin").status
        == 200
    )
    assert blocked(site)


def test_nobody_is_signed_in_as_somebody_else_by_a_forged_form(site: Listening) -> None:
    users.add(site.app, "Lokke Due", [Role.VIEWER], PASSWORD, "tester")
    victim, forger = Visit(site), Visit(site)
    victim.get("/sign-in")
    forger.get("/sign-in")
    victim.stamp = forger.stamp
    assert victim.post("/sign-in", {"name": "Lokke Due", "password": PASSWORD}).status == 403


# --- sessions --------------------------------------------------------------------------------


def test_a_session_that_was_planted_before_is_worth_nothing(site: Listening) -> None:
    users.add(site.app, "Fast Nøgle", [Role.VIEWER], PASSWORD, "tester")
    visit = Visit(site)
    visit.cookies |= {"ringren-session": "A" * 43, "ringren-door": "B" * 43}
    planted = dict(visit.cookies)
    assert visit.sign_in("Fast Nøgle").status == 303
    assert visit.cookies["ringren-session"] not in planted.values()
    for value in planted.values():
        thief = Visit(site, cookies={"ringren-session": value})
        assert thief.get("/").status == 303


def test_cookies_are_for_us_alone(
    site: Listening, people: dict[Role, Visit], tmp_path: Path
) -> None:
    users.add(site.app, "Kage Mand", [Role.VIEWER], PASSWORD, "tester")
    visit = Visit(site)
    visit.get("/sign-in")
    [session] = [c for c in visit.post("/sign-in", {"name": "kage  MAND", "password": PASSWORD})
                 .set_cookies if c.startswith("ringren-session=")]  # fmt: skip
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= {
        part.strip() for part in session.split(";")
    }
    with opened(tmp_path, 'url = "https://ringren.opdigtet-0001.dk"\n') as https:
        answer = Visit(https).get("/sign-in", host="ringren.opdigtet-0001.dk")
        assert answer.status == 200
        assert "max-age" in answer.headers["strict-transport-security"]
        [kept] = [c for c in answer.set_cookies if "ringren-door=" in c and "Max-Age=0" not in c]
        assert kept.startswith("__Host-ringren-door=")
        assert "Secure" in kept
        assert "Domain" not in kept


def test_who_does_nothing_is_signed_out_and_who_works_all_day_too(
    site: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit, now = person(site, "Sover Tungt"), site.app.clock()
    page = site.app.settings.page
    at = [now]
    monkeypatch.setattr(site.app, "clock", lambda: at[0])
    for _ in range(page.hours - 1):
        at[0] += timedelta(minutes=page.idle_minutes - 1)
        assert visit.get("/").status == 200
    at[0] += timedelta(minutes=page.idle_minutes + 1)
    assert visit.get("/").status == 303
    at[0] = now
    visit = Visit(site)
    assert visit.sign_in("Sover Tungt").status == 303
    while at[0] < now + timedelta(hours=page.hours):
        assert visit.get("/").status == 200
        at[0] += timedelta(minutes=page.idle_minutes - 1)
    assert visit.get("/").status == 303


def test_a_page_that_renews_itself_keeps_nobody_signed_in(
    site: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit, at = person(site, "Tom Stol"), [site.app.clock()]
    monkeypatch.setattr(site.app, "clock", lambda: at[0])
    idle = site.app.settings.page.idle_minutes
    for _ in range(4):
        at[0] += timedelta(minutes=idle / 3)
        status = visit.get("/", x_renew="1").status
    assert status == 303


def test_who_signs_out_or_is_changed_is_out_at_once(site: Listening) -> None:
    visit = person(site, "Går Hjem")
    kept = dict(visit.cookies)
    assert visit.post("/sign-out").status == 303
    assert Visit(site, cookies=kept).get("/").status == 303
    for change in (
        lambda: users.set_roles(site.app, "Går Hjem", [Role.AGENT], "tester"),
        lambda: users.set_password(site.app, "Går Hjem", PASSWORD + "!", "tester"),
        lambda: users.set_password(site.app, "Går Hjem", PASSWORD, "tester"),
        lambda: users.remove(site.app, "Går Hjem", "tester"),
    ):
        visit = Visit(site)
        password = PASSWORD
        if visit.sign_in("Går Hjem").status != 303:
            password += "!"
            assert visit.sign_in("Går Hjem", password).status == 303
        change()
        assert visit.get("/").status == 303
    assert Visit(site).sign_in("Går Hjem").status == 403


def test_one_changes_ones_own_password_by_the_old_one_and_signs_in_anew(site: Listening) -> None:
    visit = person(site, "Skifter Selv")
    elsewhere = Visit(site)
    assert elsewhere.sign_in("Skifter Selv").status == 303
    visit.get("/me")
    assert visit.post("/me", {"old": "forkert forkert", "new": PASSWORD + "3"}).status == 422
    assert visit.post("/me", {"old": PASSWORD, "new": "kort"}).status == 422
    assert (
        visit.post("/me", {"old": PASSWORD, "new": PASSWORD + "3", "name": "En viewer"}).status
        == 303
    )
    assert (visit.get("/").status, elsewhere.get("/").status) == (303, 303)
    assert Visit(site).sign_in("Skifter Selv").status == 403
    assert Visit(site).sign_in("Skifter Selv", PASSWORD + "3").status == 303
    assert Visit(site).sign_in("En viewer").status == 303


def test_neither_password_nor_session_stands_in_the_state_folder(site: Listening) -> None:
    visit = person(site, "Hemmelig Mand")
    secrets = [PASSWORD.encode(), visit.cookies["ringren-session"].encode(), visit.stamp.encode()]
    for path in site.app.settings.home.rglob("*"):
        if path.is_file():
            assert not any(secret in path.read_bytes() for secret in secrets)


# --- guessing --------------------------------------------------------------------------------


def test_a_wrong_name_and_a_wrong_password_look_the_same_and_take_as_long(
    site: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = PasswordHasher()
    monkeypatch.setattr(passwords, "_hasher", lambda: real)
    passwords._nobodys.cache_clear()
    users.add(site.app, "Findes Her", [Role.VIEWER], PASSWORD, "tester")
    passwords.holds(None, "warm")

    def tried(name: str) -> tuple[float, str]:
        visit = Visit(site)
        visit.get("/sign-in")
        began = time.perf_counter()
        answer = visit.post("/sign-in", {"name": name, "password": "forkert forkert"})
        took = time.perf_counter() - began
        assert answer.status == 403
        return took, answer.text.replace(name, "NAME").replace(visit.stamp, "")

    there, nobody = ([tried(n) for _ in range(2)] for n in ("Findes Her", "Findes Ikke"))
    assert re.sub(r'value="[\w-]{43}"', "", there[0][1]) == re.sub(
        r'value="[\w-]{43}"', "", nobody[0][1]
    )
    quickest = [min(took for took, _ in one) for one in (there, nobody)]
    assert max(quickest) < 2 * min(quickest)


def test_whoever_guesses_has_to_wait_whether_the_name_is_there_or_not(tmp_path: Path) -> None:
    with opened(tmp_path) as site:
        paces = door.Door(site.app)
        for name in ("Rav", "Ingen"):
            waits = [paces._by_name.wait(name, 0.0) for _ in range(door.TRIES_AT_ONCE + 1)]
            assert waits[:-1] == [0.0] * door.TRIES_AT_ONCE
            assert waits[-1] > 0


def test_after_too_many_tries_even_the_right_password_waits(tmp_path: Path) -> None:
    real = _real_pace
    with pytest.MonkeyPatch.context() as patch, opened(tmp_path) as site:
        patch.setattr(door.Door, "keep_pace", real)
        patch.setattr(passwords, "holds", lambda hashed, given: bool(hashed) and given == PASSWORD)
        users.add(site.app, "Rav", [Role.VIEWER], PASSWORD, "tester")
        visit = Visit(site)
        codes = [visit.sign_in("Rav", f"gæt {n} gæt gæt").status for n in range(door.TRIES_AT_ONCE)]
        assert codes == [403] * door.TRIES_AT_ONCE
        late = visit.sign_in("Rav")
        assert late.status == 429
        assert int(late.headers["retry-after"]) >= 1
        assert Visit(site).sign_in("en anden").status == 429, "the address waits, too"


_real_pace = door.Door.keep_pace


# --- what is not ours to answer --------------------------------------------------------------


def test_another_hosts_name_gets_nothing(people: dict[Role, Visit]) -> None:
    visit = people[Role.ADMIN]
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::2]"):
        assert visit.get("/", host=host).status == 421
    assert visit.get("/", host="localhost:1234").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../page.css", "/static/..%2f..%2fdoor.py", "/static/%2e%2e/%2e%2e/site.py",
        "/static/site.html.j2", "/static/", "/static//etc/passwd", "/jobs/..%2f..%2fetc",
        "/runs/1%00", "/violations/%F0%9F%A6%9D", "/runs/-1", "/runs/99999999999999999999",
    ],
)  # fmt: skip
def test_no_path_leads_out(path: str, people: dict[Role, Visit]) -> None:
    answer = people[Role.ADMIN].get(path)
    assert answer.status in {404, 422}
    assert "import" not in answer.text


def test_signing_in_leads_to_nobody_elses_address(site: Listening) -> None:
    users.add(site.app, "Til Hus", [Role.VIEWER], PASSWORD, "tester")
    for wrong in ("//evil.example", "https://evil.example", "/\\evil.example", "\r\nx: y", "evil"):
        visit = Visit(site)
        visit.get("/sign-in?to=" + quote(wrong, safe=""))
        answer = visit.post("/sign-in", {"name": "Til Hus", "password": PASSWORD, "to": wrong})
        assert (answer.status, answer.headers["location"]) == (303, "/")
    visit = Visit(site)
    visit.get("/sign-in?to=%2Fjobs")
    answer = visit.post("/sign-in", {"name": "Til Hus", "password": PASSWORD, "to": "/jobs"})
    assert answer.headers["location"] == "/jobs"


def test_every_answer_has_strict_headers_and_nothing_inline(people: dict[Role, Visit]) -> None:
    visit = people[Role.ADMIN]
    for path in ("/", "/sign-in", "/nothing", "/jobs", "/static/page.css"):
        answer = visit.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        if path == "/static/page.css":
            assert "immutable" in answer.headers["cache-control"]
            continue
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"<style|<script>|\sstyle=|\son\w+=|https?://", answer.text)


def test_what_somebody_typed_or_a_system_holds_is_never_a_script(
    site: Listening, people: dict[Role, Visit]
) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    agent = people[Role.AGENT]
    agent.get("/people")
    said = {"phone": "68 99 99 99", "channel": "all", "evidence": evil}
    assert agent.post("/people/opt-out", said).status == 200
    users.add(site.app, "<b>Fed</b>", [Role.VIEWER], PASSWORD, "tester")
    answers = [
        agent.post("/people", {"who": "68 99 99 99"}),
        agent.post("/people", {"who": evil}),
        agent.post("/people/opt-out", {"phone": evil, "at": evil, "channel": evil}),
        people[Role.LEADER].get("/records?ref=" + quote(evil)),
        people[Role.LEADER].get("/violations?show=" + quote(evil)),
        agent.get("/?told=" + quote(evil)),
        agent.get("/?lang=" + quote(evil)),
        Visit(site).get("/sign-in?to=/" + quote(evil)),
    ]
    for answer in answers:
        assert answer.status in {200, 422}
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
    assert "&lt;script&gt;" in answers[0].text


# --- where it listens ------------------------------------------------------------------------


def test_the_page_alone_listens_on_this_machine_without_a_word_in_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lists").mkdir()
    file = tmp_path / "ringren.toml"
    for host, urls in (("127.0.0.1", 1), ("0.0.0.0", 0)):  # noqa: S104
        file.write_text(f'[page]\nhost = "{host}"\n[files]\nroot = "{tmp_path / "lists"}"\n')
        monkeypatch.setattr(serving, "USUAL_PORT", 0)
        found = read(file=file, root=None, state=tmp_path / "state", lang="en")
        opened_at: list[str] = []
        stop = asyncio.Event()

        def ready(listeners: Sequence[serving.Open], at: list[str] = opened_at,
                  stop: asyncio.Event = stop) -> None:  # fmt: skip
            at += [one.url for one in listeners]
            stop.set()

        with open_app(found, actor="tester", dry=False) as app:
            if urls:
                serving.serve_page(app, ready, stop)
            else:
                with pytest.raises(UserError, match=r"serve\.nothing"):
                    serving.serve_page(app, ready, stop)
        assert len(opened_at) == urls


@pytest.mark.parametrize("more", ['host = "0.0.0.0"\nbehind_proxy = true', "behind_proxy = true"])
def test_who_is_reached_from_elsewhere_says_by_which_name(tmp_path: Path, more: str) -> None:
    file = tmp_path / "ringren.toml"
    file.write_text(f"[page]\nport = 1\n{more}\n")
    with pytest.raises(SettingsError) as error:
        read(file=file, root=None, state=tmp_path, lang="en")
    assert [one.key for one in error.value.problems] == ["page"]
    file.write_text(f'[page]\nport = 1\n{more}\nurl = "https://ringren.opdigtet-0001.dk"\n')
    assert read(file=file, root=None, state=tmp_path, lang="en").page.url


# --- what was done ---------------------------------------------------------------------------


def test_what_people_do_stands_in_the_chain_with_their_name(
    site: Listening, people: dict[Role, Visit]
) -> None:
    with site.app.store.reading() as tx:
        before = acts.head(tx).seq
    users.add(site.app, "Ny Mand", [Role.AGENT], PASSWORD, "Anna")
    users.set_roles(site.app, "ny mand", [Role.LEADER, Role.COMPLIANCE], "Anna")
    users.set_password(site.app, "Ny Mand", PASSWORD + "2", "Anna")
    users.remove(site.app, "Ny Mand", "Bent")
    with site.app.store.reading() as tx:
        done = [one for one in acts.listed(tx) if one.seq > before]
        assert acts.problems(tx)[1] == []
    assert [(one.act, one.by) for one in done] == [
        ("user.added", "Anna"),
        ("user.roles", "Anna"),
        ("user.password", "Anna"),
        ("user.removed", "Bent"),
    ]
    assert not any(PASSWORD in str(one.details) for one in done)
