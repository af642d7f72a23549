"""Whatever a report can speak of has a name in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from rules import kpis
from rules.catalogue import Moment
from rules.changes import Severity
from rules.hygiene import RULES
from rules.suppression import SINGLE_CHANNELS
from state.deliveries import DeliveryState
from sync import texts
from sync.report import words
from sync.report.quality import ORDER
from sync.report.standing import KEYS
from sync.report.words import Share

CODES = sorted(
    key.removeprefix("finding.")
    for key in texts.every()
    if key.startswith("finding.") and key.count(".") == 1
)
NAMES = [
    *(f"report.cause.{code}" for code in CODES),
    *(f"finding.{code}.remedy" for code in CODES),
    *(f"report.rule.{rule.name}" for rule in RULES),
    *(f"report.channel.{channel}" for channel in SINGLE_CHANNELS),
    *(f"report.delivery.{state}" for state in DeliveryState),
    *(f"report.moment.{moment}" for moment in Moment),
    *(f"report.severity.{one}.{form}" for one in Severity for form in ("one", "many")),
    *(f"report.figure.{name}{end}" for name in ORDER for end in ("", ".how")),
    *(f"report.double.{key}{end}" for key in KEYS for end in ("", ".how")),
    *(f"report.age.{name}" for name in (*dict(kpis.BANDS), "future", "unknown")),
    *(
        f"report.stop.{code}{end}"
        for code in ("too_many", "large_share", "swapped")
        for end in ("", ".remedy")
    ),
    *(
        f"report.dropped.{why}"
        for why in ("gone", "changed_since", "decide_anew", "held_back", "superseded")
    ),
]


@pytest.mark.parametrize("key", NAMES)
def test_it_has_a_name(key: str) -> None:
    assert words.exists(key)


def test_every_cause_that_is_named_can_occur() -> None:
    named = {
        key.removeprefix("report.cause.")
        for key in texts.every()
        if key.startswith("report.cause.")
    }
    assert named == set(CODES)


def test_numbers_shares_and_days_are_written_as_each_language_does() -> None:
    said = words.say("no.{a}", a=1)
    assert said.da == "no.{a}"
    said = words.say("report.verdict.repairable", count=2378, of=10000, share=Share(0.2378))
    assert "2.378 af 10.000 poster (23,8\u00a0%)" in said.da
    assert "2,378 of 10,000 records (23.8%)" in said.en
    assert said.details == {"count": 2378, "of": 10000, "share": 0.2378}
    said = words.say("report.next.apply", expires=date(2026, 12, 1))
    assert "01.12.2026" in said.da
    assert "2026-12-01" in said.en
    at = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    said = words.say("report.explain.since", at=at)
    assert "02.07.2026 kl. 00.30" in said.da
    assert said.details == {"at": "2026-07-01T22:30:00+00:00"}


def test_one_and_many_have_their_own_words() -> None:
    assert words.count("report.verdict.blocked", 1).en.startswith("1 record has")
    assert words.count("report.verdict.blocked", 2).en.startswith("2 records have")
