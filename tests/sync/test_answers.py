"""What sources answered, on its way to whoever decides: texts, read when they are wanted."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta

from rules.decide import Context, decide
from rules.enrichment.record import CompanyRecord
from rules.records import Kind, Record, Ref
from rules.trust import NO_PAST, Past
from sync.enrichment.answers import Answers, dumped

OLD = datetime(2026, 11, 20, tzinfo=UTC)
NEW = OLD + timedelta(days=4)


def text(name: str, source: str = "cvr") -> str:
    return dumped([CompanyRecord(cvr="90000017", source=source, read_at=OLD, name=name)])


def test_of_two_answers_about_a_company_the_newer_one_counts_whatever_their_order() -> None:
    said = [(text("Opdigt Før"), OLD), (text("Opdigt Nu"), NEW), (text("Fabel", "vainu"), OLD)]
    for rows in (said, said[::-1]):
        found = Answers(rows)
        assert sorted((one.source, one.name) for one in found) == [
            ("cvr", "Opdigt Nu"),
            ("vainu", "Fabel"),
        ]
        assert len(found) == 2


def test_they_go_to_another_process_as_texts() -> None:
    found = Answers([(text("Opdigt Nu"), NEW)] * 100)
    packed = pickle.dumps(found)
    assert tuple(pickle.loads(packed)) == tuple(found)  # noqa: S301 - from two lines above
    assert len(packed) < 2000


def test_nothing_told_is_nothing() -> None:
    assert not Answers([])
    assert tuple(Answers([("[]", NEW)])) == ()


def test_what_the_rules_said_already_is_not_asked_of_them_again() -> None:
    record = Record(Ref("files", Kind.COMPANY, "1"), "1", {"company_name": "  Opdigt  ApS "})
    asked = decide(record, Context())
    assert asked.changes
    assert decide(record, Context(rules=()), Past(cleaned=(asked.changes, ()))) == asked
    assert decide(record, Context(rules=()), NO_PAST).changes == ()
