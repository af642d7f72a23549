"""What stands open is found, one thing for each row of the table; a closed house has nothing open."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from rules.errors import Exit
from rules.rights import Role
from state import keys, schema, tokens, users
from state.store import Store, Tx
from state.tables import users as users_table
from state.tokens import Scope
from sync.cli import program
from sync.people.passwords import kept
from sync.settings import read
from sync.systems import security
from sync.systems.checks import Check, Verdict
from sync.texts import Texts

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
WEAK = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$6C1bW3v1q8dJw5a0w2yQ5w"


@dataclass
class House:
    """A state folder, settings, and what the environment says."""

    folder: Path
    text: str = ""
    env: dict[str, str] = field(default_factory=lambda: {"RINGREN_KEY_RING": "{}"})
    lock: str = ""
    url: str = ""

    @property
    def home(self) -> Path:
        """The state folder."""
        return self.folder / "state"

    def database(self, write: Callable[[Tx], object]) -> None:
        """Something that stands in the database."""
        store = Store(f"sqlite:///{self.home / 'ringren.sqlite'}")
        schema.prepare(store)
        with store.transaction() as tx:
            write(tx)
        store.close()

    def user(self, name: str, role: Role = Role.ADMIN, **other: object) -> None:
        """Somebody who may sign in."""

        def write(tx: Tx) -> None:
            users.add(tx, name=name, roles=[role], password=HASH, by="me", at=NOW)
            if other:
                tx.execute(sa.update(users_table).values(**other))

        self.database(write)

    def token(self, made: timedelta, ends: timedelta | None, *, used: bool = True) -> None:
        """A token that lets in."""

        def write(tx: Tx) -> None:
            number = tokens.add(
                tx,
                name="Dialer",
                secret=tokens.new_secret(),
                scopes=[Scope.CHECK],
                by="me",
                at=NOW - made,
                expires_at=ends and NOW + ends,
            )
            if used:
                tokens.use(tx, number, NOW)

        self.database(write)

    def looked_at(self, lang: str = "en") -> list[Check]:
        """The lines."""
        file = self.folder / "ringren.toml"
        url = f'url = "{self.url}"\n' if self.url else ""
        file.write_text(f'[state]\npath = "{self.home}"\n{url}{self.text}')
        lock = self.folder / "requirements.lock"
        lock.write_text(self.lock)
        settings = read(file=file)
        return list(security.security(settings, Texts(lang), file, NOW, self.env, lock))


HASH = kept("en lang adgangskode")


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "state").mkdir(mode=0o700)
    return House(tmp_path)


def _ring(house: House, path: Path) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    keys.write_private(path, keys.new_ring(NOW).as_json())
    house.env = {}


def _open_file(house: House) -> None:
    (house.home / "notes").write_text("x")
    (house.home / "notes").chmod(0o644)


def _open_settings(house: House) -> None:
    (house.folder / "ringren.toml").touch()
    (house.folder / "ringren.toml").chmod(0o666)


def _open_secret(house: House) -> None:
    secret = house.folder / "hubspot"
    secret.write_text("s")
    secret.chmod(0o644)
    house.text = f'[hubspot]\ntoken = {{ file = "{secret}" }}\n'


def _clear_secret(house: House) -> None:
    house.text = '[alarms.receivers.team]\nurl = "https://hooks.slack.com/services/T0/B0/x"\n'


def _keys_in_backup(house: House) -> None:
    (house.folder / "kopi").mkdir()
    _ring(house, house.folder / "kopi" / "noegler.json")
    house.env = {"RINGREN_KEY_RING": "{}"}
    house.text = f'[backup]\nfolder = "{house.folder / "kopi"}"\n'


def _keys_beside(house: House) -> None:
    _ring(house, house.home / "keys" / "keys.json")


def _backup_beside(house: House) -> None:
    house.text = f'[backup]\nfolder = "{house.home / "kopi"}"\n'


def _behind_proxy(house: House) -> None:
    house.text = '[api]\nport = 8710\nhost = "0.0.0.0"\nbehind_proxy = true\n'


def _led_away(house: House) -> None:
    house.env["T"] = "x"
    secret = house.folder / "t"
    keys.write_private(secret, b"token")
    house.text = (
        f'[hubspot]\ntoken = {{ file = "{secret}" }}\n'
        'elsewhere = { "https://api.hubapi.com" = "http://127.0.0.1:1" }\n'
    )


def _nobody_decides(house: House) -> None:
    house.user("Anna Prøve", Role.AGENT)
    house.text = "[page]\nport = 8710\n"


OPEN: dict[str, Callable[[House], None]] = {
    "open_files": _open_file,
    "open_settings": _open_settings,
    "open_secrets": _open_secret,
    "clear_secrets": _clear_secret,
    "database_in_clear": lambda house: setattr(
        house, "url", "postgresql://ringren@db.invalid/ringren"
    ),
    "keys_in_backup": _keys_in_backup,
    "keys_beside": _keys_beside,
    "backup_beside": _backup_beside,
    "wide_listeners": _behind_proxy,
    "led_away": _led_away,
    "shared_names": lambda house: house.user("Admin"),
    "old_hashes": lambda house: house.user("Anna Prøve", password=WEAK),
    "idle_users": lambda house: house.user("Anna Prøve", made_at=NOW - timedelta(days=40)),
    "nobody_decides": _nobody_decides,
    "old_tokens": lambda house: house.token(timedelta(days=400), timedelta(days=1)),
    "unused_tokens": lambda house: house.token(timedelta(days=40), timedelta(days=9), used=False),
    "endless_tokens": lambda house: house.token(timedelta(days=1), None),
    "other_versions": lambda house: setattr(house, "lock", "click==1.0 \\\n    --hash=x\n"),
}


@pytest.mark.parametrize("code", OPEN)
def test_what_stands_open_is_found_and_said_how_to_close(code: str, house: House) -> None:
    OPEN[code](house)
    wanted = next(row for row in security.ROWS if row.code == code)
    found = house.looked_at("da")
    wrong = [one for one in found if one.verdict is not Verdict.OK and not _is_root(one)]
    away = [one for one in wrong if "kan ikke åbnes" in one.message]
    assert len(away) == (code == "database_in_clear")
    assert [one.verdict for one in wrong if one not in away] == [wanted.verdict], wrong
    assert wrong[0].remedy
    ok = Texts("da").get(f"security.{code}.ok")
    assert ok not in {one.message for one in found}


def _is_root(one: Check) -> bool:
    """Tests may run as root; who runs them is no matter here."""
    return "belongs to root" in one.message or "tilhører root" in one.message


def test_every_row_has_a_house_that_it_is_wrong_about() -> None:
    assert set(OPEN) | {"as_root"} == {row.code for row in security.ROWS}


def test_a_closed_house_has_nothing_open(house: House) -> None:
    house.user("Anna Prøve")
    house.token(timedelta(days=1), timedelta(days=90))
    found = house.looked_at()
    assert {one.verdict for one in found if not _is_root(one)} == {Verdict.OK}
    assert len(found) == len(security.ROWS)


def test_the_command_ends_with_one_as_long_as_something_must_be_closed(house: House) -> None:
    house.looked_at()

    def call(*more: str) -> tuple[int, str]:
        done = CliRunner().invoke(program, ["check", "security", "--lang", "en", *more])
        return done.exit_code, done.output

    code, output = call()
    assert code == Exit.OK, output
    _open_file(house)
    code, output = call("--json")
    assert code == Exit.USER
    lines = json.loads(output)["checks"]
    assert any(one["verdict"] == "fail" and "chmod 600" in one["remedy"] for one in lines)


def test_a_password_in_the_address_of_the_database_is_not_even_read(house: House) -> None:
    file = house.folder / "ringren.toml"
    file.write_text('[state]\nurl = "postgresql://a:hush-hush@127.0.0.1/x"\n')
    done = CliRunner().invoke(program, ["check", "security", "--lang", "en"])
    assert done.exit_code == Exit.USER
    assert "hush-hush" not in done.output
    assert "state.url" in done.output


def test_a_database_of_another_version_is_not_passed_over(house: House) -> None:
    house.database(lambda tx: schema.mark(tx, "ringren_0001"))
    assert any("another version" in one.message for one in house.looked_at())
