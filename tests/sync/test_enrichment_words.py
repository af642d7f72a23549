"""What is said of facts from sources: names of sources as people know them, in both languages."""

from __future__ import annotations

import pytest

from rules.catalogue import DEFAULT
from rules.changes import Finding, Severity
from rules.enrichment.matching import By
from rules.enrichment.policy import SURE
from sync.report.words import found_in
from sync.texts import Texts


def test_sources_that_disagree_are_called_by_name() -> None:
    details = {"source": "cvr", "value": "20-49", "other_source": "vainu", "other": "200-499"}
    finding = Finding("facts_disagree", Severity.WARNING, "employees", details)
    assert found_in(finding, DEFAULT, "da") == (
        "CVR-registret siger »20-49«, Vainu siger »200-499«. Intet er skrevet."
    )
    assert found_in(finding, DEFAULT, "en").startswith("the company register (CVR) says “20-49”")


@pytest.mark.parametrize("lang", ["da", "en"])
def test_each_way_of_recognising_a_company_and_each_source_has_words(lang: str) -> None:
    texts = Texts(lang)
    for by in By:
        assert texts.find(f"reason.enrichment.{by}")
    for source in SURE:
        assert texts.find(f"report.source.{source}")
