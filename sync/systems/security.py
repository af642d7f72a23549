"""`sync check security`: what could be open that should be closed. One table, nothing over the network.

    ROWS      code, how bad it is, and who looks: gives the details of each thing that is wrong

The words are texts: `security.CODE` with its `.remedy` for a thing that is wrong, `security.CODE.ok`
for nothing. What cannot be looked at here (a database that cannot be opened) is said, never passed over.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from importlib import metadata
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from rules.errors import RingrenError, UserError
from rules.keys import fold
from rules.rights import Right
from state import keys, schema, tokens, users
from state.keys import ENVIRONMENT, FILE_NAME
from state.store import Store
from state.tables import users as users_table
from sync import homes
from sync.app import KEYS
from sync.output import number
from sync.settings import Settings
from sync.settings.incoming import Listener
from sync.systems.checks import Check, Verdict, mode, open_paths
from sync.texts import Texts

Details = Mapping[str, object]
OLD: Final = timedelta(days=365)
IDLE: Final = timedelta(days=90)
UNUSED: Final = timedelta(days=30)
LISTENERS: Final = ("api", "form", "hooks", "page", "metrics")
_NOBODYS: Final = frozenset(
    map(fold, ("admin", "administrator", "root", "test", "demo", "guest", "user", "bruger", "gæst"))
)
"""Names that several share, and that are tried first."""
_ENCRYPTED: Final = frozenset({"require", "verify-ca", "verify-full"})
_CLEAR: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|ringren_[\w-]{40}|pat-[a-z]{2,3}\d-[\w-]{20}"
    r"|://[^/@\s:]*:[^/@\s]+@|(?i:hooks\.slack\.com/services/)\w"
)
"""Private keys, our own tokens, HubSpot's, addresses with a password, addresses that are one."""
_REFERENCES: Final = frozenset({"env", "file", "keyring"})


_People = tuple[list[tuple[users.User, str]], list[tokens.Token]]


@dataclass
class Looked:
    """What is looked at, each part of it once."""

    settings: Settings
    file: Path | None
    now: datetime
    env: Mapping[str, str]
    lock: Path
    """The lock file that the program was installed from; it may not be there."""

    @cached_property
    def values(self) -> dict[str, Any]:
        """The settings file as it stands."""
        if self.file is None:
            return {}
        return tomllib.loads(self.file.read_bytes().decode("utf-8-sig"))

    @cached_property
    def url(self) -> sa.URL:
        """The address of the database."""
        return sa.make_url(self.settings.database_url)

    @property
    def signed_up(self) -> list[tuple[users.User, str]]:
        """Who may sign in, with the hash of his password."""
        return self._people[0]

    @property
    def let_in(self) -> list[tokens.Token]:
        """Tokens that hold."""
        return [one for one in self._people[1] if one.holds(self.now)]

    @property
    def _people(self) -> _People:
        found = self._of_database
        if isinstance(found, RingrenError):
            raise found
        return found

    @cached_property
    def _of_database(self) -> _People | RingrenError:
        """Users and tokens, or the error: who does not answer is asked once."""
        if self.settings.state.url is None and not homes.has_store(self.settings.home):
            return [], []
        store = Store(self.settings.database_url)
        try:
            found = schema.version(store)
            if found is None:
                return [], []
            if found != schema.HEAD:
                return UserError("security.other_version")
            with store.reading() as tx:
                return _users(tx), tokens.listed(tx)
        except RingrenError as error:
            return error
        finally:
            store.close()


def _users(tx: Any) -> list[tuple[users.User, str]]:
    rows = tx.execute(sa.select(users_table).where(users_table.c.removed_at.is_(None)))
    return [(users.user_of(row), row.password) for row in rows]


# --- who looks ----------------------------------------------------------------------------------


def _open_files(looked: Looked) -> Iterator[Details]:
    home = looked.settings.home
    for path in open_paths(home) if home.is_dir() else ():
        yield {"path": path, "mode": "700" if path.is_dir() else "600"}


def _open_settings(looked: Looked) -> Iterator[Details]:
    if looked.file and mode(looked.file) & 0o022:
        yield {"path": looked.file}


def _open_secrets(looked: Looked) -> Iterator[Details]:
    """Files that secrets stand in, wherever they are."""
    for path in sorted({*_secret_files(looked.values), *_private_keys(looked.settings)}):
        full = path.expanduser()
        if full.is_file() and _open_to_others(full):
            yield {"path": full}


def _open_to_others(path: Path) -> bool:
    """One that belongs to somebody else was put there for our group: a secret in a container."""
    ours = path.stat().st_uid == os.geteuid()
    return bool(mode(path) & (0o077 if ours else 0o037))


def _secret_files(value: Any) -> Iterator[Path]:
    if not isinstance(value, dict):
        return
    if len(value) == 1 and isinstance(value.get("file"), str):
        yield Path(value["file"])
        return
    for inner in value.values():
        yield from _secret_files(inner)


def _private_keys(settings: Settings) -> Iterator[Path]:
    listeners = (getattr(settings, name).key_file for name in LISTENERS)
    vendors = (settings.salesforce.private_key_file, settings.dynamics.certificate_file)
    yield from (path for path in (*listeners, *vendors) if path is not None)


def _clear_secrets(looked: Looked) -> Iterator[Details]:
    """What reading the settings does not refuse by itself: a secret where none is expected."""
    for key, text in _texts_of(looked.values):
        receiver = key.startswith("alarms.receivers.") and key.endswith(".url")
        if receiver or _CLEAR.search(text):
            yield {"key": key}


def _texts_of(value: Any, above: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield above, value
    if isinstance(value, dict) and not (len(value) == 1 and value.keys() <= _REFERENCES):
        for name, inner in value.items():
            yield from _texts_of(inner, f"{above}.{name}" if above else name)
    if isinstance(value, list):
        for inner in value:
            yield from _texts_of(inner, above)


def _wide_listeners(looked: Looked) -> Iterator[Details]:
    """In clear on a network: only a proxy in front makes that good, and only when it is alone."""
    for name in LISTENERS:
        one: Listener = getattr(looked.settings, name)
        if one.is_used and one.certificate_file is None and not ip_address(one.host).is_loopback:
            yield {"name": name, "host": one.host, "port": one.port}


def _keys_beside(looked: Looked) -> Iterator[Details]:
    path = looked.settings.home / KEYS / FILE_NAME
    database = (
        Path(looked.url.database or "") if looked.url.get_backend_name() == "sqlite" else None
    )
    if looked.env.get(ENVIRONMENT) or database is None or not path.exists():
        return
    if database.resolve().parent in path.resolve().parents:
        yield {"path": path, "env": ENVIRONMENT}


def _keys_in_backup(looked: Looked) -> Iterator[Details]:
    folder = looked.settings.backup.folder
    for path in sorted(folder.glob("*")) if folder and folder.is_dir() else ():
        if path.is_file() and path.stat().st_size < 100_000 and _is_ring(path):
            yield {"path": path}


def _is_ring(path: Path) -> bool:
    try:
        keys.parse(path.read_bytes(), "")
    except (UserError, OSError):
        return False
    return True


def _backup_beside(looked: Looked) -> Iterator[Details]:
    folder, home = looked.settings.backup.folder, looked.settings.home.resolve()
    if folder and home in (folder.resolve(), *folder.resolve().parents):
        yield {"path": folder}


def _database_in_clear(looked: Looked) -> Iterator[Details]:
    url = looked.url
    host = str(url.query.get("host", "") or url.host or "")
    if url.get_backend_name() != "postgresql" or not host or host.startswith("/"):
        return
    mode = str(url.query.get("sslmode") or looked.env.get("PGSSLMODE", ""))
    if mode not in _ENCRYPTED and not _is_here(host):
        yield {"host": host}


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _shared_names(looked: Looked) -> Iterator[Details]:
    for one, _ in looked.signed_up:
        if fold(one.name) in _NOBODYS:
            yield {"name": one.name}


def _old_hashes(looked: Looked) -> Iterator[Details]:
    if not looked.signed_up:
        return
    from sync.people.passwords import is_old

    for one, hashed in looked.signed_up:
        if is_old(hashed):
            yield {"name": one.name}


def _idle_users(looked: Looked) -> Iterator[Details]:
    for one, _ in looked.signed_up:
        last = one.seen_at or one.made_at
        if looked.now - last > (OLD if one.seen_at else UNUSED):
            yield {"name": one.name, "days": (looked.now - last).days}


def _nobody_decides(looked: Looked) -> Iterator[Details]:
    """A page that nobody may make users on, or one person alone may."""
    if looked.settings.page.is_used and looked.signed_up:
        able = [one for one, _ in looked.signed_up if Right.USERS in one.rights]
        if not able:
            yield {}


def _old_tokens(looked: Looked) -> Iterator[Details]:
    for one in looked.let_in:
        if looked.now - one.made_at > OLD:
            days = (looked.now - one.made_at).days
            yield {"number": one.token, "name": one.name, "days": days}


def _unused_tokens(looked: Looked) -> Iterator[Details]:
    for one in looked.let_in:
        last = one.used_at or one.made_at
        if looked.now - last > (IDLE if one.used_at else UNUSED):
            days = (looked.now - last).days
            yield {"number": one.token, "name": one.name, "days": days}


def _endless_tokens(looked: Looked) -> Iterator[Details]:
    for one in looked.let_in:
        if one.expires_at is None:
            yield {"number": one.token, "name": one.name}


def _as_root(looked: Looked) -> Iterator[Details]:
    if looked.settings.home.is_dir() and looked.settings.home.stat().st_uid == 0:
        yield {"path": looked.settings.home}


def _led_away(looked: Looked) -> Iterator[Details]:
    """Only tests lead calls elsewhere; a line that was left behind sends data there."""
    for name in looked.settings.systems:
        if getattr(getattr(looked.settings, name), "elsewhere", None):
            yield {"system": name}


def _other_versions(looked: Looked) -> Iterator[Details]:
    """Packages that are not those of the lock file; nothing where there is none."""
    wrong = []
    for line in looked.lock.read_text("utf-8").splitlines() if looked.lock.is_file() else ():
        found = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", line)
        installed = _installed(found[1]) if found else None
        if found and installed not in {None, found[2]}:
            wrong.append(f"{found[1]} {installed}")
    if wrong:
        yield {"names": ", ".join(wrong[:5]), "number": len(wrong)}


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


# --- the table ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is looked for."""

    code: str
    verdict: Verdict
    looks: Callable[[Looked], Iterator[Details]]


ROWS: Final = (
    Row("open_files", Verdict.FAIL, _open_files),
    Row("open_settings", Verdict.FAIL, _open_settings),
    Row("open_secrets", Verdict.FAIL, _open_secrets),
    Row("clear_secrets", Verdict.FAIL, _clear_secrets),
    Row("database_in_clear", Verdict.FAIL, _database_in_clear),
    Row("keys_in_backup", Verdict.FAIL, _keys_in_backup),
    Row("keys_beside", Verdict.WARN, _keys_beside),
    Row("backup_beside", Verdict.WARN, _backup_beside),
    Row("wide_listeners", Verdict.WARN, _wide_listeners),
    Row("led_away", Verdict.FAIL, _led_away),
    Row("shared_names", Verdict.WARN, _shared_names),
    Row("old_hashes", Verdict.WARN, _old_hashes),
    Row("idle_users", Verdict.WARN, _idle_users),
    Row("nobody_decides", Verdict.WARN, _nobody_decides),
    Row("old_tokens", Verdict.WARN, _old_tokens),
    Row("unused_tokens", Verdict.WARN, _unused_tokens),
    Row("endless_tokens", Verdict.WARN, _endless_tokens),
    Row("as_root", Verdict.WARN, _as_root),
    Row("other_versions", Verdict.WARN, _other_versions),
)

LOCK: Final = Path(__file__).resolve().parents[2] / "requirements.lock"


def security(
    settings: Settings,
    texts: Texts,
    file: Path | None,
    now: datetime,
    env: Mapping[str, str] = os.environ,
    lock: Path = LOCK,
) -> Iterator[Check]:
    """All rows of the table, each as a line or as one for each thing that is wrong."""
    looked = Looked(settings, file, now, env, lock)
    # What cannot be looked at is said once, not by each row that needs it.
    yield from dict.fromkeys(line for row in ROWS for line in _lines(row, looked, texts))


def _lines(row: Row, looked: Looked, texts: Texts) -> Iterator[Check]:
    key, clean = f"security.{row.code}", True
    try:
        for details in row.looks(looked):
            clean = False
            told = _shown(details, texts)
            remedy = texts.get(f"{key}.remedy", **told)
            yield Check("security", row.verdict, texts.get(key, **told), remedy)
    except RingrenError as error:
        clean = False
        yield Check("security", Verdict.WARN, *texts.of_error(error))
    if clean:
        yield Check("security", Verdict.OK, texts.get(f"{key}.ok"))


def _shown(details: Details, texts: Texts) -> Details:
    return {k: number(v, texts.lang) if k == "days" else v for k, v in details.items()}  # type: ignore[arg-type]
