"""A large list is decided while it is still being read: nothing comes out differently."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import sync.passes.records
from connectors.files import rows
from connectors.files.pages import Opened
from state import match_keys
from sync.cli import program
from sync.stages import decide, hands
from sync.stages.decide import Deciding

HEADER = "id;Navn;Tlf.;E-mail;Firma;CVR-nr.\n"
NAMES = ("anne opdigtet", "BO PÅHIT", "Carla Eventyr", "dan", "")
TABLES = {
    "mirror": "rid, id, version, cells, place, filled, valid, decided_with IS NULL",
    "match_keys": "rid, key_kind, hex(digest)",
    "proposals": "pid, rid, place, base_version, shape, changes, closed_as",
    "findings": "rid, place, code, severity, field, details, gone_at IS NULL",
    "coverage": "stream, field, filled, valid",
    "blocked": "rid, channels",
}
Sync = Callable[..., Result]


def people(count: int) -> str:
    """Rows with something to repair, something to find, and something to leave alone."""
    return HEADER + "".join(
        f"{n};{NAMES[n % 5]};{'68 ' if n % 3 else 'lok '}{n:06};"
        f"{'Post' if n % 2 else 'post'}{n}@opdigtet-{n % 7:04}.dk;Opdigtet aps;900000{n % 90:02}\n"
        for n in range(count)
    )


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Everything is large here: pages of 10 rows, batches of 25, and what is worth it begins at 40."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(rows, "PAGE_ROWS", 10)
    monkeypatch.setattr(decide, "BATCH", 25)
    monkeypatch.setattr(sync.passes.records, "WORTH_IT", 40)
    monkeypatch.setattr(match_keys, "MANY", 50)
    (tmp_path / "people.csv").write_text(people(200))


def look(tmp_path: Path, state: str) -> Result:
    where = (str(tmp_path / "people.csv"), "--state", str(tmp_path / state))
    return CliRunner().invoke(program, ["--dry-run", *where], prog_name="sync")


def held(tmp_path: Path, state: str) -> dict[str, list[tuple[object, ...]]]:
    """What the state holds, without moments and numbers of runs."""
    with closing(sqlite3.connect(tmp_path / state / "ringren.sqlite")) as db:
        return {
            table: sorted(db.execute(f"SELECT {columns} FROM {table}"), key=repr)  # noqa: S608
            for table, columns in TABLES.items()
        }


def without_hashes(found: dict[str, list[tuple[object, ...]]]) -> dict[str, list[object]]:
    """Each state has a key ring of its own."""
    plain: dict[str, list[object]] = {**found}
    plain["match_keys"] = [row[:2] for row in found["match_keys"]]
    return plain


@pytest.fixture
def expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[object]]:
    """What comes out when everything is read first."""
    with monkeypatch.context() as first:
        first.setattr(sync.passes.records, "WORTH_IT", 10**9)
        assert look(tmp_path, "before").exit_code == 2
    return without_hashes(held(tmp_path, "before"))


def watch(monkeypatch: pytest.MonkeyPatch, before: Callable[[Deciding, int], None]) -> list[bool]:
    """Whether the reading was still going on when each batch was written."""
    seen: list[bool] = []
    write = Deciding._write

    def watched(self: Deciding, *args: object) -> None:
        before(self, len(seen))
        seen.append(not self.lease.complete)
        write(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Deciding, "_write", watched)
    return seen


def test_it_is_decided_while_it_is_read_and_nothing_comes_out_differently(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[str, list[object]]
) -> None:
    seen = watch(monkeypatch, lambda *_: None)
    assert look(tmp_path, "state").exit_code == 2
    assert seen == [True] * 7 + [False]
    assert without_hashes(held(tmp_path, "state")) == expected


@pytest.mark.slow
def test_in_several_processes_the_same_comes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[str, list[object]]
) -> None:
    monkeypatch.setattr(hands, "WORTH_IT", 1)
    assert look(tmp_path, "state").exit_code == 2
    assert without_hashes(held(tmp_path, "state")) == expected


@pytest.mark.parametrize("at", [0, 3, 7])
def test_after_a_kill_in_between_the_next_pass_comes_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[str, list[object]], at: int
) -> None:
    def kill(_: Deciding, number: int) -> None:
        if number == at:
            raise KeyboardInterrupt

    with monkeypatch.context() as killing:
        watch(killing, kill)
        assert look(tmp_path, "state").exit_code not in {0, 2}
    assert held(tmp_path, "state")["mirror"]
    assert look(tmp_path, "state").exit_code == 2
    assert without_hashes(held(tmp_path, "state")) == expected


def test_a_list_that_changes_while_it_is_read_is_read_again_and_decided_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed: Iterator[bool] = iter([True] * 12 + [False])
    is_unchanged = Opened.unchanged

    def once(self: Opened) -> bool:
        if next(changed, True):
            return is_unchanged(self)
        text = people(200).replace("7;Carla Eventyr", "7;carla eventyr").replace("\n199;", "\n900;")
        (tmp_path / "people.csv").write_text(text)
        return is_unchanged(self)

    with monkeypatch.context() as changing:
        changing.setattr(Opened, "unchanged", once)
        assert look(tmp_path, "state").exit_code == 2
    found = held(tmp_path, "state")
    monkeypatch.setattr(sync.passes.records, "WORTH_IT", 10**9)
    assert look(tmp_path, "later").exit_code == 2
    later = held(tmp_path, "later")
    assert found["coverage"] == later["coverage"]
    for table, columns in (("mirror", 5), ("proposals", 0)):
        assert len(found[table]) >= len(later[table]) > columns
    assert standing(tmp_path, "state") == standing(tmp_path, "later")


def standing(tmp_path: Path, state: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(tmp_path / state / "ringren.sqlite")) as db:
        return db.execute(
            "SELECT m.id, m.version, p.changes FROM mirror m"
            " LEFT JOIN proposals p ON p.rid = m.rid AND p.plan_until IS NULL"
            " WHERE m.deleted_at IS NULL ORDER BY m.id"
        ).fetchall()


def test_what_a_list_tells_of_opt_outs_late_reaches_whom_it_told_of_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last row says no, and the first ones have its number: they were decided long before."""
    lines = people(200).splitlines()
    shared = [
        line.replace("68 000001", "68 000199").replace("68 000002", "68 000199") for line in lines
    ]
    flagged = [f"{shared[0]};Nej tak", *(f"{line};" for line in shared[1:-1]), f"{shared[-1]};ja"]
    flagged[60] = f"{flagged[60]}ja"
    (tmp_path / "people.csv").write_text("\n".join(flagged) + "\n")
    with monkeypatch.context() as first:
        first.setattr(sync.passes.records, "WORTH_IT", 10**9)
        assert look(tmp_path, "before").exit_code == 2
    expected = without_hashes(held(tmp_path, "before"))
    assert len(expected["blocked"]) > 2
    seen = watch(monkeypatch, lambda *_: None)
    assert look(tmp_path, "state").exit_code == 2
    assert any(seen), "it was decided while it was read"
    assert without_hashes(held(tmp_path, "state")) == expected
