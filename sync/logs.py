"""Logging: structlog for us, the standard library's records through the same pipe.

Readable on a terminal, one JSON object a line elsewhere. Every line of a run carries its number;
personal data and secrets are masked before anything is rendered. Values of records are never
logged: what was decided stands in the store, where `explain` finds it.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

from sync.masking import MASK, mask, mask_entry, mask_error

_NOISY = ("urllib3", "requests", "sqlalchemy", "alembic", "filelock", "asyncio")
"""Libraries whose debug lines hold bodies, parameters or addresses."""


def set_up(form: str = "auto", level: str = "warning", stream: TextIO | None = None) -> None:
    """Send all logging to `stream` (standard error) in the form auto, console or json.

    May be called again; the last call holds.
    """
    out = stream or sys.stderr
    as_json = form == "json" or (form == "auto" and not out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exception_masked,
        _masked,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _renderer(as_json=as_json, colors=out.isatty()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.raiseExceptions = False  # a full disk under the log stops no run
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def speak_up(*names: str) -> None:
    """Let these loggers say what they do although others tell of troubles only: a service says when
    it began, took other settings and ended, and not what it does each minute."""
    for name in names:
        logging.getLogger(name).setLevel(min(logging.INFO, logging.getLogger().level))


def _renderer(*, as_json: bool, colors: bool) -> Processor:
    if as_json:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=_no_exception)


def _no_exception(_stream: TextIO, _error: Any) -> None:
    """The console renderer's own tracebacks show local variables; ours is in the entry already."""


def _exception_masked(_logger: Any, _method: str, entry: EventDict) -> EventDict:
    """The exception of an entry as masked text: its message may quote a cell."""
    error = entry.pop("exc_info", None)
    if not error:
        return entry
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        from sync.crashes import masked_traceback

        entry["exception"] = masked_traceback(error)
    return entry


def _masked(_logger: Any, _method: str, entry: EventDict) -> EventDict:
    """Personal data and secrets out of every value, by key and by shape."""
    record = entry.get("_record")
    kept = {key: entry[key] for key in ("_record", "_from_structlog", "exception") if key in entry}
    event = entry.get("event", "")
    cleaned: EventDict = mask_entry({k: v for k, v in entry.items() if k not in kept})
    # Foreign text has its arguments worked in already: what it quotes may be a cell.
    foreign = record is not None
    cleaned["event"] = mask_error(str(event)) if foreign else mask(str(event))
    if foreign and not cleaned["event"]:
        cleaned["event"] = MASK
    return {**cleaned, **kept}


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger; `name` is the module's."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound


@contextlib.contextmanager
def run_in_logs(run: int) -> Iterator[None]:
    """Every line within carries `run`."""
    with structlog.contextvars.bound_contextvars(run=run):
        yield
