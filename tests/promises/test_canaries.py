"""Canary persons go through whole runs; afterwards they are looked for where they must not be."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from promises.children import Done, act, command, fate
from promises.lists import HEADER, Lists

from rules import hygiene
from state.store import Store
from state.tables import ledger, ledger_keys, metadata
from sync.crashes import write_crash
from sync.settings.model import Limits
from sync.shell import Shell

CPR = "311299-7171"
CANARIES = (
    "Kanarina",
    "Fuglsang",
    "kanarina",
    "opdigtet-7171",
    "71717171",
    "71 71 71 71",
    "7171-7171",
)
"""Parts of the canary person, as they stand in the lists and as we would spell them."""
NOWHERE = (CPR, CPR.replace("-", ""))
"""What must not be stored or shown at all."""
ROWS = [
    "K1;kanarina fuglsang;71 71 71 71;KANARINA@opdigtet-7171.dk;ja",
    f"K2;Bo Hansen {CPR};68 000002;bo@opdigtet-0002.dk;",
    "K3;Kanarina Fuglsang;71 71 71 71;kanarina@opdigtet-7171.dk;;one cell too many: 71717171",
    "K4;\0Kanarina;71717171;kanarina@opdigtet-7171.dk;",
    f"K5;Ida Jensen;{CPR};ida@opdigtet-0003.dk;",
    "K6;Per Lund;71 71 71 71 / 68 000004;per@opdigtet-0004.dk;",
]


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    lists = Lists(tmp_path, settings={"limits": Limits(max_change_share=1)})
    lists.put("kontakter.csv", HEADER, *ROWS)
    lists.put(
        "nejtak.csv", "Navn;Telefon;E-mail", "Kanarina Fuglsang;7171-7171;kanarina@opdigtet-7171.dk"
    )
    return lists


def _command(lists: Lists, *arguments: str) -> Done:
    home = lists.folder / "state"
    env = {
        **{name: text for name, text in os.environ.items() if not name.startswith("RINGREN_")},
        "XDG_STATE_HOME": str(lists.folder / "xdg-state"),
        "XDG_CONFIG_HOME": str(lists.folder / "xdg-config"),
        "RINGREN_LOGS__FORMAT": "json",
        "RINGREN_LOGS__LEVEL": "debug",
        "TMPDIR": str(lists.folder),
    }
    return command(lists.folder, env, *arguments, "--state", str(home))


def _assert_clean(text: str, where: str) -> None:
    found = [canary for canary in (*CANARIES, *NOWHERE) if canary in text]
    assert not found, f"{where}: {found}"


def test_no_log_line_names_a_person_whatever_the_command(lists: Lists) -> None:
    root = str(lists.root)
    steps = [
        ("--dry-run", root, "-v"),
        ("run", root, "-v", "--allow", "large_share"),
        ("findings", "-v"),
        ("runs", "-v"),
        ("undo", "2", "-v", "--yes"),
        ("check", root, "-v"),
    ]
    lines = 0
    for step in steps:
        done = _command(lists, *step)
        assert done.returncode in {0, 2, 5}, (step, done.stderr)
        _assert_clean(done.stderr, f"the log of {step}")
        lines += done.stderr.count("\n")
    assert lines > 10, "nothing was logged, so nothing was proved"


def test_no_personal_number_is_ever_shown(lists: Lists) -> None:
    for step in (
        ("--dry-run", str(lists.root)),
        ("findings",),
        ("--dry-run", str(lists.root), "--json"),
    ):
        shown = _command(lists, *step).stdout
        assert "Kanarina" in shown or "Bo Hansen" in shown or "cpr" in shown.lower()
        assert not [one for one in NOWHERE if one in shown], step


def test_no_error_names_a_person(lists: Lists) -> None:
    path = lists.root / "kontakter.csv"
    data = path.read_bytes()
    broken = {
        "not text": b"\x00\x01" + data,
        "no header": data.split(b"\n", 1)[1],
        "another encoding": data.replace(b"Bo", "Bø".encode("cp1252")),
        "write-protected": data,
    }
    for what, content in broken.items():
        path.chmod(0o644)
        path.write_bytes(content)
        if what == "write-protected":
            path.chmod(0o444)
        done = _command(lists, "run", str(lists.root), "--json", "--allow", "large_share")
        _assert_clean(done.stderr, what)
        report = json.loads(done.stdout)
        _assert_clean(
            json.dumps(report.get("failures", report.get("error")), ensure_ascii=False), what
        )


def test_no_crash_file_names_a_person(lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any, **named: Any) -> Any:
        raise ValueError(f"cannot clean {arguments[1]}")

    monkeypatch.setattr(hygiene, "clean", broken)
    monkeypatch.setattr("rules.decide.clean", broken)
    shell = Shell("en")
    shell.home = lists.folder / "state"
    with pytest.raises(ValueError, match="kanarina") as caught:
        lists.run()
    written = write_crash(caught.value, shell)
    assert written is not None
    text = written.read_text("utf-8")
    assert "decide" in text
    _assert_clean(text, "the crash file")


@pytest.mark.parametrize("deadly", [10, 30, 50])
def test_a_killed_run_leaves_nobody_behind_outside_the_store(lists: Lists, deadly: int) -> None:
    fate(act, lists, "run", deadly=deadly)
    lists.run()
    lists.run()
    for path in _files(lists.folder):
        if path.is_relative_to(lists.root) or ".sqlite" in path.name:
            continue
        _assert_clean(path.read_bytes().decode("utf-8", "replace"), str(path))
    assert not [path for path in lists.root.iterdir() if path.name.startswith(".")]


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_only_columns_that_say_so_hold_a_person_and_none_a_personal_number(
    lists: Lists, kind: str, request: pytest.FixtureRequest
) -> None:
    if kind == "postgres":
        lists.url = request.getfixturevalue("postgres_url")
    lists.dry()
    ran = lists.run().report.run.run
    lists.put(
        "kontakter.csv", HEADER, *(row for row in lists.rows("kontakter.csv")[1:] if row[1] != "6")
    )
    lists.run()
    lists.undo(ran)
    store = Store(lists.url or f"sqlite:///{lists.folder / 'state' / 'ringren.sqlite'}")
    seen = 0
    try:
        with store.reading() as tx:
            for table in metadata.sorted_tables:
                for column in table.columns:
                    cells = "\n".join(map(_text, tx.execute(sa.select(column)).scalars()))
                    assert not [one for one in NOWHERE if one in cells], (
                        f"{column} holds a CPR number"
                    )
                    if column.info.get("personal"):
                        seen += any(canary in cells for canary in CANARIES)
                    else:
                        _assert_clean(cells, str(column))
    finally:
        store.close()
    assert seen > 3, "the canary never entered the store, so nothing was proved"


def _text(cell: Any) -> str:
    return (
        cell.hex() if isinstance(cell, bytes) else json.dumps(cell, default=str, ensure_ascii=False)
    )


def test_what_is_chained_holds_no_person_in_any_form_that_could_be_guessed(lists: Lists) -> None:
    lists.run()
    with lists.app() as app, app.store.reading() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(ledger)).scalar_one() >= 2
        for table in (ledger, ledger_keys):
            for row in tx.execute(sa.select(table)):
                _assert_clean(" ".join(map(_text, row)), table.name)
        digests = set(tx.execute(sa.select(ledger_keys.c.digest)).scalars())
    assert digests.isdisjoint(_guesses()), "a hash without a key can be guessed from eight digits"


def _guesses() -> set[bytes]:
    """What somebody without the key would try."""
    import hashlib

    texts = [
        "+4571717171",
        "71717171",
        "4571717171",
        "phone:+4571717171",
        "kanarina@opdigtet-7171.dk",
    ]
    plain = [getattr(hashlib, name) for name in ("md5", "sha1", "sha256", "blake2b", "blake2s")]
    return {make(text.encode()).digest()[:16] for text in texts for make in plain}
