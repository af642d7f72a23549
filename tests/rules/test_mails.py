"""What a mail to the opt-out mailbox says; the cases stand in cases/mails.csv."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.keys import Key, KeyKind
from rules.mails import Author, Mail, read, wishes
from rules.suppression import Channel

_FILE = Path(__file__).parent / "cases" / "mails.csv"
CASES = list(csv.DictReader(_FILE.read_text("utf-8").splitlines()))


def mail(head: str, text: str = "") -> Mail:
    return read(message_from_bytes(f"{head}\n\n{text}".encode()))


@pytest.mark.parametrize("case", CASES, ids=[one["why"] for one in CASES])
def test_a_mail_is_understood_as_a_person_would(case: dict[str, str]) -> None:
    more = case["more"] or "X-Nothing: 1"
    head = f"From: {case['from']}\nSubject: {case['subject']}\n{more}\nContent-Type: text/plain; charset=utf-8"
    found = mail(head, case["text"].replace("|", "\n"))
    assert found.author == case["author"]
    told = [f"{wish.channel} {wish.key.value}" for wish in wishes(found)]
    assert told == [one for one in case["wishes"].split("; ") if one]


def test_html_alone_is_read_without_its_tags_and_quotations() -> None:
    html = (
        "<style>p{}</style><p>Ring ikke til <b>68 12 34 56</b></p><script>68111111</script>"
        "<blockquote>Ring 68 99 99 99</blockquote>"
    )
    found = mail("From: peter@opdigtet-0001.dk\nContent-Type: text/html; charset=utf-8", html)
    assert [one.key.value for one in wishes(found)] == ["peter@opdigtet-0001.dk", "+4568123456"]


def test_a_complaint_names_its_reader() -> None:
    head = (
        "From: feedback@opdigtet-0005.dk\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b"
    )
    named = "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: <p@opdigtet-0001.dk>\n\n--b--\n"
    sent_to = "--b\nContent-Type: message/rfc822\n\nTo: p@opdigtet-0001.dk\nSubject: tilbud\n\nhej\n--b--\n"
    for body in (named, sent_to):
        found = mail(head, body)
        assert found.author is Author.COMPLAINT
        assert [(one.channel, one.key.value) for one in wishes(found)] == [
            (Channel.EMAIL, "p@opdigtet-0001.dk")
        ]


def test_a_personal_identity_number_is_kept_nowhere() -> None:
    found = mail(
        "From: peter@opdigtet-0001.dk\nSubject: CPR 311299-7171", "311299-7171 og 68 12 34 56"
    )
    assert "7171" not in f"{found.subject}{found.text}"
    assert [one.key.value for one in wishes(found)] == ["+4568123456"]


def test_the_same_mail_has_the_same_id_and_another_one_another() -> None:
    one = mail("From: a@opdigtet-0001.dk\nMessage-ID: <1@x>", "hej")
    moved = mail("Received: y\nFrom: a@opdigtet-0001.dk\nMessage-ID: <1@x>\nX-Spam: no", "hej")
    other = mail("From: b@opdigtet-0001.dk\nMessage-ID: <1@x>", "hej")
    assert one.ident == moved.ident != other.ident
    bare = [mail("From: a@opdigtet-0001.dk\nDate: x", text).ident for text in ("hej", "hej", "nej")]
    assert bare[0] == bare[1] != bare[2]


def test_headers_in_any_writing_are_read() -> None:
    found = mail("From: =?iso-8859-1?q?S=F8ren?= <s@opdigtet-0001.dk>\nSubject: =?utf-8?b?TmVqIHRhaw==?=\n"
                 "Date: Thu, 26 Nov 2026 09:15:00 +0100")  # fmt: skip
    assert found.sender == Key(KeyKind.EMAIL, "s@opdigtet-0001.dk")
    assert (found.subject, found.sent_at) == ("Nej tak", datetime(2026, 11, 26, 8, 15, tzinfo=UTC))
    assert mail("Date: Thu, 99 Nov 9999 99:99:99 +9999").sent_at is None


PARTS = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([
        b"From: ", b"Subject: =?utf-8?q?", b"?=", b"Content-Type: multipart/mixed; boundary=b\n",
        b"Content-Type: text/html; charset=", b"\n\n", b"--b\n", b"--b--", b"68 12 34 56", b"<p", b"&#x",
        b"Content-Transfer-Encoding: base64\n", b"a@opdigtet-0001.dk", b"Date: ", b"=?x?b?====?=",
        b"Content-Type: message/rfc822\n", b"Content-Type: multipart/report; report-type=feedback-report",
    ]),
)  # fmt: skip


@given(st.lists(PARTS, max_size=12))
def test_any_bytes_are_a_mail_and_raise_nothing(parts: list[bytes]) -> None:
    message = message_from_bytes(b"".join(parts))
    first, again = read(message), read(message)
    assert first == again
    assert len(wishes(first)) <= 20
