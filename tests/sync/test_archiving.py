"""Figures of closed years: counted first, written, read back, and only then taken out."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from promises.lists import Lists

from rules.errors import InvariantBroken, UserError
from state import archive, calls, snapshots
from state.ledger import head
from state.snapshots import Figure
from sync.app import App
from sync.service.jobs import named
from sync.upkeep import archiving

DAYS = (date(2024, 1, 1), date(2024, 12, 31), date(2025, 6, 5), date(2026, 3, 1))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    lists = Lists(tmp_path, now=datetime(2026, 6, 1, tzinfo=UTC))
    with lists.app(dry=False) as found:
        with found.store.transaction() as tx:
            for day in DAYS:
                figures = [Figure("files", "a.csv", f"filled.f{n}", n, 10) for n in range(5)]
                snapshots.take(tx, day, figures)
                calls.take(tx, "cvr", day, "enrich", 3, day_most=None, job_most=None)
        yield found


def _kept(app: App) -> list[int]:
    with app.store.reading() as tx:
        return archive.years(tx, 9999)


def test_it_counts_first_and_writes_nothing(app: App, tmp_path: Path) -> None:
    (one,) = archiving.look(app, tmp_path / "away")
    assert (one.year, dict(one.rows), one.gone) == (
        2024,
        {"snapshots": 10, "api_calls": 4, "attempt_days": 0},
        None,
    )
    assert not (tmp_path / "away").exists()
    assert _kept(app) == [2024, 2025, 2026]


def test_closed_years_go_into_a_file_and_the_last_two_stay(app: App, tmp_path: Path) -> None:
    with app.store.reading() as tx:
        before = head(tx)
    (one,) = archiving.put_away(app, tmp_path)
    assert one.gone == 14
    assert _kept(app) == [2025, 2026]
    lines = gzip.decompress(Path(one.file).read_bytes()).splitlines()
    assert len(lines) == 15
    assert b'"day":"2024-12-31"' in lines[5]
    assert Path(one.file).stat().st_mode & 0o777 == 0o600
    assert archiving.put_away(app, tmp_path) == []
    with app.store.reading() as tx:
        assert head(tx) == before


def test_killed_before_or_while_rows_are_taken_out_it_goes_on(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(Exception):
        pass

    real, done = archive._remove, []

    def dies(*args: object) -> int:
        if len(done) == 2:
            raise Killed
        done.append(args)
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(archive, "_remove", dies)
    with pytest.raises(Killed):
        archiving.put_away(app, tmp_path)
    monkeypatch.undo()
    file = next(tmp_path.glob("*-2024.jsonl.gz"))
    written = file.read_bytes()
    archiving.put_away(app, tmp_path)
    assert _kept(app) == [2025, 2026]
    assert file.read_bytes() == written


def test_a_file_with_something_else_or_a_damaged_one_keeps_everything_in_the_database(
    app: App, tmp_path: Path
) -> None:
    (one,) = archiving.look(app, tmp_path)
    file = Path(one.file)
    with app.store.reading() as tx:
        archive.write(tx, 2025, file)
    with pytest.raises(UserError, match=r"archive\.differs"):
        archiving.put_away(app, tmp_path)
    whole = file.read_bytes()
    for damaged in (whole[:-9], whole[:40] + b"x" + whole[41:], b"", gzip.compress(b"[]\n")):
        file.write_bytes(damaged)
        with pytest.raises(UserError, match=r"archive\.broken"):
            archiving.put_away(app, tmp_path)
    assert _kept(app) == [2024, 2025, 2026]


def test_a_row_that_came_in_meanwhile_stays(app: App, tmp_path: Path) -> None:
    file = tmp_path / "2024.gz"
    with app.store.reading() as tx:
        archive.write(tx, 2024, file)
    with app.store.transaction() as tx:
        calls.take(tx, "lasso", DAYS[0], "enrich", 1, day_most=None, job_most=None)
    with pytest.raises(InvariantBroken):
        archive.remove(app.store, 2024, archive.holds(file))
    assert 2024 in _kept(app)


def test_the_job_rests_until_there_is_a_folder(app: App, tmp_path: Path) -> None:
    job = named("archive")
    assert job.schedule(app.settings) is None
    chosen = app.settings.archive.model_copy(update={"folder": tmp_path})
    settings = app.settings.model_copy(update={"archive": chosen})
    assert job.schedule(settings) is not None
    app.settings = settings
    job.does(app)
    assert _kept(app) == [2025, 2026]
    with pytest.raises(UserError, match=r"archive\.no_place"):
        archiving._folder(
            replace(app, settings=settings.model_copy(update={"archive": type(chosen)()})), None
        )


def test_no_table_that_is_put_away_holds_anything_personal() -> None:
    for table in archive.TABLES:
        assert not any("personal" in column.info for column in table.columns)
        assert {column.type.__class__ for column in table.columns} <= {
            sa.Text,
            sa.Integer,
            sa.BigInteger,
        }
