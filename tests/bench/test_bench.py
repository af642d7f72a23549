"""The benchmarks run: every line gives its figures. How good they are is no business of a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from listening import listening
from promises.lists import HEADER, people
from visiting import over, person, quick_passwords

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # as Python does it for `python tests/bench/compare.py`

import compare  # noqa: E402
import differences  # noqa: E402
import page_views  # noqa: E402
import saying_no  # noqa: E402
import service_lines  # noqa: E402
from differences import Difference  # noqa: E402
from lines import Goal, Line  # noqa: E402
from processes import Failed, used_by  # noqa: E402

from rules.rights import Role  # noqa: E402
from state.tables import findings  # noqa: E402
from sync.run import run  # noqa: E402

QUICK = [
    name for name in compare.DEFAULT if name not in {"vendors", "calls", "nights", *compare.SCALE}
]
GOALS = {
    "sync --help",
    "second dry run, nothing changed",
    "peak memory, largest process",
    "second run, nothing changed",
    "list washed",
    "one question, who is not on the list",
    "one question, who is",
    "companies: precision",
    "companies: found",
    "companies: memory",
}


def bench(*arguments: str | Path, env: dict[str, str] | None = None) -> dict[str, Any]:
    command = [sys.executable, HERE / "compare.py", "--json", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **(env or {})}, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_every_line_gives_figures_at_a_small_size(tmp_path: Path) -> None:
    chosen = [word for name in QUICK for word in ("--only", name)]
    found = bench("--rows", "3000", "--repeat", "1", "--folder", tmp_path, *chosen)
    by_name = {one["name"]: one for one in found["lines"]}
    assert by_name.keys() >= GOALS
    assert all(by_name[name]["goal"] for name in GOALS)
    for one in found["lines"]:
        assert one["ratio"] > 0
        assert one["ours"]
        assert one["theirs"]
        assert one["against"]
    assert {"date", "machine", "python", "list", "opponent"} == found["facts"].keys()
    assert "seed 20261123" in found["facts"]["list"]


@pytest.mark.slow
def test_each_simulated_system_is_synced_beside_its_bare_client(tmp_path: Path) -> None:
    found = bench("--rows", "1000", "--away", "0.01", "--only", "vendors", "--folder", tmp_path)
    lines = [one for one in found["lines"] if one["name"].startswith("first sync, ")]
    assert [one["name"].partition(", ")[2] for one in lines] == [
        "Salesforce", "HubSpot", "Dynamics 365",
    ]  # fmt: skip
    assert all(one["ratio"] > 0 and one["goal"] == {"least": 0.6, "most": None} for one in lines)


def test_without_the_opponent_its_lines_are_left_out_and_the_table_says_so(tmp_path: Path) -> None:
    found = bench(
        "--rows", "1000", "--only", "rules", "--folder", tmp_path, env={"RINGREN_BENCH": "/nowhere"}
    )
    assert found["lines"] == []
    assert "naive.py is not in /nowhere" in found["facts"]["opponent"]
    assert found["facts"]["list"].startswith("own-1000-")


@pytest.mark.parametrize(
    ("goal", "ratio", "holds"),
    [
        (Goal(least=3), 3.0, True),
        (Goal(least=3), 2.99, False),
        (Goal(most=2), 2.0, True),
        (Goal(most=2), 2.01, False),
        (Goal(0.85, 1.15), 1.0, True),
        (Goal(0.85, 1.15), 1.16, False),
        (Goal(0.85, 1.15), 0.84, False),
    ],
)
def test_a_goal_has_a_lower_bound_an_upper_bound_or_both(
    *, goal: Goal, ratio: float, holds: bool
) -> None:
    assert goal.holds(ratio) is holds
    assert Line("x", "1 s", "y", "1 s", ratio, goal).missed is not holds
    assert not Line("x", "1 s", "y", "1 s", ratio).missed


@pytest.mark.parametrize(
    ("one", "name"),
    [
        (("phone", "71437870", "+4771437870", "+4571437870", "", "NO"), "country_of_record"),
        (("phone", "97823160", "", "+4597823160", "phone_country_unclear", "SE"), "country_of_record"),
        (("phone", "97823160", "", "+4597823160", "phone_invalid", "DK"), ""),
        (("phone", "+45 97823160", "", "+4597823160", "", "SE"), ""),
        (("phone", "71437870", "+4771437871", "+4571437870", "", "NO"), ""),
        (("phone", "+48 (0)51-8907574", "+48518907574", "", "", "DK"), "zero_in_brackets"),
        (("phone", "+4749892174", "+4749892174", "", "phone_not_in_plan", "DK"), "not_in_plan"),
        (("phone", "+4749892174", "+4749892174", "", "", "DK"), ""),
        (("email", "mailto:a@b.dk", "a@b.dk", "", "", "DK"), "address_in_a_link"),
        (("email", "A @ b.dk", "a@b.dk", "", "", "DK"), "blanks_around_at"),
        (("email", "a@b.dk;", "a@b.dk", "", "", "DK"), "sign_at_the_end"),
        (("email", "a@b.dk;", "c@b.dk", "", "", "DK"), ""),
        (("email", "a@b.d", "", "a@b.d", "email_invalid", "DK"), "no_such_top_level"),
        (("email", "a@b.dk", "", "a@b.dk", "email_invalid", "DK"), ""),
        (("full_name", "Erik vaan Berg", "Erik vaan Berg", "Erik Vaan Berg", "", "DK"),
         "mixed_case_is_a_choice"),
        (("full_name", "mads ob'rien", "Mads Ob'rien", "Mads Ob'Rien", "", "DK"),
         "apostrophe_inside"),
        (("full_name", "lis vn lund", "Lis VN Lund", "Lis Vn Lund", "", "DK"),
         "initials_without_a_dot"),
        (("full_name", "ERIK BERG", "ERIK BERG", "Erik Berg", "", "DK"), ""),
        (("cvr", "90000004", "", "90000004", "", "DK"), ""),
        (("website", "b.dk", "", "b.dk", "", "DK"), ""),
    ],
)  # fmt: skip
def test_a_difference_to_the_opponent_has_a_name_or_is_told_as_a_mistake(
    one: tuple[str, ...], name: str
) -> None:
    column, before, ours, theirs, codes, country = one
    found = Difference(column, before, ours, theirs, tuple(codes.split()), country)
    assert differences.name_of(found) == name
    told = differences.counted(iter([found, None]))
    assert told["equal"] == 1
    assert told["unnamed"] == (0 if name else 1)


def test_rows_are_held_against_what_the_opponent_has_written(tmp_path: Path) -> None:
    head = "full_name,email,phone,website,cvr,country\n"
    listed, theirs = tmp_path / "list.csv", tmp_path / "theirs.csv"
    rows = "KIM LUND,A@B.DK,68 10 00 01,www.b.dk,DK 90000004,DK\nKim Lund,,ukendt,,12345678,DK\n"
    listed.write_text(head + rows, encoding="utf-8")
    theirs.write_text(head + "Kim Lund,a@b.dk,+4568100001,b.dk,90000004,DK\nKim Lund,,,,,DK\n")
    assert list(differences.differences(listed, theirs)) == [None, None]
    theirs.write_text(head + "Kim Lund,a@b.dk,+4568100009,b.dk,90000004,DK\nKim lund,,,,,DK\n")
    found = [one for one in differences.differences(listed, theirs) if one]
    assert [one.column for one in found] == ["phone", "full_name"]
    assert list(differences.differences(listed, theirs, names=False))[1] is None


@pytest.mark.parametrize("strict", [True, False])
def test_only_with_strict_a_missed_goal_is_the_exit_code(
    *,
    strict: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    missed = Line("something slow", "9 s", "a snail", "1 s", 9.0, Goal(most=2))
    monkeypatch.setattr(compare, "ALL", {"start": lambda _: iter([missed])})
    monkeypatch.setenv("RINGREN_BENCH", "/nowhere")
    flags = ["--strict"] * strict
    given = ["compare.py", "--rows", "1000", "--only", "start", "--folder", str(tmp_path), *flags]
    monkeypatch.setattr(sys, "argv", given)
    assert compare.main() == int(strict)
    told = capsys.readouterr()
    assert "MISSED" in told.out
    assert "something slow" in told.err


def test_what_a_command_used_is_measured_and_its_failure_is_told(tmp_path: Path) -> None:
    work = "import time; x = bytearray(80_000_000); time.sleep(0.3); print(sum(range(10**6)))"
    used = used_by((sys.executable, "-c", work), cwd=tmp_path)
    assert used.output.strip() == str(sum(range(10**6)))
    assert used.largest > 80_000_000
    assert used.together > 80_000_000
    assert used.cpu > 0
    assert used.wall > 0
    with pytest.raises(Failed, match="exit code 3"):
        used_by((sys.executable, "-c", "raise SystemExit(3)"), cwd=tmp_path)


# --- the service, in a tiny share ------------------------------------------------------------


def test_every_page_is_looked_at_also_after_something_was_found(tmp_path: Path) -> None:
    with quick_passwords(), listening(tmp_path, over(tmp_path, [HEADER, *people(4)])) as site:
        run(site.app, dry=True)
        visit = person(site, "Bo", *Role)
        before = page_views.count(site, findings)
        page_views.something_is_found(site)
        assert page_views.count(site, findings) >= before
        pages = page_views.paths(site)
        assert {"/", page_views.LOOK_UP, "/findings"} < set(pages)
        assert all(page_views.look(visit, path) > 0 for path in pages)


def test_opt_outs_are_recorded_so_many_times_and_until_a_file_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.toml").write_text(f'[state]\npath = "{tmp_path / "state"}"\n')
    saying_no.main(tmp_path / "s.toml", 0, 2, tmp_path)
    told = json.loads(capsys.readouterr().out)
    assert len(told) == 2
    assert all(seconds > 0 for seconds in told)


def test_what_a_process_has_imported_is_held_against_a_bare_import_of_the_same() -> None:
    log = (
        "import time: self [us] | cumulative | imported package\n"
        "import time:       100 |        100 |   click.core\n"
        "2026-11-26 a line of ours\n"
        "import time:       100 |        100 | json\n"
        "import time:       100 |        100 | sync.app\n"
        "import time:       100 |        100 | click\n"
    )
    assert service_lines._imported(log) == ["click.core", "click"]
    nothing = service_lines._held_by([])
    assert service_lines._held_by(["no_such_module", "click"]) > nothing > 1_000_000


def test_a_percentile_is_of_all_that_was_measured() -> None:
    seconds = [number / 1000 for number in range(1, 102)]
    assert service_lines._p99(seconds) == pytest.approx(0.1)
