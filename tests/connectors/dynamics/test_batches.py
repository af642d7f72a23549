"""The reader of `$batch` answers believes nothing that it cannot read with certainty."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulators.dynamics import batch as theirs

from connectors.dynamics.batches import Answer, Request, read, written

KIND = "multipart/mixed; boundary=batchresponse_1"
DONE = theirs.Said(200, {"@odata.etag": 'W/"7"', "contactid": "1"})
MOVED = theirs.Said(412, {"error": {"code": "0x80060882", "message": "moved"}})
EMPTY = theirs.Said(204)


def body(*answers: theirs.Said) -> bytes:
    return theirs.joined(list(answers), "batchresponse_1")


def statuses(answers: list[Answer | None]) -> list[int | None]:
    return [answer and answer.status for answer in answers]


def test_answers_are_read_in_their_order() -> None:
    answers = read(KIND, body(DONE, MOVED, EMPTY), 3)
    assert statuses(answers) == [200, 412, 204]
    assert answers[0] == Answer(200, answers[0].headers, DONE.body)  # type: ignore[union-attr]


def test_what_is_written_is_what_the_other_side_reads() -> None:
    requests = [
        Request("PATCH", "/x(1)", {"If-Match": 'W/"7"'}, {"jobtitle": "Ærlig\r\n--ø"}),
        Request("GET", "/x(2)"),
    ]
    kind, raw = written(requests)
    parts = theirs.parts(raw, theirs.boundary_of({"content-type": kind}))
    first = theirs.request_line(parts[0].raw)
    assert first[:2] == ("PATCH", "/x(1)")
    assert first[2] == {"if-match": 'W/"7"'}
    assert first[3].decode() == '{"jobtitle":"Ærlig\\r\\n--ø"}'
    assert theirs.request_line(parts[1].raw)[3] == b""


@given(st.integers(min_value=0, max_value=len(body(DONE, MOVED, EMPTY)) - 1))
def test_a_body_that_was_cut_anywhere_gives_whole_answers_or_none(cut: int) -> None:
    whole = read(KIND, body(DONE, MOVED, EMPTY), 3)
    answers = read(KIND, body(DONE, MOVED, EMPTY)[:cut], 3)
    assert len(answers) == 3
    assert all(answer in (None, sure) for answer, sure in zip(answers, whole, strict=True))
    # What came is a beginning: nothing is known behind a gap.
    assert all(later is None for earlier, later in pairwise(answers) if earlier is None)


@given(st.binary(max_size=400))
def test_rubbish_is_read_as_nothing(rubbish: bytes) -> None:
    assert read(KIND, rubbish, 2) == [None, None]


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("application/json", body(DONE)),
        ("multipart/mixed", body(DONE)),
        ("multipart/mixed; boundary=another", body(DONE)),
        (KIND, body(DONE, DONE, DONE)),
        (KIND, b"Something before\r\n" + body(DONE)),
        (KIND, body(DONE).replace(b"application/http", b"text/plain")),
        (KIND, body(DONE).replace(b"HTTP/1.1 200", b"HTTP/1.1 20")),
        (KIND, body(DONE).replace(b"HTTP/1.1 200", b"HTTP/2 200")),
        (KIND, body(DONE).replace(b'"contactid":"1"}', b'"contactid":"1"')),
        (KIND, body(theirs.Said(200))),
        (KIND, theirs.joined([[DONE]], "batchresponse_1")),
    ],
)
def test_anything_unusual_is_unknown(kind: str, raw: bytes) -> None:
    assert read(kind, raw, 2) == [None, None]


def test_fewer_answers_than_requests_leave_the_rest_unknown() -> None:
    assert statuses(read(KIND, body(DONE, MOVED), 4)) == [200, 412, None, None]


def test_an_error_in_words_is_told_by_its_status() -> None:
    raw = body(theirs.Said(502, b"<html>Bad Gateway</html>"))
    assert read(KIND, raw, 1) == [
        Answer(
            502,
            {"odata-version": "4.0", "content-type": "application/json; odata.metadata=minimal"},
        )
    ]
