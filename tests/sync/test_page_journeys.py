"""The page in a real Chromium: the journeys of an agent, a project leader, compliance; read by axe."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browsers import CONTRASTS, LEAST_CONTRAST, chromium
from listening import Listening, listening
from promises.lists import HEADER, people
from visiting import PASSWORD, over, quick_passwords

from rules.keys import Key, KeyKind
from rules.rights import Role
from state import history, proposals
from sync.people import users
from sync.run import run
from sync.suppression import desk

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
PHONE = Key(KeyKind.PHONE, "+4568999999")
PAGES = (
    "/", "/people", "/lists", "/violations", "/findings", "/findings/no_column_for_call_list", "/plans", "/plans/1",
    "/sources", "/sources/questions", "/runs", "/runs/1", "/records", "/parties", "/requests", "/consents", "/houses", "/systems", "/jobs", "/users", "/settings",
)  # fmt: skip
READ = ("/", "/people", "/findings", "/plans/1", "/jobs", "/users", "/settings")
"""Pages of every make: these axe reads each time, the others with TEST_EVERY_PAGE."""
EVERY = bool(os.environ.get("TEST_EVERY_PAGE"))
KEPT = os.environ.get("TEST_SCREENSHOTS", "")
"""A folder that pictures of all pages are kept in."""


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with quick_passwords():
        yield


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """A folder that was read once, with a plan; people of several roles."""
    folder = tmp_path_factory.mktemp("page")
    settings = over(folder, [HEADER, *people(8)]) + "[limits]\nmin_records = 100000\n"
    with listening(folder, settings) as found:
        for name, role in (
            ("Agnes", Role.AGENT),
            ("Lea", Role.LEADER),
            ("Conrad", Role.COMPLIANCE),
        ):
            users.add(found.app, name, [role], PASSWORD, "tester")
        users.add(found.app, "Alle", list(Role), PASSWORD, "tester")
        run(found.app, dry=True)
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@contextmanager
def somebody(site: Listening, browser: Browser, name: str, **options: Any) -> Iterator[Page]:
    """Signed in, by keyboard; whatever the browser complains about fails the test."""
    complaints: list[str] = []
    with browser.new_context(locale=options.pop("locale", "da-DK"), **options) as context:
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(site.urls["page"])
        page.locator("#name").focus()
        page.keyboard.type(name)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("nav")
        yield page
        assert complaints == []


def go(page: Page, site: Listening, path: str) -> None:
    page.goto(site.urls["page"] + path)


def wait_for(page: Page, holds: Callable[[], bool]) -> None:
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(200)
    raise AssertionError("waited in vain")


def test_an_agent_looks_somebody_up_and_records_a_no_without_a_script(
    site: Listening, browser: Browser
) -> None:
    with somebody(site, browser, "Agnes", java_script_enabled=False) as page:
        page.get_by_role("link", name="Nej tak").click()
        page.get_by_label("Telefonnummer, e-mail, CVR-nummer eller post").fill("68 99 99 99")
        page.get_by_role("button", name="Slå op").click()
        assert "SPÆRRET" not in page.get_by_role("main").inner_text()
        assert page.get_by_label("Telefonnummer", exact=True).input_value() == "+4568999999"
        page.get_by_label("Hvad der blev sagt").fill("Ring <aldrig> igen")
        page.get_by_role("button", name="Notér nej tak").click()
        assert "SPÆRRET" in page.get_by_role("heading", level=2, name="SPÆRRET").inner_text()
        assert "Ring <aldrig> igen" in page.get_by_role("main").inner_text()
        assert "68" not in page.url.partition("/people")[2]
        assert page.get_by_role("link", name="Overtrædelser").count() == 0
    assert desk.check(site.app, [PHONE], site.app.clock()).blocked
    [chapter] = desk.story(site.app, [PHONE]).chapters
    assert chapter.by == ("Agnes",)


def test_a_no_ends_only_when_two_people_say_so(site: Listening, browser: Browser) -> None:
    key = Key(KeyKind.PHONE, "+4568999998")
    said = desk.statement(
        [key], desk.Channel.ALL, now=site.app.clock(), at=None, evidence="", by="X"
    )
    desk.record(site.app, said)
    with somebody(site, browser, "Lea") as page:
        go(page, site, "/people")
        page.locator("#who").fill("68999998")
        page.keyboard.press("Enter")
        page.get_by_text("Noteringen er forkert").click()
        page.get_by_label("Hvorfor den er forkert").fill("Forkert nummer")
        page.locator("#c-entry").locator("xpath=ancestor::form").get_by_role("button").click()
        assert "1" in page.get_by_role("status").inner_text()
        go(page, site, "/requests")
        assert page.get_by_role("button", name="Sig ja").count() == 0
    assert desk.check(site.app, [key], site.app.clock()).blocked
    with somebody(site, browser, "Conrad") as page:
        go(page, site, "/requests")
        page.get_by_role("button", name="Sig ja").click()
        assert page.get_by_role("status").count() == 1
    assert not desk.check(site.app, [key], site.app.clock()).blocked


def test_a_plan_is_looked_at_carried_out_and_taken_back(site: Listening, browser: Browser) -> None:
    file = site.app.settings.files.root / "kontakter.csv"  # type: ignore[operator]
    before = file.read_bytes()
    with somebody(site, browser, "Lea") as page:
        page.get_by_role("link", name="Planer").click()
        page.get_by_role("link", name="1", exact=True).click()
        assert "vil ændre" in page.get_by_role("heading", level=1).inner_text()
        assert file.read_bytes() == before
        page.get_by_role("button", name="Udfør planen").click()
        assert page.get_by_role("status").inner_text()
        done = page.locator("table a[href^='/runs/']").first
        # The page renews itself until the run is there.
        done.wait_for()
        assert file.read_bytes() != before
        done.click()
        page.get_by_role("link", name="Se, hvad det vil sige").click()
        page.get_by_role("button", name="Tag kørsel").click()
        wait_for(page, lambda: file.read_bytes() == before)
        go(page, site, "/jobs")
        page.locator(".badge", has_text="gik godt").nth(1).wait_for()
    with site.app.store.reading() as tx:
        plan = proposals.get_plan(tx, 1)
        assert plan is not None
        assert (plan.state, plan.approver) == ("applied", "Lea (page)")
        actors = {one.command: one.actor for one in history.list_runs(tx)}
    assert actors["apply 1"] == "Lea (page)"


def test_a_job_is_done_when_somebody_asks(site: Listening, browser: Browser) -> None:
    with somebody(site, browser, "Lea", locale="en-GB") as page:
        go(page, site, "/jobs")
        page.get_by_role("button", name="Do now: Delete what is too old").click()
        row = page.get_by_role("row", name="Delete what is too old Lea")
        row.get_by_text("went well").wait_for()


def test_the_report_of_a_run_opens_under_its_own_policy(site: Listening, browser: Browser) -> None:
    with somebody(site, browser, "Lea") as page:
        go(page, site, "/runs/1")
        page.get_by_role("link", name="Se rapporten").click()
        assert page.get_by_role("heading", level=1).count() == 1
        color = page.evaluate("getComputedStyle(document.querySelector('.top')).backgroundColor")
        assert color not in {"rgba(0, 0, 0, 0)", ""}


@pytest.mark.parametrize(
    ("locale", "scheme", "width"), [("da-DK", "light", 1280), ("en-GB", "dark", 320)]
)
def test_every_page_can_be_read_by_everybody(
    site: Listening, browser: Browser, locale: str, scheme: Any, width: int
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with somebody(site, browser, "Alle", locale=locale, color_scheme=scheme,
                  viewport={"width": width, "height": 800}) as page:  # fmt: skip
        for path in PAGES if EVERY or scheme == "light" else READ:
            go(page, site, path)
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            wrong = [one for one in page.evaluate(CONTRASTS) if one[2] < LEAST_CONTRAST]
            assert wrong == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            if EVERY or (path in READ and scheme == "light"):
                found = axe.run(page).response["violations"]
                assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], path
            if KEPT:
                name = f"{path.strip('/').replace('/', '-') or 'home'}-{locale[:2]}-{width}.png"
                page.screenshot(path=Path(KEPT) / name, full_page=True)
