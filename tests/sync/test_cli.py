"""The command line as people call it: exit codes, errors, paths, what is written and what is not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from rules.errors import (
    Exit,
    InvariantBroken,
    LeaseLost,
    RingrenError,
    RunStopped,
    StartOver,
    SystemStopped,
    TryAgain,
    UserError,
)
from sync.cli import guarded, program
from sync.homes import home_of
from sync.shell import Shell

ROOT = Path(__file__).resolve().parents[2]
CANARY = "Kanarie Fuglesen"
PHONE = "20 12 34 56"
CANARY_MAIL = "kanarie.fuglesen@opdigtet-0001.dk"


@pytest.fixture(autouse=True)
def a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("RINGREN_") or name in {"LC_ALL", "LC_MESSAGES", "LANG"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg-state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg-config"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    """A folder with one small list."""
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "firmaer.csv").write_text(
        "Firma;CVR-nr.;Tlf.;Mail\nOpdigtet A/S;90000006;20 12 34 56;INFO@opdigtet-0001.dk\n",
        "utf-8",
    )
    return folder


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(program, [str(arg) for arg in args], prog_name="sync")


def child(*args: str | Path, **more: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sync", *map(str, args)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False, **more)  # type: ignore[call-overload,no-any-return]


# --- alone, and paths ------------------------------------------------------------------------


def test_alone_it_prints_help_and_writes_nothing(tmp_path: Path) -> None:
    done = child()
    assert done.returncode == 0
    assert "--dry-run" in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def _parsed(*args: str) -> list[str]:
    with program.make_context("sync", list(args)) as context:
        return [*context._protected_args, *context.args]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (["--dry-run", "a"], ["run", "--dry-run", "a"]),
        (["--dry-run"], ["run", "--dry-run"]),
        (["a", "--dry-run"], ["run", "a", "--dry-run"]),
        (["--dry-run", "./runs"], ["run", "--dry-run", "./runs"]),
        (["--dry-run", "run", "a"], ["run", "--dry-run", "a"]),
        (["--dry-run", "runs"], ["runs", "--dry-run"]),
        (["run", "--dry-run", "runs"], ["run", "--dry-run", "runs"]),
        (["--dry-run", "--only", "run", "a"], ["run", "--dry-run", "--only", "run", "a"]),
        (["--dry-run", "--sample", "5", "a"], ["run", "--dry-run", "--sample", "5", "a"]),
        (["--forget", "a"], ["forget", "a"]),
        (["a", "--forget", "--yes"], ["forget", "a", "--yes"]),
        (["forget", "--forget", "a"], ["forget", "a"]),
        (["run", "--forget"], ["run", "--forget"]),
        (["runs"], ["runs"]),
        (["--dry-run", "--", "runs"], ["run", "--dry-run", "--", "runs"]),
    ],
)
def test_a_dry_run_needs_no_command_and_a_commands_name_wins(
    said: list[str], meant: list[str]
) -> None:
    assert _parsed(*said) == meant


def test_a_folder_named_like_a_command_is_reached_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    assert call("--dry-run", "runs").exit_code == Exit.USER
    assert "--dry-run" in call("--dry-run", "runs").stderr
    assert "runs" in call("./runs").stderr


def test_a_path_alone_is_told_what_can_be_done_with_it(lists: Path) -> None:
    result = call(lists)
    assert result.exit_code == Exit.USER
    assert f"sync --dry-run {lists}" in result.stderr


def test_global_options_stand_before_or_after_the_command(lists: Path) -> None:
    for args in (["--json", "fields", "email"], ["fields", "email", "--json"]):
        assert json.loads(call(*args).stdout)["name"] == "email"
    assert "Navn" in call("fields", "email", "--lang", "da").stdout
    assert "Navn" in call("--lang=da", "fields", "email").stdout


# --- mistakes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "english", "danish"),
    [
        (["runz"], "Did you mean: ", "Mente du: "),
        (["runs", "--limmit", "3"], "--limit?", "--limit?"),
        (["undo"], "RUN is missing", "KØRSEL mangler"),
        (["undo", "x"], "whole number", "helt tal"),
        (["runs", "--limit", "0"], "1 or more", "mindst 1"),
        (["findings", "--severity", "huge"], "error, warning", "error, warning"),
        (["apply", "1", "2"], "too many", "for mange"),
        (["explain", "nonsense"], "SYSTEM/KIND/ID", "SYSTEM/ART/ID"),
        (["--lang"], "--lang", "--lang"),
        (["run", "--only", "fone", "x"], "full_name", "full_name"),
    ],
)
def test_a_usage_error_is_the_users_and_says_what_to_do(
    args: list[str], english: str, danish: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for locale, words in (("en_GB.UTF-8", english), ("da_DK.UTF-8", danish)):
        monkeypatch.setenv("LC_ALL", locale)
        result = call(*args)
        assert result.exit_code == Exit.USER
        assert words in result.stderr
        assert "→" in result.stderr
        assert result.stdout == ""
        assert "Traceback" not in result.stderr


def test_errors_are_json_when_json_was_asked_for() -> None:
    result = call("--json", "undo", "x")
    told = json.loads(result.stderr)["error"]
    assert told["exit_code"] == result.exit_code == Exit.USER
    assert told["message"]
    assert told["remedy"]
    assert result.stdout == ""


def test_wrong_settings_are_told_one_by_one_in_json(tmp_path: Path) -> None:
    (tmp_path / "ringren.toml").write_text("[limits]\nflip = 1\nflipz = 2\n", "utf-8")
    told = json.loads(call("fields", "--json").stderr)["error"]
    assert [one["where"] for one in told["problems"]] == ["ringren.toml:2", "ringren.toml:3"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UserError, 1),
        (TryAgain, 5),
        (SystemStopped, 5),
        (StartOver, 5),
        (LeaseLost, 5),
        (RunStopped, 3),
        (InvariantBroken, 70),
    ],
)
def test_each_kind_of_error_has_its_exit_code_and_no_traceback(
    error: type[RingrenError], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(Shell("en"), lambda: _raise(error("it broke", "mend it"))) == code
    said = capsys.readouterr()
    assert "it broke" in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def _raise(error: BaseException) -> int:
    raise error


def test_an_error_with_text_keys_is_told_in_the_users_language(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = UserError("error.no_rule", rule="fone", rules="phone, email")
    guarded(Shell("da"), lambda: _raise(error))
    assert capsys.readouterr().err == (
        "Fejl: Reglen fone findes ikke.\n  → vælg en af: phone, email\n"
    )


# --- our own bugs ----------------------------------------------------------------------------


def test_an_unknown_error_is_short_and_its_traceback_is_masked_in_the_state_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def bug() -> int:
        try:
            return int(f"{CANARY}")
        except ValueError as error:
            raise KeyError(CANARY_MAIL, PHONE) from error

    shell = Shell("en")
    shell.home = tmp_path / "state"
    assert guarded(shell, bug) == Exit.BUG
    (crash,) = (tmp_path / "state/crashes").iterdir()
    said = capsys.readouterr().err
    assert str(crash) in said
    assert "Traceback" not in said
    text = crash.read_text("utf-8")
    for part in ("test_cli.py", "ValueError", "KeyError"):
        assert part in text
    for canary in (*CANARY.split(), CANARY_MAIL, "12 34 56"):
        assert canary not in text
        assert canary not in said
    assert crash.stat().st_mode & 0o777 == 0o600


def test_a_crash_without_a_state_folder_still_says_where_it_wrote(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shell = Shell("en")
    shell.home = Path("/proc/no-such-place")
    assert guarded(shell, lambda: _raise(RuntimeError("x"))) == Exit.BUG
    assert "ringren-crash-" in capsys.readouterr().err


def test_a_full_disk_is_no_bug_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    full = OSError(28, "No space left on device", "/data/report.html")
    assert guarded(Shell("en"), lambda: _raise(full)) == Exit.FAILED
    assert "/data/report.html" in capsys.readouterr().err


def test_ctrl_c_ends_quietly_with_130() -> None:
    script = (
        # Started in the background, a shell's children ignore the signal: not so a person's.
        "import signal, sys, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from sync.cli import guarded\nfrom sync.shell import Shell\n"
        "def wait():\n    print('ready', flush=True)\n    time.sleep(60)\n"
        "sys.exit(guarded(Shell('da'), wait))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "Afbrudt" in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", [["fields", "--json"], ["--help"], ["fields", "cvr"]])
def test_a_full_disk_under_the_output_is_told_and_ends_with_5(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sync", *command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
    assert done.returncode == Exit.FAILED, done.stderr
    assert "Exception ignored" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_closed_streams_stop_nothing(closed: str, lists: Path) -> None:
    shell = f'"{sys.executable}" -m sync check "{lists}" {closed}'
    done = subprocess.run(
        ["bash", "-c", shell],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0
    assert call("runs", "--path", lists).exit_code == 0


@pytest.mark.parametrize("command", [["fields", "--json"], ["--help"], []])
def test_a_reader_that_leaves_early_is_no_error(command: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sync", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1", "utf-8"])
def test_a_terminal_that_lacks_our_signs_stops_nothing(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    done = child("check", os.fsdecode(b"n\xf8where"), "--lang", "da", errors="replace")
    assert done.returncode == Exit.USER
    assert "Traceback" not in done.stderr
    assert "findes ikke" in done.stdout


# --- commands --------------------------------------------------------------------------------


def test_init_writes_a_private_file_and_never_over_another(tmp_path: Path) -> None:
    assert call("init", "--lang", "da").exit_code == 0
    written = tmp_path / "ringren.toml"
    assert written.stat().st_mode & 0o777 == 0o600
    text = written.read_text("utf-8")
    assert "Indstillinger for Ringren" in text
    again = call("init")
    assert again.exit_code == Exit.USER
    assert "ringren.toml" in again.stderr
    assert written.read_text("utf-8") == text


def test_the_language_may_come_from_the_settings(tmp_path: Path) -> None:
    (tmp_path / "ringren.toml").write_text('lang = "da"\n', "utf-8")
    assert "CVR-nummer" in call("fields", "cvr").stdout
    assert "CVR number" in call("fields", "cvr", "--lang", "en").stdout


def test_fields_knows_the_overrides_and_near_misses(tmp_path: Path) -> None:
    (tmp_path / "ringren.toml").write_text("[fields.website]\nmax_age_days = 77\n", "utf-8")
    assert "77 days" in call("fields", "website").stdout
    assert len(call("fields").stdout.splitlines()) > 40
    missing = call("fields", "direct_fone")
    assert (missing.exit_code, "direct_phone" in missing.stderr) == (Exit.USER, True)


def test_check_shows_each_column_and_finds_what_is_wrong(lists: Path, tmp_path: Path) -> None:
    good = call("check", lists)
    assert good.exit_code == 0, good.output
    for word in ("Firma", "company_name", "main_phone", "SQLite", "✓"):
        assert word in good.stdout
    assert "✗" not in good.stdout
    keys = [path for path in home_of(lists).rglob("*") if path.name.startswith("key")]
    assert keys
    keys[-1].chmod(0o644)
    bad = call("check", lists, "--json")
    assert bad.exit_code == Exit.USER
    failed = [one for one in json.loads(bad.stdout)["checks"] if one["verdict"] == "fail"]
    assert [str(keys[-1]) in one["message"] for one in failed] == [True]
    assert failed[0]["remedy"].startswith("close it: chmod 600")


def test_check_says_when_the_folder_is_missing_or_state_lies_within(lists: Path) -> None:
    missing = call("check", lists / "nowhere")
    assert (missing.exit_code, "nowhere" in missing.stdout) == (Exit.USER, True)
    inside = call("check", lists, "--state", lists / "state")
    assert inside.exit_code == Exit.USER
    assert "✗" in inside.stdout
    assert not (lists / "state").exists()


def test_state_is_never_made_in_the_audited_folder(lists: Path) -> None:
    for command in (["run", "--dry-run", lists], ["runs", "--path", lists]):
        result = call(*command, "--state", lists / "state")
        assert result.exit_code == Exit.USER, result.output
        assert "→" in result.stderr
    assert [path.name for path in lists.iterdir()] == ["firmaer.csv"]


def test_a_folder_that_does_not_exist_is_the_users_mistake(tmp_path: Path) -> None:
    result = call("--dry-run", tmp_path / "nowhere")
    assert (result.exit_code, "nowhere" in result.stderr) == (Exit.USER, True)
    assert not (tmp_path / "xdg-state").exists()


def test_forget_asks_first_and_removes_only_the_state(lists: Path) -> None:
    assert call("check", lists).exit_code == 0
    home = home_of(lists)
    before = sorted(path.name for path in home.iterdir())
    refused = call("--forget", lists)
    assert refused.exit_code == Exit.USER
    assert "--yes" in refused.stderr
    assert sorted(path.name for path in home.iterdir()) == before
    assert call("--forget", lists, "--yes").exit_code == 0
    assert not home.exists()
    assert (lists / "firmaer.csv").exists()
    assert call("forget", lists).exit_code == 0


def test_lists_are_empty_and_friendly_before_the_first_run(lists: Path) -> None:
    assert "sync --dry-run" in call("runs", "--path", lists).stdout
    assert call("findings", "--path", lists).exit_code == 0
    assert json.loads(call("runs", "--path", lists, "--json").stdout) == []
    nothing = call("report", "--path", lists)
    assert (nothing.exit_code, "→" in nothing.stderr) == (Exit.USER, True)


def test_without_any_folder_it_says_how_to_begin() -> None:
    result = call("runs")
    assert (result.exit_code, "sync --dry-run" in result.stderr) == (Exit.USER, True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_program(shell: str) -> None:
    result = call("completion", shell)
    assert result.exit_code == 0
    assert "_SYNC_COMPLETE" in result.stdout


def test_completion_completes_commands_and_options() -> None:
    env = {"_SYNC_COMPLETE": "bash_complete", "COMP_WORDS": "sync ru", "COMP_CWORD": "1"}
    result = CliRunner(env=env).invoke(program, [], prog_name="sync")
    assert [line.partition(",")[2] for line in result.stdout.split()] == ["run", "runs", "rules"]
    env |= {"COMP_WORDS": "sync run --dr", "COMP_CWORD": "2"}
    result = CliRunner(env=env).invoke(program, [], prog_name="sync")
    assert result.stdout.split() == ["plain,--dry-run"]


def test_every_exit_code_is_an_int_to_the_shell() -> None:
    assert guarded(Shell("en"), lambda: Exit.CHANGES) == 2
    assert guarded(Shell("en"), lambda: None) == 0
    assert guarded(Shell("en"), lambda: _raise(click.Abort())) == 130
