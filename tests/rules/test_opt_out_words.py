"""What people write into opt-out and consent fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.opt_out_words import (
    ConsentMeaning,
    Meaning,
    consent_meaning,
    named_channels,
    opt_out_meaning,
)
from rules.suppression import Channel


@pytest.mark.parametrize(
    "text",
    ["ja", "JA", " Ja ", "x", "X", "1", "1,0", "true", "TRUE", "sand", "SAND", "nej tak", "Nej tak!",
     "afmeldt", "Frameldt", "do not call", "Do Not Call", "opt-out", "unsubscribed", "✓", "y", "j",
     "2024-03-01", "01.03.2024 12:30", "sms", "Opkald og mail"],
)  # fmt: skip
def test_a_yes_to_opting_out(text: str) -> None:
    assert opt_out_meaning(text) is Meaning.YES


@pytest.mark.parametrize(
    "text",
    ["", " ", "nej", "Nej.", "NEJ", "no", "0", "0,0", "false", "FALSK", "f", "n", "-", "(no value)",
     "null", "ikke afmeldt", "subscribed", "må gerne kontaktes", "#N/A"],
)  # fmt: skip
def test_a_no_to_opting_out(text: str) -> None:
    assert opt_out_meaning(text) is Meaning.NO


@pytest.mark.parametrize(
    "text",
    ["?", "måske", "ukendt", "ring efter sommerferien", "kun mail", "2", "ok", "nej nej", "no idea"],
)  # fmt: skip
def test_what_is_not_surely_a_no_blocks(text: str) -> None:
    assert opt_out_meaning(text) is Meaning.UNCLEAR


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ConsentMeaning.NOTHING),
        ("ukendt", ConsentMeaning.NOTHING),
        ("(no value)", ConsentMeaning.NOTHING),
        ("Ja", ConsentMeaning.YES),
        ("givet", ConsentMeaning.YES),
        ("nej", ConsentMeaning.NO),
        ("0", ConsentMeaning.NO),
        ("nej tak", ConsentMeaning.WITHDRAWN),
        ("trukket tilbage", ConsentMeaning.WITHDRAWN),
        ("Withdrawn", ConsentMeaning.WITHDRAWN),
        ("unsubscribed", ConsentMeaning.WITHDRAWN),
    ],
)
def test_consent_words(text: str, expected: ConsentMeaning) -> None:
    assert consent_meaning(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("telefon", (Channel.CALL,)),
        ("E-mail", (Channel.EMAIL,)),
        ("SMS", (Channel.SMS,)),
        ("sms, mail", (Channel.EMAIL, Channel.SMS)),
        ("opkald og sms", (Channel.CALL, Channel.SMS)),
        ("call/email/sms", (Channel.ALL,)),
        ("alle", (Channel.ALL,)),
        ("mobil", ()),
        ("mail, ellers ikke", ()),
        ("", ()),
    ],
)
def test_channels_are_named_surely_or_not_at_all(text: str, expected: tuple[Channel, ...]) -> None:
    assert named_channels(text) == expected


@given(st.text(max_size=100))
def test_every_text_means_something_and_case_and_blanks_do_not_matter(text: str) -> None:
    assert opt_out_meaning(text) is opt_out_meaning(f"  {text} ")
    if text.isascii():
        assert opt_out_meaning(text) is opt_out_meaning(text.upper())
        assert consent_meaning(text) is consent_meaning(text.upper())
