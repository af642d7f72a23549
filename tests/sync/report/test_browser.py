"""The page as a reader opens it: offline, in Chromium, by light and in the dark, on a phone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sync.app import App
from sync.report.page import write_html
from sync.run import run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LEAST_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3, for text of normal size."""

CONTRASTS = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const part = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (one) => {
    for (; one; one = one.parentElement) {
      const color = parse(getComputedStyle(one).backgroundColor);
      if (color.length === 3 || color[3] > 0.99) { return color; }
    }
    return [255, 255, 255];
  };
  const own = (one) => [...one.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  return [...document.querySelectorAll("body *")]
    .filter((one) => own(one) && one.checkVisibility() && !one.closest("script,style"))
    .map((one) => {
      const a = light(parse(getComputedStyle(one).color)), b = light(behind(one));
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      return [one.tagName + "." + one.className, one.textContent.trim().slice(0, 40), ratio];
    });
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium without a sandbox of its own, which root may not have."""
    playwright = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        missing = f"no Chromium at {CHROMIUM}: install it, or name it in CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def path(opened: Callable[..., App], tmp_path: Path) -> Path:
    """The story's report as a file."""
    written = tmp_path / "report.html"
    write_html(run(opened(dry=True), dry=True).report, written, "da")
    return written


@pytest.fixture
def visit(browser: Browser, path: Path) -> Iterator[Callable[..., Page]]:
    """Opens the file offline; at the end nothing was complained of and nothing asked for."""
    complaints: list[str] = []
    requests: list[str] = []
    contexts = []

    def open_it(**options: Any) -> Page:
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert not complaints
    assert set(requests) == {path.as_uri()}


def test_the_search_leaves_the_rows_that_fit(visit: Callable[..., Page]) -> None:
    page = visit()
    rows = page.locator(".samples tbody tr:visible")
    everything = rows.count()
    page.get_by_role("searchbox").fill("CVR-nummer 9000")
    left = rows.count()
    assert 0 < left < everything
    assert all("CVR-nummer" in text for text in rows.all_inner_texts())
    fitting = page.locator(".searched tbody tr:visible, .searched-item:visible").count()
    assert page.locator("#hits").inner_text().startswith(f"{fitting} ")
    page.get_by_role("searchbox").fill("findes slet ikke")
    assert rows.count() == 0
    assert "report-all.csv" in page.locator("#hits").inner_text()
    page.get_by_role("searchbox").press("Escape")
    assert rows.count() == everything
    assert page.locator("#hits").inner_text() == ""


def test_opt_outs_are_never_folded(visit: Callable[..., Page]) -> None:
    page = visit()
    assert page.locator("#opt_outs details").count() == 0
    assert page.locator("#opt_outs tbody tr:visible").count() == 3
    assert page.locator("#opt_outs").get_by_text("Bellis Elkedel").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(visit: Callable[..., Page], scheme: str) -> None:
    page = visit(color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    found = page.evaluate(CONTRASTS)
    assert len(found) > 100
    assert not [one for one in found if one[2] < LEAST_CONTRAST]


def test_light_and_dark_differ(visit: Callable[..., Page]) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = visit(color_scheme="light").evaluate(ground)
    assert light != visit(color_scheme="dark").evaluate(ground)


@pytest.mark.parametrize("width", [320, 375, 768, 1280])
def test_the_page_is_no_wider_than_the_screen(visit: Callable[..., Page], width: int) -> None:
    page = visit(viewport={"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_keyboard_reaches_content_and_search(visit: Callable[..., Page]) -> None:
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#content"
    page.get_by_role("searchbox").focus()
    page.keyboard.type("K")
    assert page.get_by_role("status").inner_text() != ""


def test_headings_go_down_one_step_at_a_time(visit: Callable[..., Page]) -> None:
    levels = visit().evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map((one) => Number(one.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_without_script_everything_is_there_and_no_search(visit: Callable[..., Page]) -> None:
    page = visit(java_script_enabled=False)
    assert page.locator(".samples tbody tr").count() > 0
    assert page.get_by_role("searchbox").count() == 0


def test_it_prints_on_a4(visit: Callable[..., Page]) -> None:
    page = visit()
    page.emulate_media(media="print")
    assert not page.locator(".contents").is_visible()
    printed = page.pdf(format="A4", prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
