"""The page as a reader opens it: offline, in Chromium, by light and in the dark, on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from browsers import CONTRASTS, LEAST_CONTRAST, chromium

from sync.app import App
from sync.report.page import write_html
from sync.run import run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    with chromium() as launched:
        yield launched


@pytest.fixture
def path(opened: Callable[..., App], tmp_path: Path) -> Path:
    """The story's report as a file."""
    written = tmp_path / "report.html"
    write_html(run(opened(dry=True), dry=True).report, written, "da")
    return written


@pytest.fixture
def visit(path: Path, visit_file: Callable[..., Page]) -> Callable[..., Page]:
    """Opens the story's report."""
    return lambda **options: visit_file(path, **options)


@pytest.fixture
def visit_file(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a file offline; at the end nothing was complained of and nothing asked for."""
    complaints: list[str] = []
    requests: list[str] = []
    contexts = []
    opened_files: set[str] = set()

    def open_it(path: Path, **options: Any) -> Page:
        opened_files.add(path.as_uri())
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
    assert set(requests) == opened_files


def rows_of(page: Page, table: str) -> Any:
    return page.locator(f".explored.{table} tbody tr")


def status_of(page: Page, table: str) -> str:
    return str(page.locator(f".explorer[data-table={table}] [role=status]").inner_text())


def test_the_search_at_the_top_leaves_what_fits_everywhere(visit: Callable[..., Page]) -> None:
    page = visit()
    rows = rows_of(page, "changes")
    everything = rows.count()
    box = page.get_by_label("Søg i ændringer, fund og nej tak")
    box.fill("CVR-nummer 9000")
    left = rows.count()
    assert 0 < left < everything
    assert all("CVR-nummer" in text for text in rows.all_inner_texts())
    fitting = page.locator("#opt_outs tbody tr:visible, .searched-item:visible").count()
    fitting += left + rows_of(page, "findings").count()
    assert page.locator("#hits").inner_text().startswith(f"{fitting} ")
    box.fill("findes slet ikke")
    assert rows.count() == 0
    assert "report-all.csv" in page.locator("#hits").inner_text()
    box.press("Escape")
    assert rows.count() == everything
    assert page.locator("#hits").inner_text() == ""


def test_changes_are_filtered_by_field_rule_and_list(visit: Callable[..., Page]) -> None:
    page = visit()
    explorer = page.locator(".explorer[data-table=changes]")
    rows = rows_of(page, "changes")
    whole = status_of(page, "changes")
    explorer.locator('select[data-column="0"]').select_option("E-mail")
    assert {text.split("\t")[0] for text in rows.all_inner_texts()} == {"E-mail"}
    some = rows.count()
    explorer.locator('select[data-column="5"]').select_option("kontakter.csv")
    assert 0 < rows.count() <= some
    explorer.get_by_label("Søg").fill("findes ikke")
    assert rows.count() == 0
    assert status_of(page, "changes") == "Ingen rækker passer."
    explorer.get_by_role("button", name="Nulstil").click()
    assert status_of(page, "changes") == whole


def test_findings_are_filtered_by_severity_and_owner(visit: Callable[..., Page]) -> None:
    page = visit()
    explorer = page.locator(".explorer[data-table=findings]")
    rows = rows_of(page, "findings")
    everything = rows.count()
    explorer.locator('select[data-column="0"]').select_option("fejl")
    assert 0 < rows.count() < everything
    assert {text.split("\t")[0] for text in rows.all_inner_texts()} == {"fejl"}


def test_a_heading_sorts_and_says_so(visit: Callable[..., Page]) -> None:
    page = visit()
    explorer = page.locator(".explorer[data-table=changes]")
    heading = explorer.locator("thead th").first
    assert heading.get_attribute("aria-sort") == "none"
    button = explorer.get_by_role("button", name="Felt")
    button.focus()
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    up = rows_of(page, "changes").all_inner_texts()
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert rows_of(page, "changes").all_inner_texts() != up


def test_pages_are_turned_and_end(visit: Callable[..., Page]) -> None:
    page = visit()
    explorer = page.locator(".explorer[data-table=changes]")
    back = explorer.get_by_role("button", name="Forrige")
    on = explorer.get_by_role("button", name="Næste")
    assert back.is_disabled()
    first = rows_of(page, "changes").first.inner_text()
    seen = rows_of(page, "changes").count()
    while on.is_enabled():
        on.click()
        seen += rows_of(page, "changes").count()
    assert rows_of(page, "changes").first.inner_text() != first
    assert status_of(page, "changes").startswith(f"{seen} af {seen} ")
    assert back.is_enabled()


def test_cells_of_a_list_are_text_in_the_laid_out_rows(
    opened: Callable[..., App], folder: Path, tmp_path: Path, visit_file: Callable[..., Page]
) -> None:
    evil = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
    path = folder / "kontakter.csv"
    content = path.read_bytes().decode("utf-8-sig")
    path.write_bytes(content.replace("Blyant", f"  {evil}").encode("utf-8-sig"))
    written = tmp_path / "evil.html"
    write_html(run(opened(dry=True), dry=True).report, written, "da")
    page = visit_file(written)
    page.locator(".explorer[data-table=changes]").get_by_label("Søg").fill("onerror")
    assert rows_of(page, "changes").count() > 0
    assert page.locator("img").count() == 0


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


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_page_is_no_wider_than_the_screen(visit: Callable[..., Page], width: int) -> None:
    page = visit(viewport={"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


BROKEN = """() => [...document.querySelectorAll("th, td")]
  .filter((one) => one.checkVisibility() && !one.matches(".file, .value, .where, .value *"))
  .filter((one) => getComputedStyle(one.closest("thead, tbody, tfoot")).position !== "absolute")
  .flatMap((one) => [...one.childNodes].filter((n) => n.nodeType === 3).flatMap((n) =>
    [...n.data.matchAll(/(?<![\\p{L}\\p{N}_.\\/#@-])\\p{L}+(?![\\p{L}\\p{N}_.\\/#@-])/gu)].filter((word) => {
      const range = document.createRange();
      range.setStart(n, word.index);
      range.setEnd(n, word.index + word[0].length);
      return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1;
    }).map((word) => `${word[0]} in ${one.closest("table").className}`)))"""
"""Words of a table that stand on two lines. Names of files and values of customers may."""


@pytest.mark.parametrize(("width", "media"), [(320, "screen"), (1280, "screen"), (703, "print")])
def test_no_word_of_a_table_is_broken_in_two(
    visit: Callable[..., Page], width: int, media: Literal["screen", "print"]
) -> None:
    page = visit(viewport={"width": width, "height": 1000})
    page.emulate_media(media=media)
    if media == "print":
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert set(page.evaluate(BROKEN)) == set()


def test_a_keyboard_reaches_content_and_search(visit: Callable[..., Page]) -> None:
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#content"
    page.get_by_role("searchbox").first.focus()
    page.keyboard.type("K")
    assert page.locator("#hits").inner_text() != ""


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


A4 = 703
"""What 210 mm less two margins of 12 mm are in CSS pixels."""


def test_it_prints_on_a4_and_nothing_is_cut_off(visit: Callable[..., Page]) -> None:
    page = visit(viewport={"width": A4, "height": 1000})
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert not page.locator(".contents").is_visible()
    assert page.locator(".explorer:visible").count() == 0
    assert page.locator(".samples").is_visible(), "what the script lays out is printed as samples"
    assert page.locator("details:not([open])").count() == 0
    cut = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter((one) => one.checkVisibility()"
        " && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1))"
        ".map((one) => [one.getAttribute('aria-label'), one.scrollWidth, one.clientWidth,"
        " one.scrollHeight, one.clientHeight].join(' '))"
    )
    assert cut == []
    assert page.evaluate("document.documentElement.scrollWidth") <= A4
    printed = page.pdf(format="A4", prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")


def test_everything_that_is_used_has_a_name_and_charts_are_told(visit: Callable[..., Page]) -> None:
    page = visit()
    nameless = page.evaluate(
        "[...document.querySelectorAll('input,select')]"
        ".filter((one) => !one.labels.length && !one.ariaLabel).map((one) => one.outerHTML)"
    )
    assert nameless == []
    assert all(text.strip() for text in page.locator("button").all_inner_texts())
    charts = page.locator("svg[role=img]")
    assert charts.count() > 30
    for chart in page.locator("svg.stack, svg.curve").all():
        ids = str(chart.get_attribute("aria-labelledby")).split()
        told = [page.locator(f"[id='{one}']").text_content() for one in ids]
        assert all(told), "a title, and in words what is drawn"
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("banner").count() == 1
    assert page.get_by_role("contentinfo").count() == 1
    regions = page.evaluate(
        "[...document.querySelectorAll('section')].map((one) => document.getElementById("
        "one.getAttribute('aria-labelledby'))?.textContent ?? '')"
    )
    assert all(regions)
    assert page.evaluate(
        "new Set([...document.querySelectorAll('[id]')].map((o) => o.id)).size"
    ) == (page.locator("[id]").count())


def test_a_page_without_script_still_has_samples_and_hides_what_needs_it(
    visit: Callable[..., Page],
) -> None:
    page = visit(java_script_enabled=False)
    assert page.locator(".samples").is_visible()
    assert page.locator(".explorer:visible").count() == 0
