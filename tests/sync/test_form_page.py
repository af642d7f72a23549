"""The public page in Chromium, without scripts: by keyboard, on a phone, by light and in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from browsers import CONTRASTS, LEAST_CONTRAST, chromium
from listening import Listening, listening

from rules.keys import Key, KeyKind
from rules.suppression import Channel
from sync.suppression import desk, links

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

SETTINGS = """
[form]
port = 0
company = "Opdigtet ApS"
contact = "nejtak@opdigtet-0001.dk"
url = "https://nejtak.opdigtet-0001.dk"
"""


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    with listening(tmp_path_factory.mktemp("form"), SETTINGS) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


def opened(browser: Browser, url: str, **options: Any) -> Page:
    page = browser.new_context(locale=options.pop("locale", "da-DK"), **options).new_page()
    page.set_default_timeout(10_000)
    page.goto(url)
    return page


def barred(form: Listening, key: Key) -> list[bool]:
    return [one.blocked for one in desk.check(form.app, [key], form.app.clock()).channels]


def test_somebody_says_no_by_keyboard_without_a_script(form: Listening, browser: Browser) -> None:
    complaints: list[str] = []
    page = opened(browser, form.urls["form"], java_script_enabled=False)
    page.on("console", lambda message: complaints.append(message.text))
    page.get_by_label("Telefonnummer").focus()
    page.keyboard.type("hemmeligt")
    page.keyboard.press("Enter")
    assert "kan ikke læses" in page.get_by_role("alert").inner_text()
    field = page.get_by_label("Telefonnummer")
    assert field.get_attribute("aria-invalid") == "true"
    assert field.input_value() == "hemmeligt"
    field.fill("68 12 34 56")
    page.get_by_label("Opkald").check()
    page.get_by_role("button", name="Sig nej tak").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Dit nej tak er noteret"
    assert barred(form, Key(KeyKind.PHONE, "+4568123456")) == [True, False, False]
    assert page.context.cookies() == []
    assert [one for one in complaints if "422" not in one] == []


def test_a_link_in_a_mail_takes_one_button(form: Listening, browser: Browser) -> None:
    key = Key(KeyKind.EMAIL, "peter@opdigtet-0001.dk")
    [made] = links.links(form.app, [key], Channel.EMAIL)
    there = form.urls["form"] + made.url.removeprefix("https://nejtak.opdigtet-0001.dk")
    page = opened(browser, there, locale="en-GB", java_script_enabled=False)
    assert barred(form, key) == [False, False, False]
    page.get_by_role("button", name="Yes, opt out").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Your opt-out is recorded"
    assert barred(form, key) == [False, True, False]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_and_fits_a_phone(
    form: Listening, browser: Browser, scheme: Any
) -> None:
    page = opened(browser, form.urls["form"] + "/nothing", color_scheme=scheme,
                  viewport={"width": 320, "height": 640})  # fmt: skip
    found = page.evaluate(CONTRASTS)
    assert len(found) > 10
    assert not [one for one in found if one[2] < LEAST_CONTRAST]
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    nameless = "[...document.querySelectorAll('input')].filter((one) => !one.labels.length).length"
    assert page.evaluate(nameless) == 0
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("group", name="Hvad vil du slippe for?").count() == 1
