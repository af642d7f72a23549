"""Nights in which published accounts are asked beside the register: bins, and what is asked again."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from enriching import FIELDS, Place, placed
from simulators.accounts.filings import Fact, Filing
from simulators.accounts.serving import build
from simulators.web import served

from sync.enrichment.enriching import enrich
from sync.stages.asking import Asked, Wish

HEADS = (*FIELDS, "Omsætning", "Bruttofortjeneste")
ENDS = date(2025, 12, 31)


def night(place: Place) -> dict[str, Asked]:
    _, asked = enrich(place.app(), Wish(), dry=False)
    return {one.source: one for one in asked}


def put(place: Place, *numbers: int) -> None:
    rows = [";".join(HEADS), *(f"{one};" + ";" * (len(HEADS) - 2) for one in numbers)]
    (place.root / "virksomheder.csv").write_text("\n".join(rows) + "\n", "utf-8")


def test_revenue_and_gross_profit_have_bins_of_their_own_and_a_report_is_fetched_once(
    tmp_path: Path,
) -> None:
    service = build(1)
    with served(service):
        there = ", ".join(f'"{host}" = "{here}"' for host, here in service.elsewhere.items())
        about = f"[sources.accounts]\non = true\ncalls_a_second = 100\nelsewhere = {{ {there} }}"
        with placed(tmp_path, about=about) as place:
            register = service.desk.register = place.register
            service.desk.clock = place.clock
            both, gross, none = register.numbers[:3]
            figure = Fact("GrossProfitLoss", "2345678")
            put_in = service.desk.filings.put
            put_in[both] = [Filing(both, ENDS, (figure, Fact("Revenue", "12345678")))]
            put_in[gross] = [Filing(gross, ENDS, (figure,))]
            put_in[none] = []
            put(place, both, gross, none)

            asked = night(place)["accounts"]
            assert (asked.found, asked.absent, asked.used) == (2, 1, 3)
            rows = place.rows()
            assert rows[0]["Omsætning"]
            assert [bool(row["Bruttofortjeneste"]) for row in rows] == [True, True, False]
            assert rows[1]["Omsætning"] == "", "gross profit is passed off as revenue nowhere"
            assert rows[0]["Omsætning"] != rows[0]["Bruttofortjeneste"]
            assert rows[0]["Bruttofortjeneste"] == rows[1]["Bruttofortjeneste"]

            # The second night: the register is read anew, no report is due, nothing is written.
            place.tomorrow()
            assert night(place)["accounts"].due == 0
            assert (len(service.calls), place.rows()) == (3, rows)

            # A fortnight later the next one may be there: a search, and no document that was read.
            place.clock.pass_(timedelta(days=14).total_seconds())
            told = night(place)["accounts"]
            assert (told.due, told.changed, len(service.calls)) == (2, 0, 4)
            assert place.rows() == rows

            # Who publishes nothing, as often as it is asked, is still a company of the register.
            place.clock.pass_(timedelta(days=90).total_seconds())
            night(place)
            assert "cvr_not_in_register" not in place.codes(2)
