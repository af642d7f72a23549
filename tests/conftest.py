"""Fixtures for all tests: databases of both kinds, and a fixed moment.

store            a Store on SQLite, then on PostgreSQL; with our schema
store_url        its URL, for child processes; the same database as `store`
sqlite_store     SQLite only          postgres_store   PostgreSQL only
empty_url        a database without tables, of both kinds
now              a fixed moment, aware, UTC
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from databases import NoServer, Server, copy_sqlite, postgres

from state.schema import prepare
from state.store import Store

with contextlib.suppress(ModuleNotFoundError):
    import profiles  # noqa: F401  registers the hypothesis profiles

# Whoever tests has a keyring of his own, which is none of our business and takes time to find.
os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the server by a fixture's name and not by a parameter."""
    for item in items:
        if "postgres_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.postgres)


_MUST_RUN = ("postgres", "browser")
_MAY_BE_SKIPPED = "root may"  # who may do everything cannot test what he may not
_left_out: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note what was skipped although it must not be where CI=true."""
    expected = hasattr(report, "wasxfail") or _MAY_BE_SKIPPED in str(report.longrepr)
    if report.skipped and not expected:
        _left_out.extend({report.nodeid for mark in _MUST_RUN if mark in report.keywords})


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skipped browser or database proves nothing: that is a failure of the whole run."""
    if _left_out and _is_ci():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell a newcomer what was left out on his machine, and CI why it failed."""
    if _left_out:
        verdict = "failed, because CI=true" if _is_ci() else "not tested on this machine"
        terminalreporter.section(f"{len(_left_out)} tests of {', '.join(_MUST_RUN)}: {verdict}")
        for test in _left_out:
            terminalreporter.write_line(f"  {test}")


def _is_ci() -> bool:
    return os.environ.get("CI") == "true"


@pytest.fixture
def now() -> datetime:
    """The moment at which made-up things happen."""
    return datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One real server for each test process."""
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(postgres())
        except NoServer as error:
            _missing(f"PostgreSQL cannot be started here ({error})")
        yield server


def _missing(what: str) -> None:
    """A newcomer's machine may lack it; ours may not, or the tests prove less than they say."""
    if _is_ci():
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def sqlite_prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with our schema, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "prepared.db"
    store = Store(f"sqlite:///{path}")
    prepare(store)
    store.close()
    return path


@pytest.fixture
def sqlite_url(sqlite_prepared: Path, tmp_path: Path) -> str:
    """A SQLite database of this test's own."""
    return copy_sqlite(sqlite_prepared, tmp_path / "state.db")


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """A PostgreSQL database of this test's own."""
    url = postgres_server.create_prepared()
    yield url
    postgres_server.drop(url)


@pytest.fixture(params=BOTH)
def store_url(request: pytest.FixtureRequest) -> str:
    """A database of this test's own, on SQLite and on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: Server = request.getfixturevalue("postgres_server")
    url = server.create()
    yield url
    server.drop(url)


@contextlib.contextmanager
def _opened(url: str) -> Iterator[Store]:
    store = Store(url)
    try:
        yield store
    finally:
        store.close()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A prepared store, on SQLite and on PostgreSQL."""
    with _opened(store_url) as opened:
        yield opened


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    """A prepared store on SQLite."""
    with _opened(sqlite_url) as opened:
        yield opened


@pytest.fixture
def postgres_store(postgres_url: str) -> Iterator[Store]:
    """A prepared store on PostgreSQL."""
    with _opened(postgres_url) as opened:
        yield opened
