"""One HTML file that needs nothing else: no request leaves it, and no script but ours runs in it.

The style and the script stand inside, allowed by their hashes; everything that came from outside
systems passes through the template's escaping.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from rules.errors import UserError
from rules.records import Ref
from sync.output import moment, number, printable, share
from sync.report import asked as inquiries
from sync.report import charts, phrases, sheets
from sync.report import violations as forbidden
from sync.report.explorer import Chosen, Table, opened
from sync.report.listing import no_links
from sync.report.model import Report
from sync.report.sheet import Sheet, sheet_of
from sync.systems.opening import Linker
from sync.templates import environment
from sync.texts import Texts
from sync.whole import whole

_FOLDER: Final = Path(__file__).with_name("templates")


def write_html(result: object, path: Path, lang: str) -> None:
    """Write a result as a page to `path`, and beside it the full list of a report's rows.

    A path that ends in .csv, .xlsx or .jsonl gets the full list alone. `UserError` when it cannot
    be written. The files can be read by their owner only: they hold the customer's data.
    """
    try:
        _write(result, path, lang)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError("report.unwritable", file=path, reason=reason) from error


def _write(result: object, path: Path, lang: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    full_list, rows = None, None
    if isinstance(result, Report) and result.listing is not None:
        if path.suffix in sheets.SUFFIXES:
            sheets.write(result, path, lang)
            return
        chosen = Chosen(result, result.listing.duties.catalogue, Texts(lang))
        full_list = sheets.beside(path)
        sheets.write(result, full_list, lang, chosen.watch)
        rows = chosen.tables()
    text = html(result, lang, full_list.name if full_list else None, rows)
    with whole(path) as draft:
        draft.write_text(text, "utf-8")


def html(
    result: object,
    lang: str,
    full_list: str | None = None,
    rows: Mapping[str, Table] | None = None,
) -> str:
    """The page as text; `full_list` is the name of the file that holds every row, `rows` are those
    that stand in the page to be searched."""
    texts = Texts(lang)
    templates = environment(_FOLDER)
    listing = result.listing if isinstance(result, Report) else None
    common = _common(texts, full_list, listing.link if listing else no_links)
    if isinstance(result, Report):
        return templates.get_template("report.html.j2").render(report=result, rows=rows, **common)
    return templates.get_template("sheet.html.j2").render(sheet=_as_sheet(result), **common)


def _as_sheet(result: object) -> Sheet:
    sheet = sheet_of(result)
    if sheet is None:
        raise UserError("report.no_page")
    return sheet


def _common(texts: Texts, full_list: str | None, link: Linker) -> Mapping[str, Any]:
    lang = texts.lang

    def t(key: str, **details: object) -> str:
        return texts.get(f"report.{key}", **details)

    def many(key: str, count: int, **details: object) -> str:
        return texts.count(f"report.{key}", count, **details)

    return {
        "lang": lang,
        "texts": texts,
        "t": t,
        "many": many,
        "n": lambda value: phrases.count(value, texts),
        "number": lambda value, decimals=None: number(value, lang, decimals),
        "part": lambda good, of: share(good / of, lang) if of else t("unknown"),
        "moment": lambda at: moment(at, lang),
        "day": lambda at: phrases.day(at, lang),
        "cell": lambda text: phrases.value(text, texts),
        "plain": printable,
        "place": lambda one: phrases.place(one.stream, one.place, texts, one.ref),
        "link": lambda one: _link(one.stream, one.place, one.ref, link),
        "per_cent": lambda value: share(value, lang),
        "phrases": phrases,
        "forbidden": forbidden,
        "inquiries": inquiries,
        "charts": charts,
        "full_list": full_list,
        "style": Markup(_asset("report.css")),  # noqa: S704 - our own file
        "script": Markup(_asset("report.js")),  # noqa: S704 - our own file
        "policy": policy(),
    }


def _link(stream: str, place: int | None, text: str | None, link: Linker) -> str:
    """Where a record can be opened in its system; files are beside the page and need none."""
    ref = Ref.parse(text) if text else None
    return opened(link(ref.system, stream, ref, place)) if ref else ""


@cache
def _asset(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8").strip()


@cache
def policy() -> str:
    """Nothing may be loaded from anywhere; our own style and script are known by their hashes."""
    style, script = (_hash(_asset(name)) for name in ("report.css", "report.js"))
    return (
        f"default-src 'none'; style-src '{style}'; script-src '{script}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
