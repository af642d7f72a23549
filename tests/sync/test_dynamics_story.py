"""Dynamics 365 on the command line: looked at, mended, taken back; with every call counted."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from simulators.dynamics import HOST, LOGIN, Site
from simulators.dynamics.people import fill
from simulators.dynamics.site import CLIENT, SECRET, TENANT

from sync.cli import program

TABLES = 3
FLAGS = {"donotphone", "donotemail", "donotbulkemail", "donotsendmm", "msdyn_gdproptout"}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in list(os.environ):
        if name.upper().startswith("RINGREN_") or name in {"LC_ALL", "LC_MESSAGES", "LANG"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.chdir(tmp_path)
    with Site() as site:
        fill(site.org, companies=30, contacts=120, leads=10)
        (tmp_path / "ringren.toml").write_text(
            f"""
[state]
path = "state"
[dynamics]
url = "{HOST}"
tenant = "{TENANT}"
client_id = "{CLIENT}"
client_secret = {{ env = "SECRET" }}
objects = ["account", "contact", "lead"]
elsewhere = {{ "{HOST}" = "{site.address}", "{LOGIN}" = "{site.address}" }}
[limits]
max_change_share = 1.0
swapped_share = 1.0
""",
            "utf-8",
        )
        yield site


def call(site: Site, *args: str) -> Result:
    site.api.calls.clear()
    return CliRunner().invoke(program, list(args), prog_name="sync")


def test_an_environment_is_looked_at_mended_and_taken_back(site: Site) -> None:
    org = site.org
    before, written = org.snapshot(), len(org.journal)
    looked = call(site, "--dry-run")
    assert looked.exit_code == 2, looked.output
    assert not [entry for entry in org.journal[written:] if entry.who == CLIENT]
    assert {method for method, _ in site.api.calls} == {"GET"}
    # What the tables look like, how many rows they have, and a page of each.
    assert len(site.api.calls) == 2 + TABLES

    applied = call(site, "apply", "1")
    assert applied.exit_code == 0, applied.output
    ours = [entry for entry in org.journal[written:] if entry.who == CLIENT]
    assert ours
    assert not any(FLAGS & entry.asked.keys() for entry in ours)
    assert all(row["telephone1"].startswith("+45") for row in org.rows["contact"].values())
    assert len([path for _, path in site.api.calls if path == "$batch"]) <= TABLES + 1

    again = call(site, "--dry-run")
    assert again.exit_code == 0, again.output

    undone = call(site, "undo", "2", "--yes")
    assert undone.exit_code == 0, undone.output
    assert org.snapshot() == before


def test_nothing_changed_costs_one_call_a_table_beside_looking(site: Site) -> None:
    for _ in range(2):
        assert call(site, "run").exit_code == 0
    quiet = call(site, "run")
    assert quiet.exit_code == 0, quiet.output
    assert len(site.api.calls) == 1 + TABLES


def test_a_dead_link_is_read_anew_and_deletes_are_found_by_comparing(site: Site) -> None:
    assert call(site, "run").exit_code == 0
    gone = next(iter(site.org.rows["contact"]))
    site.org.remove("contact", gone)
    site.org.oldest_token = site.org.version
    assert call(site, "run").exit_code == 0
    quiet = call(site, "run")
    assert quiet.exit_code == 0, quiet.output
    assert len(site.api.calls) == 1 + TABLES


def test_a_merged_row_is_buried_also_when_everything_is_read_anew(site: Site) -> None:
    assert call(site, "run").exit_code == 0
    winner, loser = list(site.org.rows["contact"])[:2]
    site.org.edit("contact", loser, donotphone=True)
    site.org.merge("contact", winner, loser)
    for turn in range(3):
        run = call(site, "run")
        assert run.exit_code == 0, run.output
        site.org.edit("contact", winner, nickname=str(turn))
        site.org.oldest_token = site.org.version
    assert [path for _, path in site.api.calls].count("contacts") == 3, (
        "a dead link, a page, and what changed meanwhile"
    )


def test_a_hidden_flag_is_named_and_nothing_is_written_there(site: Site) -> None:
    site.org.tables["contact"].columns["donotphone"].secured = True
    run = call(site, "run")
    assert run.exit_code == 5, run.output
    assert "donotphone is hidden from us" in " ".join(run.stdout.split())
    ours = {entry.table for entry in site.org.journal if entry.who == CLIENT}
    assert ours <= {"account", "lead"}


def test_the_set_up_is_checked(site: Site) -> None:
    checked = call(site, "check")
    assert checked.exit_code == 0, checked.output
    assert "dynamics/contact" in checked.stdout
    site.tenant.apps[CLIENT].secrets.clear()
    refused = call(site, "check")
    assert refused.exit_code == 1
    assert "AADSTS7000215" in refused.output
    assert SECRET not in refused.output


def test_a_merge_takes_the_no_along(site: Site) -> None:
    org = site.org
    loser, winner = list(org.rows["contact"])[:2]
    org.edit("contact", loser, donotphone=True)
    org.edit("contact", winner, donotphone=False)
    call(site, "--dry-run")
    org.merge("contact", winner, loser)
    call(site, "--dry-run")
    told = json.loads(call(site, "explain", f"dynamics/contact/{loser}", "--json").stdout)
    assert (told["went_to"]["id"], told["gone"]) == (winner, True)
    said = json.loads(call(site, "explain", f"dynamics/contact/{winner}", "--json").stdout)
    assert said["blocked_by"]
    assert "opt_out_lost_by_merge" in {one["finding"]["code"] for one in said["found"]}
