"""`sync restore`: a backup becomes the database again. The work is state/restoring.py's.

What is newer in the database in use is never thrown away unasked, and its opt-outs not even then
where they can be read. What stood there is kept as a backup of its own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from rules.errors import SystemStopped, UserError
from state import backups, keys, restoring, schema
from state.backups import Manifest
from state.keys import ENVIRONMENT, FILE_NAME, KeyRing
from state.ledger import head
from state.restoring import Elder, Look, Restore
from state.store import Store
from sync.app import KEYS, Clock
from sync.homes import BACKUPS
from sync.output import Progress, moment, number, printable
from sync.settings import Settings
from sync.suppression.audit import written_head
from sync.texts import Texts
from sync.upkeep.migrating import counted, refuse_work

_BESIDE: Final = ("", "-wal", "-shm", "-turn")
_DAMAGED: Final = "damaged"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the backup holds, and how the database in use stands to it. `again`: a restore of this
    backup was broken off and goes on."""

    file: str
    to: str
    made_at: datetime
    rows: int
    entries: int
    look: Look
    in_place: bool
    again: bool
    name: str

    @property
    def needs_word(self) -> bool:
        """Whether something newer stands where the backup would go, or nobody can say."""
        return self.in_place and (self.look.loses or self.look.elder is Elder.NEWER)


@dataclass(frozen=True, slots=True)
class Done:
    """What stands now. `kept`: where what stood there before is; empty when nothing did."""

    to: str
    made_at: datetime
    rows: int
    entries: int
    head: str
    kept_entries: int
    kept: str
    rehearsed: bool


class Restoring:
    """One restore of `file` into the database at `to`, else into that of the settings; `close` it."""

    def __init__(self, settings: Settings, file: Path, to: str | None, clock: Clock) -> None:
        self._settings, self._file, self._clock = settings, file, clock
        self._folder = settings.home / BACKUPS
        self._folder.mkdir(mode=0o700, exist_ok=True)
        url = to or settings.database_url
        self._in_place = sa.make_url(url) == sa.make_url(settings.database_url)
        self._target, self._used = Store(url), Store(settings.database_url)
        self._copied = self._folder / "copy.sqlite"
        self._filled = self._folder / "new.sqlite"
        self._copy = Store(f"sqlite:///{self._copied}")
        self._ring: KeyRing | None = None

    def close(self) -> None:
        """Give the connections back; the copy of the backup goes."""
        for one in (self._target, self._used, self._copy):
            one.close()
        _remove(self._copied)

    # --- before -------------------------------------------------------------------------------

    def plan(self, keys_file: Path | None = None, *, rehearse: bool = False) -> Plan:
        """Look at all of it. UserError when the file is no backup, is damaged, its keys are missing,
        somebody is at work, or the place is taken; the last two are no matter when it is rehearsed."""
        manifest = self._opened()
        self._ring = self._ring_of_it(keys_file)
        there, name = _version(self._target), restoring.ident(manifest.at, manifest.ledger)
        again = there.endswith(f"_{name}")
        look = Look(Elder.NONE)
        if not (again and self._in_place):
            look = restoring.look(self._copy, self._used)
        if not rehearse:
            self._refuse(there, look, again=again)
        return Plan(
            str(self._file),
            _shown(self._target),
            manifest.at,
            manifest.rows,
            manifest.ledger.seq,
            look,
            self._in_place,
            again,
            name,
        )

    def _refuse(self, there: str, look: Look, *, again: bool) -> None:
        if look.elder not in {Elder.NONE, Elder.UNREADABLE}:
            refuse_work(self._used, self._clock(), self._settings.worker.lost_seconds)
        if look.is_kept and self._ring:
            with self._used.reading() as tx:
                keys.refuse_other(tx, self._ring)
        if there and not again and not (self._in_place and self._target.is_sqlite):
            raise UserError("restore.not_empty", where=_shown(self._target))

    def _opened(self) -> Manifest:
        """A copy of the backup: the backup itself is only read, and may lie where nobody can write."""
        _remove(self._copied)
        try:
            with self._file.open("rb") as there:
                handle = os.open(self._copied, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as here:
                    shutil.copyfileobj(there, here, 1 << 20)
        except OSError as error:
            raise UserError("restore.no_file", file=self._file, why=str(error.strerror)) from error
        try:
            return backups.opened(self._copy)
        except (SystemStopped, sa.exc.DatabaseError) as error:
            raise UserError("restore.damaged") from error

    def _ring_of_it(
        self, keys_file: Path | None, env: Mapping[str, str] = os.environ
    ) -> KeyRing | None:
        """The keys that belong to the backup; UserError when they are not there, or are others."""
        path = keys_file or self._settings.home / KEYS / FILE_NAME
        given = None if keys_file else env.get(ENVIRONMENT)
        with self._copy.reading() as tx:
            if not given and not path.exists():
                if not keys_file and not keys.is_bound(tx):
                    return None
                raise UserError("restore.no_keys", path=path, env=ENVIRONMENT)
            where = ENVIRONMENT if given else str(path)
            ring = keys.parse(given or path.read_bytes(), where)
            keys.refuse_other(tx, ring)
        return ring

    # --- the restore --------------------------------------------------------------------------

    def rehearse(self, plan: Plan, progress: Progress, actor: str) -> Done:
        """Restore it into a database that is thrown away again; what is in use is not touched."""
        _remove(self._filled)
        store = Store(f"sqlite:///{self._filled}")
        try:
            restore = self._restore(plan, store, progress)
            restore.fill(None)
            restore.open(actor=actor, at=self._clock(), source=plan.file)
            return self._done(plan, store, "", rehearsed=True)
        finally:
            store.close()
            _remove(self._filled)

    def carry_out(self, plan: Plan, progress: Progress, actor: str) -> Done:
        """Restore it; the keys that were named go where they belong."""
        self._keep_ring()
        kept = ""
        if self._target.is_sqlite and _version(self._target) not in _direct(plan):
            kept = self._replaced(plan, progress, actor)
        else:
            restore = self._restore(plan, self._target, progress)
            elder = self._used if plan.look.is_kept and not plan.in_place else None
            restore.fill(elder)
            if elder:
                restore.take_over(elder, plan.made_at, keeps=True, closed=None)
            restore.open(actor=actor, at=self._clock(), source=plan.file)
        return self._done(plan, self._target, kept)

    def _replaced(self, plan: Plan, progress: Progress, actor: str) -> str:
        """In the place of a file that is in use. Gives where what stood there is kept."""
        if not plan.again:
            _remove(self._filled)
        new = Store(f"sqlite:///{self._filled}")
        restore = self._restore(plan, new, progress)
        damaged = plan.look.elder is Elder.UNREADABLE
        kept = self._folder / f"before-restore-{self._clock():%Y%m%dT%H%M%S.%fZ}.sqlite"
        try:
            if damaged:
                restore.fill(None)
            elif not plan.again:
                progress.tell("restore.keeping", file=kept)
                now = self._clock()
                backups.write(self._target, kept, lambda *_: None, by=actor, at=now)
                restore.fill(self._target if plan.look.is_kept else None)
                closed = (_shown(self._target), now)
                keeps = plan.look.is_kept
                restore.take_over(self._target, plan.made_at, keeps=keeps, closed=closed)
            restore.open(actor=actor, at=self._clock(), source=plan.file)
            if not damaged:
                restoring.pour(new, self._target)
        finally:
            new.close()
        if damaged:
            self._target.close()
            self._used.close()
            self._swap(kept.with_suffix(f".{_DAMAGED}"))
        _remove(self._filled)
        return "" if plan.again else str(kept.with_suffix(f".{_DAMAGED}") if damaged else kept)

    def _swap(self, kept: Path) -> None:
        """A file that nobody can read goes aside, whole. There is a database at every instant."""
        place = Path(self._target.url.database or "")
        os.link(place, kept)
        for end in _BESIDE[1:3]:
            if (beside := place.with_name(place.name + end)).exists():
                beside.rename(kept.with_name(kept.name + end))
        self._filled.replace(place)

    def _restore(self, plan: Plan, new: Store, progress: Progress) -> Restore:
        progress.start("progress.restore", plan.rows * 2, "unit.rows")
        return Restore(self._copy, new, plan.name, counted(progress))

    def _keep_ring(self) -> None:
        path = self._settings.home / KEYS / FILE_NAME
        if self._ring is None or os.environ.get(ENVIRONMENT):
            return
        if not path.exists():
            path.parent.mkdir(mode=0o700, exist_ok=True)
            keys.write_private(path, self._ring.as_json())
        elif keys.parse(path.read_bytes(), str(path)) != self._ring:
            keys.save(path, self._ring)

    def _done(self, plan: Plan, store: Store, kept: str, *, rehearsed: bool = False) -> Done:
        with store.reading() as tx:
            last = head(tx)
        return Done(
            plan.to,
            plan.made_at,
            # What is thrown away again was compared; its own act does not count.
            plan.rows if rehearsed else backups.rows(store),
            last.seq,
            written_head(last),
            max(last.seq - plan.entries, 0),
            kept,
            rehearsed,
        )


def _direct(plan: Plan) -> set[str]:
    """The versions of a database that is filled where it stands: an empty one, or one of ours."""
    return {"", f"moving_{plan.name}", f"arrived_{plan.name}"}


def _version(store: Store) -> str:
    """What the database shows as its version; empty for none, a word of its own for a damaged one."""
    try:
        with schema.opening(store), store.reading() as tx:
            if schema.VERSION in (names := schema.table_names(tx)):
                return schema.version_in(tx)
            return "foreign" if any(not one.startswith("procrastinate_") for one in names) else ""
    except (UserError, SystemStopped, sa.exc.DatabaseError):
        return _DAMAGED


def _shown(store: Store) -> str:
    return store.url.render_as_string(hide_password=True)


def _remove(file: Path) -> None:
    for end in _BESIDE:
        file.with_name(file.name + end).unlink(missing_ok=True)


# --- as text ----------------------------------------------------------------------------------


def plan_told(plan: Plan, texts: Texts) -> str:
    """What is in the backup, and what becomes of what is newer."""
    lang = texts.lang
    lines = [
        texts.get("restore.from", file=plan.file, at=moment(plan.made_at, lang)),
        texts.get("restore.to", to=plan.to),
        texts.get(
            "restore.holds", rows=number(plan.rows, lang), entries=number(plan.entries, lang)
        ),
    ]
    if plan.again:
        lines.append(texts.get("restore.again"))
    else:
        lines.append(
            texts.get(
                f"restore.elder.{plan.look.elder.value}",
                entries=number(plan.look.entries, lang),
                acts=number(plan.look.acts, lang),
            )
        )
    return "\n".join(map(printable, lines))


def told(done: Done, texts: Texts) -> str:
    """What was proved, and what happens next."""
    lang = texts.lang
    key = "restore.rehearsed" if done.rehearsed else "restore.done"
    lines = [
        texts.get(
            key,
            at=moment(done.made_at, lang),
            to=done.to,
            rows=number(done.rows, lang),
            entries=number(done.entries, lang),
            head=done.head[: done.head.find(":") + 13],
        )
    ]
    if done.kept_entries:
        lines.append(texts.get("restore.kept_entries", entries=number(done.kept_entries, lang)))
    if done.kept:
        lines.append(texts.get("restore.kept", file=done.kept))
    if not done.rehearsed:
        lines += ["", texts.get("restore.next")]
    return "\n".join(map(printable, lines))
