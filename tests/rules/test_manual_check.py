"""The flag in the record that a person has to look, and why: raised, renewed, taken away, left alone."""

from __future__ import annotations

import pytest

from rules.changes import Change, Finding, Severity
from rules.enrichment.manual import ASKED, FLAG, LONGEST, WHY, manual
from rules.enrichment.policy import RULE
from rules.records import Value
from sync.texts import LANGUAGES, Texts

WORDS = {"a": "To virksomheder", "b": "Kilder er uenige"}
A, B = (Finding(code, Severity.WARNING) for code in "ab")


def wrote(flag: str, why: str) -> tuple[Change, ...]:
    return tuple(Change(name, "", new, RULE, "system", "reason.manual_check")
                 for name, new in ((FLAG, flag), (WHY, why)))  # fmt: skip


ONCE = wrote("Ja", "To virksomheder")


@pytest.mark.parametrize(
    ("flag", "why", "findings", "written", "expected"),
    [
        ("", "", (A,), (), ("Ja", "To virksomheder")),
        ("Nej", "", (B, A), (), ("Ja", "Kilder er uenige; To virksomheder")),
        ("true", "To virksomheder", (A,), ONCE, None),
        ("Ja", "To virksomheder", (B,), ONCE, ("-", "Kilder er uenige")),
        ("Ja", "To virksomheder", (), ONCE, ("Nej", "")),
        # Somebody answered: the same question is not asked again, another one is.
        ("Nej", "To virksomheder", (A,), ONCE, None),
        ("Nej", "", (A,), ONCE, None),
        ("Nej", "To virksomheder", (B,), ONCE, ("Ja", "Kilder er uenige")),
        # What somebody wrote there himself is his.
        ("Ja", "Ring til Rav først", (A,), (), None),
        ("Ja", "Ring til Rav først", (A,), ONCE, None),
        ("", "Ring til Rav først", (A,), (), None),
        ("Ja", "", (), (), None),
        ("", "", (), (), None),
        ("Nej", "", (A,), (*ONCE, *wrote("Nej", "")), ("Ja", "To virksomheder")),
        ("", "", (Finding("c", Severity.WARNING),), (), None),
    ],
)
def test_what_becomes_of_flag_and_reason(
    flag: str,
    why: str,
    findings: tuple[Finding, ...],
    written: tuple[Change, ...],
    expected: tuple[str, str] | None,
) -> None:
    values: dict[str, Value] = {FLAG: flag, WHY: why}
    changes = manual(values, findings, WORDS, written)
    new = {one.field: one.new for one in changes}
    assert (new.get(FLAG, "-"), new.get(WHY, "-")) == (expected or ("-", "-"))
    # And the record after its changes gives none.
    assert manual({**values, **new}, findings, WORDS, (*written, *changes)) == ()


def test_a_record_without_the_flag_is_told_nothing_and_one_without_the_reason_gets_the_flag() -> (
    None
):
    assert manual({"cvr": "90000012", WHY: ""}, (A,), WORDS) == ()
    [flag] = manual({FLAG: ""}, (A,), WORDS)
    assert flag.new == "Ja"
    assert manual({FLAG: "Ja"}, (B,), WORDS, (flag,)) == ()
    [flag] = manual({FLAG: "Ja"}, (), WORDS, (flag,))
    assert flag.new == "Nej"


def test_a_reason_is_whole_words_and_fits_the_field() -> None:
    many = {str(n): f"Grund nummer {n} " + "x" * 30 for n in range(20)}
    [_, why] = manual({FLAG: "", WHY: ""}, [Finding(n, Severity.WARNING) for n in many], many)
    assert why.new
    assert len(why.new) <= LONGEST
    assert set(why.new.split("; ")) <= set(many.values())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_question_has_its_few_words(lang: str) -> None:
    texts = [Texts(lang).get(f"report.cause.{code}") for code in ASKED]
    assert all(0 < len(text) < 60 and "{" not in text for text in texts)
