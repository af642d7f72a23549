"""Several records about the same one: what they disagree about, and what may differ in peace."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rules.catalogue import DEFAULT
from rules.changes import Severity
from rules.checks.sources import compared, disagreements
from rules.records import ABSENT, Kind, Value

COMPANY = compared(Kind.COMPANY, DEFAULT)
PERSON = compared(Kind.CONTACT, DEFAULT)


def _told(*groups: list[dict[str, Value]]) -> dict[str | None, tuple[str, str]]:
    found = disagreements(COMPANY, groups)
    return {one.field: (one.details["count"], one.details["of"]) for one in found}


def test_only_fields_that_two_of_them_fill_can_disagree() -> None:
    one: dict[str, Value] = {"company_name": "Opdigt ApS", "main_phone": "+4568000001"}
    other: dict[str, Value] = {"company_name": "Fabel ApS", "main_phone": None}
    assert _told([one, other]) == {"company_name": ("1", "1")}
    assert _told([one, {"company_name": ABSENT, "main_phone": "  "}]) == {}


def test_signs_blanks_and_capitals_are_no_disagreement() -> None:
    one: dict[str, Value] = {"company_name": "Opdigt & Søn ApS"}
    assert _told([one, {"company_name": "OPDIGT  & SØN APS"}]) == {}


def test_each_group_counts_once_and_a_field_of_which_all_agree_is_not_named() -> None:
    same: list[dict[str, Value]] = [{"main_phone": "+4568000001"}, {"main_phone": "+4568000001"}]
    other: list[dict[str, Value]] = [{"main_phone": f"+456800000{n}"} for n in range(4)]
    assert _told(same, same, other) == {"main_phone": ("1", "3")}
    assert _told(same, same) == {}


def test_what_is_compared_describes_the_company_or_the_person() -> None:
    assert {"company_name", "main_phone", "employees", "city"} <= {row.name for row in COMPANY}
    assert {"title", "direct_phone", "full_name"} <= {row.name for row in PERSON}
    names = {row.name for row in (*COMPANY, *PERSON)}
    apart = {"owner", "note", "campaign", "opt_out", "consent_email", "data_checked_at", "email"}
    assert names.isdisjoint(apart)


@given(st.lists(st.lists(st.dictionaries(st.sampled_from(["city", "sector"]), st.text()))))
def test_no_more_disagree_than_were_compared(groups: list[list[dict[str, Value]]]) -> None:
    for one in disagreements(COMPANY, groups):
        assert one.severity is Severity.NOTICE
        assert 0 < int(one.details["count"]) <= int(one.details["of"]) <= len(groups)
