"""The page without a browser: whole, quiet, and safe whatever stands in the lists."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rules.errors import UserError
from rules.records import Ref
from sync.app import App
from sync.report.page import html, write_html
from sync.report.terminal import render
from sync.review.explain import explain
from sync.review.undo import preview
from sync.run import run

EVIL = "<script>alert('x')</script>"
VOID = {"meta", "input", "br", "rect", "circle", "path", "link", "img"}


class Outline(HTMLParser):
    """Tags, what they point to, and whether they are nested well."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.problems: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> in line {self.getpos()[0]}")


def outline(text: str) -> Outline:
    found = Outline()
    found.feed(text)
    return found


@pytest.mark.parametrize("lang", ["da", "en"])
def test_the_page_is_well_nested_and_points_nowhere_outside(
    opened: Callable[..., App], lang: str
) -> None:
    text = html(run(opened(dry=True), dry=True).report, lang, "report-all.csv")
    found = outline(text)
    assert not found.problems
    assert not found.open
    ids = {attrs["id"] for _, attrs in found.tags if "id" in attrs}
    for tag, attrs in found.tags:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            if name in attrs:
                assert str(attrs[name]).startswith("#"), (tag, attrs)
                assert str(attrs[name])[1:] in ids
        assert "style" not in attrs, "the policy forbids it"
        assert not [name for name in attrs if name.startswith("on")]
    assert not re.search(r"url\(|@import", text)
    assert dict(found.tags)["html"]["lang"] == lang
    tables = [tag for tag, _ in found.tags if tag in {"table", "caption"}]
    assert tables[::2] == ["table"] * len(tables[::2])
    assert tables[1::2] == ["caption"] * len(tables[1::2])
    assert all("scope" in attrs for tag, attrs in found.tags if tag == "th")
    bars = [attrs for tag, attrs in found.tags if attrs.get("class") == "bar"]
    assert bars
    assert all(one.get("role") == "img" and one.get("aria-label") for one in bars)


@pytest.mark.parametrize("lang", ["da", "en"])
def test_no_text_key_is_left_on_page_or_screen(opened: Callable[..., App], lang: str) -> None:
    report = run(opened(dry=True), dry=True).report
    for text in (html(report, lang), render(report, lang, 100)):
        visible = re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.DOTALL)
        keys = r"\b(?:report|finding|reason|severity|list|header|kind|error)\.[a-z_]+(?:\.[a-z_]+)*"
        assert set(re.findall(keys, visible)) <= {"report.html"}
        assert not re.findall(r"\{[a-z_]+\}", visible.replace("{count}", ""))


def test_what_stands_in_a_list_is_text_on_the_page(
    opened: Callable[..., App], folder: Path
) -> None:
    path = folder / "kontakter.csv"
    content = path.read_bytes().decode("utf-8-sig")
    path.write_bytes(content.replace("hemmeligt", EVIL).encode("utf-8-sig"))
    (folder / "<b>.csv").write_text(f"Navn;Tlf.;{EVIL}\nAnna;hemmeligt;1\n")
    text = html(run(opened(dry=True), dry=True).report, "da")
    assert "alert(" in text
    assert text.count("<script>") == 1
    assert "<b>.csv" not in text
    assert not outline(text).problems


def test_the_page_is_written_whole_with_its_list_and_for_its_owner_only(
    opened: Callable[..., App], tmp_path: Path
) -> None:
    report = run(opened(dry=True), dry=True).report
    target = tmp_path / "out" / "r.html"
    write_html(report, target, "da")
    assert sorted(path.name for path in target.parent.iterdir()) == ["r-all.csv", "r.html"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "r-all.csv" in target.read_text("utf-8")


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_a_path_of_a_list_gets_the_list_alone(
    opened: Callable[..., App], tmp_path: Path, name: str
) -> None:
    target = tmp_path / "out" / name
    write_html(run(opened(dry=True), dry=True).report, target, "en")
    assert [path.name for path in target.parent.iterdir()] == [name]
    assert "+4568100102" in target.read_text("utf-8")


def test_a_page_that_cannot_be_written_is_an_error_with_a_remedy(
    opened: Callable[..., App], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError) as caught:
        write_html(run(opened(dry=True), dry=True).report, tmp_path / "file" / "r.html", "da")
    assert caught.value.message == "report.unwritable"


@pytest.mark.parametrize("lang", ["da", "en"])
def test_previews_and_explanations_are_pages_too(opened: Callable[..., App], lang: str) -> None:
    app = opened(dry=False)
    run(app, dry=False, allow=frozenset({"large_share"}))
    for result in (preview(app, 1), explain(app, Ref.parse("files/contact/kontakter.csv#K2"))):
        found = outline(html(result, lang))
        assert not found.problems
        assert "h1" in {tag for tag, _ in found.tags}


def test_a_result_without_a_page_says_so() -> None:
    with pytest.raises(UserError) as caught:
        html([1, 2], "da")
    assert caught.value.message == "report.no_page"
    assert render([1, 2], "da") == "[\n  1,\n  2\n]"
