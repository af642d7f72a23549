"""Logs: readable on a terminal, JSON elsewhere, and no canary person in either."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from sync import masking
from sync.logs import logger, run_in_logs, set_up
from sync.masking import MASK, mask, mask_entry, mask_error

NAME = "Kanarie Fuglesen"
MAIL = "kanarie.fuglesen@opdigtet-0001.dk"
PHONES = (
    "20123456",
    "20 12 34 56",
    "+45 20 12 34 56",
    "+4520123456",
    "0045 20-12-34-56",
    "(+45) 2012 3456",
    "20.12.34.56",
    "20/12/34/56",
)
CPRS = ("010203-1234", "0102031234", "010203 1234")
KNOWN = "hunter2-kanariefugl"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def untouched_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    monkeypatch.setattr(masking, "_secrets", {KNOWN})
    monkeypatch.setattr(logging, "raiseExceptions", True)
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def _log_everything() -> None:
    """Everything that somebody could wrongly do with a person's data in a log line."""
    log = logger("sync.test")
    log.warning("a person", full_name=NAME, email=MAIL, note=f"call {NAME}")
    log.warning("shapes", url=f"https://api/x?m={MAIL}", said=f"from {MAIL}, {PHONES[2]}")
    event = f"in the event itself: {MAIL} {PHONES[0]} {CPRS[0]}"
    log.warning(event)
    log.warning("nested", found={"direct_phone": PHONES[1], "deep": [{"last_name": NAME}]})
    log.warning("number", answer=20123456, password=KNOWN, dsn=f"postgresql://u:{KNOWN}@h/d")
    event = f"secret in a message: {KNOWN}"
    log.warning(event)
    try:
        int(NAME)
    except ValueError:
        log.exception("a cell in an exception", row=NAME)
    foreign = logging.getLogger("somebody.else")
    foreign.warning("value %r of %s", NAME, MAIL)
    try:
        _ = {}[NAME]
    except KeyError:
        foreign.exception("theirs")


CANARIES = (*NAME.split(), MAIL, "fuglesen", KNOWN, "20123456", "20 12 34 56", "010203")


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_canary_person_reaches_a_log(form: str) -> None:
    out = Terminal()
    set_up(form, "debug", out)
    _log_everything()
    text = out.getvalue()
    assert text.count("a person") == 1
    assert "theirs" in text
    assert [canary for canary in CANARIES if canary in text] == []


def test_json_lines_carry_time_level_logger_and_run() -> None:
    out = io.StringIO()
    set_up("auto", "info", out)
    with run_in_logs(17):
        logger("sync.pull").info("page", stream="contacts.csv", rows=2000, seconds=0.25)
        logging.getLogger("theirs").warning("careful")
    logger("sync.pull").info("after")
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line.get("run") for line in lines] == [17, 17, None]
    first = lines[0]
    assert (first["event"], first["level"], first["logger"]) == ("page", "info", "sync.pull")
    assert (first["rows"], first["seconds"], first["stream"]) == (2000, 0.25, "contacts.csv")
    assert first["timestamp"].endswith("Z")


def test_a_terminal_gets_readable_lines_and_a_pipe_json() -> None:
    for out, is_json in ((Terminal(), False), (io.StringIO(), True)):
        set_up("auto", "info", out)
        logger("x").info("hello", rows=1)
        (line,) = out.getvalue().splitlines()
        assert line.startswith("{") is is_json


def test_the_level_holds_for_ours_and_theirs() -> None:
    out = io.StringIO()
    set_up("json", "warning", out)
    logger("x").info("unheard")
    logging.getLogger("y").info("unheard")
    logging.getLogger("sqlalchemy.engine").info("unheard even at debug")
    logger("x").warning("heard")
    assert out.getvalue().count("\n") == 1


def test_a_traceback_keeps_what_helps(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    set_up("json", "info", out)
    try:
        _ = {}["direct_phone"]
    except KeyError:
        logger("x").exception("failed")
    told = json.loads(out.getvalue())["exception"]
    assert "test_logs.py" in told
    assert "KeyError: 'direct_phone'" in told


def test_a_closed_stream_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    set_up("json", "info", out)
    out.close()
    logger("x").warning("nobody hears")


# --- masking ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [*PHONES, *CPRS, MAIL, "ÆØÅ.larsen@opdigtet-0002.dk", "90000006"])
def test_what_looks_personal_is_masked_wherever_it_stands(text: str) -> None:
    for line in (text, f"x {text} y", f"({text})", f"a={text};", f"'{text}'", f"{text}, {text}"):
        assert text not in mask(line)
        assert MASK in mask(line)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24",
        "2026-11-24T02:19:33.123456Z",
        "2026-11-24 02:19:33+01:00",
        "read 1234567 rows in 12.5 s",
        "lists/contacts.csv#17",
        "127.0.0.1:54321",
        "0191c2e4-7a3b-7c3d-9e4f-a1b2c3d4e5f6",
        "https://vendor.example/api/v1",
        "postgresql:///ringren",
    ],
)
def test_what_is_no_personal_data_stays_readable(text: str) -> None:
    assert mask(text) == text


def test_the_password_of_an_address_is_masked_and_the_rest_stays() -> None:
    masked = mask("cannot reach postgresql://user:geheim@db.internal/ringren")
    assert masked == f"cannot reach postgresql://{MASK}@db.internal/ringren"


def test_parameters_of_a_database_error_are_masked() -> None:
    masked = mask_error(f"UNIQUE failed\n[SQL: INSERT …]\n[parameters: ('{NAME}', 'x')]\n(x)")
    assert NAME not in masked
    assert "UNIQUE failed" in masked


def test_measures_are_not_taken_for_numbers_of_people() -> None:
    entry = {"rows": 20123456, "bytes": 9_000_000_000, "done": 12345678, "answer": 20123456}
    assert mask_entry(entry) == {**entry, "answer": MASK}


@given(st.text())
def test_masking_never_fails_and_masks_once(text: str) -> None:
    assert mask(mask(text)) == mask(text)
    mask_error(text)


@given(
    st.dictionaries(
        st.text(max_size=8), st.recursive(st.none() | st.text() | st.integers(), st.lists)
    )
)
def test_any_entry_can_be_masked(entry: dict[str, object]) -> None:
    assert mask_entry(entry).keys() == entry.keys()
