"""The unit in a header, from the file to the correction and back: read, shown, decided, undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from promises.lists import Lists

from connectors.protocol import Stream
from state import cursors
from sync.fingerprint import of_stream
from sync.review.preview import preview
from sync.settings.model import Limits, Sizes
from sync.systems.checks import Checked, as_text
from sync.texts import Texts

COMPANIES = ("K1;Opdigtet Et ApS;12,3", "K2;Opdigtet To ApS;800 t.kr.", "K3;Opdigtet Tre ApS;10-25")
CALLS = ("L1;+4568000001;00:02:30;Møde booket", "L2;+4568000002;3;Ikke truffet")


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    found = Lists(tmp_path, settings={"limits": Limits(max_change_share=1)})
    found.put("virksomheder.csv", "Kundenr;Firma;Omsætning (mio. kr.)", *COMPANIES)
    found.put("opkald.csv", "Opkalds-id;Telefon;Varighed min;Resultat", *CALLS)
    return found


def _cells(lists: Lists, name: str, column: int) -> list[str]:
    return [row.split(";")[column] for row in lists.rows(name)[1:]]


def _marks(lists: Lists) -> dict[str, str]:
    with lists.app() as app:
        with app.store.reading() as tx:
            seen = cursors.seen(tx, ["files"])
        return {one.stream: of_stream(app, one) for one in seen}


def test_a_bare_cell_is_corrected_by_its_header_and_the_undo_puts_every_byte_back(
    lists: Lists,
) -> None:
    before = {path.name: path.read_bytes() for path in lists.root.iterdir()}
    told = lists.dry().report
    assert told.totals.touched == 3
    assert {path.name: path.read_bytes() for path in lists.root.iterdir()} == before
    assert told.run.plan is not None
    ran = lists.apply(told.run.plan.plan).report.run.run
    assert _cells(lists, "virksomheder.csv", 2) == ["10-25", "0-1", "10-25"]
    assert _cells(lists, "opkald.csv", 2) == ["2,5", "3"]
    assert lists.run().report.totals.applied == 0
    lists.undo(ran)
    assert {path.name: path.read_bytes() for path in lists.root.iterdir()} == before


def test_a_header_that_is_changed_has_its_list_decided_anew_and_no_other(lists: Lists) -> None:
    lists.dry()
    before = _marks(lists)
    lists.put("virksomheder.csv", "Kundenr;Firma;Omsætning (EUR m)", *COMPANIES)
    outcome = lists.dry()
    after = _marks(lists)
    assert after["virksomheder.csv"] != before["virksomheder.csv"]
    assert after["opkald.csv"] == before["opkald.csv"]
    assert "revenue_currency" in {one.code for one in outcome.report.findings}
    lists.run()
    assert _cells(lists, "virksomheder.csv", 2) == ["12,3", "0-1 mio. kr.", "10-25"]


def test_a_preview_of_settings_knows_the_headers(lists: Lists) -> None:
    lists.dry()
    with lists.app() as app:
        planned = app.settings.model_copy(update={"sizes": Sizes(revenue_unit="TDKK")})
        assert not preview(app, planned).differs


@pytest.mark.parametrize(
    ("lang", "units"), [("da", ("mio. kr.", "minutter")), ("en", ("DKK million", "minutes"))]
)
def test_the_check_shows_the_unit_beside_the_field(
    lists: Lists, lang: str, units: tuple[str, str]
) -> None:
    with lists.app() as app:
        streams: list[Stream] = list(app.systems["files"].streams())
    shown = as_text(Checked([], {"files": streams}), Texts(lang), None).splitlines()  # type: ignore[arg-type]
    for name, unit in zip(("Omsætning (mio. kr.)", "Varighed min"), units, strict=True):
        (line,) = (one for one in shown if name in one)
        assert line.split(name)[1].split(None, 1)[1].strip() == unit
