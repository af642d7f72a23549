"""A folder of lists and the commands over it, as stories need them: no desk, no dice."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from promises import judge
from pydantic import SecretStr

from rules.keys import KeyKind, keys_in
from rules.records import Ref
from rules.suppression import Channel, SuppressionList
from state import history
from state.history import Written
from state.ledger import entries_for
from state.screen import hashed_keys
from sync.app import App, open_app
from sync.passes import Outcome
from sync.review import plans, undo
from sync.run import run
from sync.settings import Settings
from sync.settings.model import Files, FileSettings, State


@dataclass
class Lists:
    """One audited folder. `settings` are sections of the settings file."""

    folder: Path
    url: str = ""
    now: datetime = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    settings: dict[str, Any] = field(default_factory=dict)
    named: dict[str, FileSettings] = field(default_factory=dict)
    systems: Callable[[App], None] | None = None
    """What else to do with an app before it is used."""
    _at_work: App | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)

    @property
    def root(self) -> Path:
        return self.folder / "lists"

    def put(self, name: str, *rows: str) -> Path:
        """Write a list; each argument is a row."""
        path = self.root / name
        path.write_bytes("".join(f"{row}\n" for row in rows).encode())
        return path

    def rows(self, name: str) -> list[str]:
        """The rows of a list, the header first."""
        return (self.root / name).read_bytes().decode().splitlines()

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    @contextlib.contextmanager
    def app(self, *, dry: bool = True, actor: str = "anna") -> Iterator[App]:
        """A process of ours; inside of `at_work` the one that is at work."""
        if self._at_work:
            yield self._at_work
            return
        home = self.folder / "state"
        home.mkdir(exist_ok=True)
        secret = SecretStr(self.url) if self.url else None
        files = Files(root=self.root, named=self.named)
        sections = {"files": files, **self.settings}
        settings = Settings(state=State(path=home, url=secret), **sections)
        with open_app(settings, actor=actor, dry=dry, clock=self.clock) as app:
            if self.systems:
                self.systems(app)
            yield app

    @contextlib.contextmanager
    def at_work(self) -> Iterator[App]:
        """One process for several commands, which is quicker; none of them may be a dry run."""
        with self.app(dry=False) as app:
            self._at_work = app
            try:
                yield app
            finally:
                self._at_work = None

    def dry(self, **how: Any) -> Outcome:
        with self.app() as app:
            assert app.dry
            return run(app, dry=True, **how)

    def run(self, *allow: str, **how: Any) -> Outcome:
        with self.app(dry=False) as app:
            return run(app, dry=False, allow=frozenset(allow), **how)

    def apply(self, plan: int) -> Outcome:
        with self.app(dry=False, actor="birgit") as app:
            return plans.apply(app, plan)

    def undo(self, number: int, rule: str | None = None, ref: Ref | None = None) -> Outcome:
        with self.app(dry=False) as app:
            return undo.undo(app, number, rule, ref)

    def preview(self, number: int, rule: str | None = None) -> undo.Undo:
        with self.app() as app:
            return undo.preview(app, number, rule)

    # --- looking into the store ---

    def written(self, number: int) -> list[Written]:
        """What a run wrote."""
        with self.app() as app, app.store.reading() as tx:
            return history.of_run(tx, number)

    def digest(self, plan: int) -> str:
        """The hash of what a plan would do."""
        with self.app() as app:
            return judge.digest_of(app, plan)

    def is_blocked(self, phone: str, channel: Channel = Channel.CALL) -> bool:
        """Whether a number may not be called, asked of the ledger."""
        with self.app() as app, app.store.reading() as tx:
            hashed = hashed_keys(app.keys, keys_in(KeyKind.PHONE, phone, "DK"))
            found = entries_for(tx, {one.digest for one in hashed})
            events = SuppressionList(entry.event for entry in found)
            return events.blocked(hashed, channel, app.clock()).blocked


def people(count: int, *, flagged: int = 0, first: int = 0) -> list[str]:
    """Rows of `HEADER` that all need a repair; the first ones are flagged."""
    every = range(first, first + count)
    says = dict.fromkeys(every[:flagged], "ja")
    return [
        f"K{n};prøve {_word(n)}sen;68 {n:06d};BO{n}@opdigtet-{n:04}.dk;{says.get(n, '')}"
        for n in every
    ]


HEADER = "Kontakt-id;Navn;Telefon;E-mail;Nej tak"


def _word(n: int) -> str:
    return chr(97 + n // 26 % 26) + "b" + chr(97 + n % 26)
