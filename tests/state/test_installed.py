"""What is installed from a wheel: everything that is no Python, and a database made with it."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("sync", "connectors", "rules", "state")
WITHOUT = shutil.ignore_patterns("__pycache__", ".*_cache")


def source_files() -> set[str]:
    """What git would give to somebody who clones the repository."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *PACKAGES]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {name for name in listed.splitlines() if (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy without what lies about in the working folder."""
    copy = tmp_path_factory.mktemp("source")
    for name in (*source_files(), "pyproject.toml", "LICENSE", "README.md"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [*build, "--no-build-isolation", "--disable-pip-version-check", "-w", target, copy],
        check=True,
        capture_output=True,
    )
    (built,) = target.glob("ringren-*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_holds_all_four_packages_with_their_data(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    assert source_files() - held == set()
    for suffix in (".toml", ".csv", ".mako", "py.typed"):
        assert any(name.endswith(suffix) for name in held), suffix
    assert {name.split("/")[0] for name in held if ".dist-info/" not in name} == set(PACKAGES)


@pytest.mark.slow
def test_what_is_installed_can_make_and_migrate_a_database(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)
    script = """
import sys
sys.path.insert(0, sys.argv[1])
import state, sync
from state.migrations import steps
from state.schema import HEAD, prepare
from state.store import Store
from sync.texts import Texts
assert state.__file__.startswith(sys.argv[1]), state.__file__
fresh, migrated = (Store(f"sqlite:///{sys.argv[1]}/{name}.db") for name in ("fresh", "migrated"))
prepare(fresh)
with migrated.transaction() as tx:
    steps.take(tx)
prepare(migrated)
assert steps.known()[0] == HEAD
assert Texts("da").find("state.newer")
"""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run(
        [sys.executable, "-c", script, str(place)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert sorted(path.name for path in place.glob("*.db")) == ["fresh.db", "migrated.db"]
