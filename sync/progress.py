"""How far a long run has come: a bar on a terminal, a plain line now and then in a pipe.

Progress goes to standard error. Nothing here may stop a run: a closed or full error stream makes
the progress fall silent.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from sync.output import Progress, Silent, duration, number, share, size
from sync.texts import Texts

SECONDS_BETWEEN_LINES = 5.0
BYTES = "unit.bytes"


class Lines:
    """One plain line every few seconds, and one at the end of a stage that took that long."""

    def __init__(
        self, stream: TextIO, texts: Texts, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._texts = texts
        self._clock = clock
        self._label = self._unit = ""
        self._total: int | None = None
        self._done = 0
        self._began = self._told = 0.0
        self._spoke = False

    def start(self, stage_key: str, total: int | None, unit: str) -> None:
        """Remembers when the stage began; the first line comes when it lasts."""
        self._label, self._unit, self._total = self._texts.get(stage_key), unit, total
        self._began = self._told = self._clock()
        self._done, self._spoke = 0, False

    def advance(self, done: int, total: int | None = None) -> None:
        """Prints a line when the last one is old enough."""
        self._done = done
        self._total = self._total if total is None else total
        now = self._clock()
        if now - self._told >= SECONDS_BETWEEN_LINES:
            self._told, self._spoke = now, True
            self._print(now)

    def end(self) -> None:
        """Prints where the stage ended if it printed anything before."""
        if self._spoke:
            self._print(self._clock())

    def tell(self, key: str, **details: object) -> None:
        """Prints it."""
        _say(self._stream, self._texts, key, details)

    def _print(self, now: float) -> None:
        try:
            self._stream.write(self._sentence(now - self._began) + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            # ValueError: the stream was closed. Progress is a courtesy.
            self._told = float("inf")

    def _sentence(self, elapsed: float) -> str:
        return (
            f"{self._label}: {standing(self._done, self._total, self._unit, elapsed, self._texts)}"
        )


def standing(done: int, total: int | None, unit: str, elapsed: float, texts: Texts) -> str:
    """`12,3 % · 120.000 af 1.000.000 rækker · 15.000/s · 58 s tilbage`, with what is known."""
    lang = texts.lang
    parts = [_amount(done, unit, texts)]
    if total:
        both = f"{_bare(done, unit, lang)} {texts.get('progress_words.of')} {_amount(total, unit, texts)}"
        parts = [share(min(done / total, 1), lang), both]
    if elapsed > 0 and done:
        rate = done / elapsed
        parts.append(f"{_bare(round(rate), unit, lang)}/s")
        if total and done < total:
            left = duration((total - done) / rate)
            parts.append(texts.get("progress_words.left", time=left))
    return " · ".join(parts)


def _bare(amount: int, unit: str, lang: str) -> str:
    return size(amount, lang) if unit == BYTES else number(amount, lang)


def _amount(amount: int, unit: str, texts: Texts) -> str:
    bare = _bare(amount, unit, texts.lang)
    return bare if unit == BYTES else f"{bare} {texts.get(unit)}"


class Bar:
    """rich's progress bar, one line a stage."""

    def __init__(self, stream: TextIO, texts: Texts, *, color: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        console = Console(file=stream, no_color=not color, highlight=False, markup=False)
        self._texts, self._stream = texts, stream
        self._bar = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[standing]}", markup=False),
            console=console,
            refresh_per_second=4,
            transient=False,
        )
        self._task: Any = None
        self._unit = ""

    def start(self, stage_key: str, total: int | None, unit: str) -> None:
        """Adds a line for the stage."""
        self._unit = unit
        self._bar.start()
        self._task = self._bar.add_task(self._texts.get(stage_key), total=total, standing="")

    def advance(self, done: int, total: int | None = None) -> None:
        """Moves the bar."""
        task = self._bar.tasks[self._bar.task_ids.index(self._task)]
        whole = task.total if total is None else total
        text = standing(
            done, None if whole is None else int(whole), self._unit, task.elapsed or 0, self._texts
        )
        self._bar.update(self._task, completed=done, total=whole, standing=text)

    def end(self) -> None:
        """Leaves the line as it stands and gives the terminal back."""
        self._bar.stop()
        self._bar.remove_task(self._task)

    def tell(self, key: str, **details: object) -> None:
        """Prints it above the bars to come."""
        _say(self._stream, self._texts, key, details)


def _say(stream: TextIO, texts: Texts, key: str, details: Mapping[str, object]) -> None:
    shown = {k: number(v, texts.lang) if isinstance(v, int) else v for k, v in details.items()}
    for what, names in (("system", "report.system"), ("source", "source.name")):
        if name := texts.find(f"{names}.{details.get(what)}"):
            shown[what] = name
    line = texts.get(key, **shown)
    # A stream that was closed or is full: progress is a courtesy.
    with contextlib.suppress(OSError, ValueError):
        stream.write(line + "\n")
        stream.flush()


def progress_for(stream: TextIO, texts: Texts, *, quiet: bool, color: bool) -> Progress:
    """A bar when `stream` is a terminal, lines when it is not, nothing when nobody wants it."""
    if quiet:
        return Silent()
    return Bar(stream, texts, color=color) if stream.isatty() else Lines(stream, texts)
