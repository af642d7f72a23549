"""Headers made comparable: the same header in any hand gives the same key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.folding import fold, plain, tokens, without_brackets


@pytest.mark.parametrize(
    ("text", "folded", "bare"),
    [
        ("CVR-nr.", "cvrnr", "cvrnr"),
        ("Næste skridt", "naesteskridt", "nasteskridt"),
        ("Omsætning", "omsaetning", "omsatning"),
        ("OMSA\u030aT", "omsaat", "omsat"),
        ("Ørsted Ås", "oerstedaas", "orstedas"),
        ("SÃ¸ren", "soeren", "soren"),
        ("Ã", "a", "a"),
        ("Prénom", "prenom", "prenom"),
        ("ﬁrma", "firma", "firma"),
        ("---", "", ""),
    ],
)
def test_a_header_folds_to_letters_and_digits(text: str, folded: str, bare: str) -> None:
    assert (fold(text), plain(text)) == (folded, bare)


def test_words_end_at_blanks_marks_and_humps() -> None:
    assert tokens("FirstName") == ("first", "name")
    assert tokens("nej-tak_til Opkald (tlf.)") == ("nej", "tak", "til", "opkald", "tlf")
    assert tokens("CVRnr") == ("cvrnr",)
    assert tokens("") == ()


def test_brackets_are_left_out_unless_nothing_else_is_there() -> None:
    assert fold(without_brackets("Omsætning (mio. kr.)")) == "omsaetning"
    assert without_brackets("(id)") == "(id)"


@given(st.text(max_size=60))
def test_folding_is_done_at_once_and_leaves_letters_and_digits(text: str) -> None:
    for function in (fold, plain):
        folded = function(text)
        assert function(folded) == folded
        assert folded.isascii()
        assert folded == "" or folded.isalnum()
    assert all(tokens(text))
