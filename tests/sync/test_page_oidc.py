"""Signing in with an account elsewhere: what proves who somebody is, and all that does not."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from browsers import chromium
from listening import Answer, Listening, listening
from oidc_desk import CLIENT, SECRET, Desk, desk
from promises.lists import HEADER, people
from visiting import PASSWORD, Visit, over, quick_passwords

from rules.errors import UserError
from rules.rights import Role
from state import acts
from sync.people import oidc, users
from sync.settings import SettingsError, read

SECTION = """
[oidc]
issuer = "{issuer}"
client_id = "{client}"
client_secret = {{ env = "RINGREN_TEST_OIDC" }}
label = "Firmakonto"
[oidc.roles]
leads = ["leader", "agent"]
it = ["admin"]
"""


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with quick_passwords():
        yield


@pytest.fixture(scope="module")
def provider() -> Iterator[Desk]:
    with desk() as made:
        yield made


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, provider: Desk) -> Iterator[Listening]:
    folder = tmp_path_factory.mktemp("page")
    settings = over(folder, [HEADER, *people(1)])
    settings += SECTION.format(issuer=provider.url, client=CLIENT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RINGREN_TEST_OIDC", SECRET)
        patch.setattr(oidc, "AGAIN_SECONDS", 0)
        # The pace at the door is another test's.
        patch.setattr("sync.web.page.door.TRIES_AT_ONCE", 1000)
        with listening(folder, settings) as found:
            users.add(found.app, "Lokal", [Role.ADMIN], PASSWORD, "tester")
            yield found


@pytest.fixture(autouse=True)
def honest(provider: Desk) -> None:
    provider.says, provider.lies, provider.is_down = {}, "", False
    provider.who = {"sub": "u-1", "email": "rav@opdigtet-0001.dk", "roles": ["leads"]}


def gone_there(site: Listening, to: str = "/") -> tuple[Visit, str]:
    """A browser on its way, and the address that the provider sent it back to."""
    visit = Visit(site)
    away = visit.get(f"/sign-in/elsewhere?to={to}")
    assert away.status == 303, away.text
    return visit, sent_back(away.headers["location"])


def sent_back(there: str) -> str:
    from http.client import HTTPConnection

    parts = urlsplit(there)
    connection = HTTPConnection("127.0.0.1", parts.port or 0, timeout=30)
    connection.request("GET", f"{parts.path}?{parts.query}")
    back = urlsplit(connection.getresponse().getheader("location") or "")
    connection.close()
    return f"{back.path}?{back.query}"


def signed_in(site: Listening, to: str = "/") -> tuple[Visit, Answer]:
    visit, back = gone_there(site, to)
    return visit, visit.get(back)


def test_whoever_has_a_role_elsewhere_is_let_in_with_it(site: Listening, provider: Desk) -> None:
    assert "Sign in with Firmakonto" in Visit(site).get("/sign-in").text
    visit, answer = signed_in(site, "/findings")
    assert answer.status == 200
    assert 'content="0;url=/findings"' in answer.text
    assert "ringren-elsewhere" not in visit.cookies
    assert visit.get("/findings").status == 200
    assert "rav@opdigtet-0001.dk" in visit.get("/").text
    assert visit.get("/users").status == 403
    with site.app.store.reading() as tx:
        [act] = [one for one in acts.listed(tx) if one.by == provider.url]
    assert act.details["roles"] == "agent leader"
    provider.who["roles"] = ["it", "unknown"]
    again, _ = signed_in(site)
    assert visit.get("/findings").status == 303, "another role: signed out where he was"
    assert again.get("/users").status == 200
    found = [one for one in users.listed(site.app) if one.subject]
    assert [one.roles for one in found] == [{Role.ADMIN}]


@pytest.mark.parametrize(
    ("says", "lies"),
    [
        ({"nonce": "another"}, ""),
        ({"nonce": None}, ""),
        ({"aud": "somebody-else"}, ""),
        ({"aud": [CLIENT, "somebody-else"]}, ""),
        ({"aud": [CLIENT, "somebody-else"], "azp": "somebody-else"}, ""),
        ({"exp": int(time.time()) - 3600}, ""),
        ({"exp": None}, ""),
        ({"iat": int(time.time()) + 3600}, ""),
        ({"nbf": int(time.time()) + 3600}, ""),
        ({"iss": "https://login.opdigtet-0002.dk"}, ""),
        ({"iss": None}, ""),
        ({"sub": None}, ""),
        ({}, "none"),
        ({}, "shared secret"),
        ({}, "another key"),
        ({}, "changed"),
        ({}, "rubbish"),
    ],
)
def test_a_token_that_proves_nothing_lets_nobody_in(
    says: dict[str, Any], lies: str, site: Listening, provider: Desk
) -> None:
    provider.says, provider.lies = says, lies
    before = len(users.listed(site.app))
    visit, answer = signed_in(site)
    assert answer.status == 403
    assert "Signing in did not succeed" in answer.text
    assert "ringren-session" not in visit.cookies
    assert visit.get("/").status == 303
    assert len(users.listed(site.app)) == before


def test_several_audiences_are_well_when_we_are_the_one_it_was_made_for(
    site: Listening, provider: Desk
) -> None:
    provider.says = {"aud": ["somebody-else", CLIENT], "azp": CLIENT}
    assert signed_in(site)[1].status == 200


def test_a_try_is_good_once_in_its_own_browser_and_for_ten_minutes(site: Listening) -> None:
    visit, back = gone_there(site)
    kept = dict(visit.cookies)
    assert Visit(site).get(back).status == 403, "another browser"
    assert visit.get(back).status == 200
    visit.cookies = kept
    assert visit.get(back).status == 403, "brought back again"
    visit, back = gone_there(site)
    state = parse_qs(urlsplit(back).query)["state"][0]
    assert visit.get(back.replace(state, state[:-1] + "x")).status == 403
    assert visit.get(back).status == 403, "its cookie went with the wrong one"
    visit, back = gone_there(site)
    visit.cookies["ringren-elsewhere"] += "x"
    assert visit.get(back).status == 403
    visit, back = gone_there(site)
    real = site.app.clock
    try:
        site.app.clock = lambda: real() + timedelta(minutes=11)
        assert visit.get(back).status == 403, "too late"
    finally:
        site.app.clock = real


def test_an_answer_of_another_issuer_or_without_a_code_is_none(
    site: Listening, provider: Desk
) -> None:
    visit, back = gone_there(site)
    other = back.replace("iss=http%3A%2F%2Flocalhost", "iss=http%3A%2F%2Fopdigtet-0002.dk")
    assert other != back
    assert visit.get(other).status == 403
    visit, back = gone_there(site)
    refused = back.replace("code=", "error=access_denied&none=")
    assert visit.get(refused).status == 403
    assert all("u-1" not in one and "code" not in one for one in provider.asked)


def test_new_keys_are_known_at_once_and_old_ones_no_more(site: Listening, provider: Desk) -> None:
    assert signed_in(site)[1].status == 200
    old = provider.key
    provider.rotate()
    assert signed_in(site)[1].status == 200
    provider.key, shown = old, provider.key
    visit, back = gone_there(site)
    asked = provider.codes[parse_qs(urlsplit(back).query)["code"][0]]
    token = provider.signed(asked)
    provider.key = shown
    provider.signed = lambda _known: token  # type: ignore[method-assign]
    try:
        assert visit.get(back).status == 403
    finally:
        del provider.signed


def test_where_it_leads_afterwards_is_a_page_of_ours(site: Listening) -> None:
    for to in ("//opdigtet-0002.dk/", "https://opdigtet-0002.dk/", "/\\opdigtet-0002.dk"):
        _, answer = signed_in(site, to)
        assert 'content="0;url=/"' in answer.text


def test_nobody_takes_another_users_place(site: Listening, provider: Desk) -> None:
    provider.who = {"sub": "u-2", "email": "Lokal", "roles": ["leads"]}
    _, answer = signed_in(site)
    assert (answer.status, "called the same" in answer.text) == (403, True)
    provider.who = {"sub": "u-3", "email": "bo@opdigtet-0001.dk", "roles": ["visitors"]}
    _, answer = signed_in(site)
    assert (answer.status, "no role" in answer.text) == (403, True)
    provider.who = {"sub": "u-4", "email": "ib@opdigtet-0001.dk", "roles": "leads"}
    ib, answer = signed_in(site)
    assert answer.status == 200
    assert Visit(site).sign_in("ib@opdigtet-0001.dk", "").status == 403
    with pytest.raises(UserError, match=r"account\.elsewhere"):
        users.set_password(site.app, "ib@opdigtet-0001.dk", PASSWORD, "tester")
    users.remove(site.app, "ib@opdigtet-0001.dk", "tester")
    assert ib.get("/").status == 303
    _, answer = signed_in(site)
    assert (answer.status, "removed" in answer.text) == (403, True)


def test_who_is_made_here_gets_in_while_the_other_place_is_away(
    site: Listening, provider: Desk
) -> None:
    visit, back = gone_there(site)
    provider.is_down = True
    assert visit.get(back).status == 503
    assert Visit(site).sign_in("Lokal").status == 303


def test_an_issuer_that_calls_itself_something_else_is_not_asked(
    provider: Desk, site: Listening
) -> None:
    provider.says = {"issuer": "https://login.opdigtet-0002.dk"}
    asked = oidc.Issuer(site.app.settings.oidc, site.app.clock)
    with pytest.raises(oidc.Untrue, match="issuer"):
        asked.address(oidc.new_flow(), "http://127.0.0.1/sign-in/back")


def test_half_a_way_in_is_no_setting(tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    for text in (
        'issuer = "https://login.opdigtet-0002.dk"',
        'issuer = "http://login.opdigtet-0002.dk"\nclient_id = "x"\nroles = { a = ["admin"] }',
        'issuer = "https://x.dk"\nclient_id = "x"\nroles = { a = ["king"] }',
    ):
        file.write_text(f"[oidc]\n{text}\n")
        with pytest.raises(SettingsError):
            read(file=file, root=None, state=tmp_path, lang="en")


def test_claims_are_read_wherever_they_stand() -> None:
    nested = {"realm_access": {"roles": ["a", 7, ""]}, "https://x.dk/roles": "b"}
    assert oidc.values(nested, "realm_access.roles") == ["a"]
    assert oidc.values(nested, "https://x.dk/roles") == ["b"]
    assert oidc.values(nested, "nothing.there") == []


@pytest.mark.browser
def test_a_browser_that_comes_back_from_another_site_is_inside(site: Listening) -> None:
    """The provider is another site: strict cookies are not sent on the way back from there."""
    with chromium() as browser, browser.new_context(locale="da-DK") as context:
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.goto(site.urls["page"] + "/findings")
        page.get_by_role("link", name="Log ind med Firmakonto").click()
        page.wait_for_selector("nav")
        assert page.url == site.urls["page"] + "/findings"
        if folder := os.environ.get("TEST_SCREENSHOTS"):
            context.clear_cookies()
            page.goto(site.urls["page"])
            page.screenshot(path=Path(folder) / "door-da-1280.png")
