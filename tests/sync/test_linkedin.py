"""What LinkedIn's CRM sync leaves in Salesforce and Dynamics: a hint for a person, and no more."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from crms import Crm, opened
from simulators.salesforce import linkedin

from sync.cli import program
from sync.enrichment import salesnav


def left(crm: Crm) -> list[str]:
    """Whom a person is asked to look at, by id."""
    told = json.loads(crm.call("findings", "--code", "contact_left", "--json").stdout)
    return sorted(one["ref_id"] for one in told)


@pytest.mark.parametrize("flag", [linkedin.FLAG, linkedin.OTHER_FLAG])
def test_who_is_not_at_the_company_is_a_question_until_somebody_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    with opened("salesforce", tmp_path, monkeypatch) as crm:
        org = crm.vendor.org
        linkedin.install(org, flag)
        gone, there, decided = (crm.person(name, Title="Direktør") for name in ("A", "B", "C"))
        crm.edit(decided, **{flag: linkedin.IGNORE})
        linkedin.night(org, [gone, decided], flag=flag)
        crm.call("run")
        assert left(crm) == [gone]
        linkedin.night(org, [there], [gone], flag=flag)
        crm.call("run")
        assert left(crm) == [there]
        assert not any(
            entry.who == "ringren" and any(name.startswith("LID__") for name in entry.asked)
            for entry in org.journal
        )


def test_in_dynamics_a_flag_that_says_nothing_is_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened("dynamics", tmp_path, monkeypatch) as crm:
        idents = [crm.person(f"Nr{n}", msdyn_orgchangestatus=n) for n in (0, 1, 2)]
        crm.call("run")
        assert left(crm) == [idents[1]]


def test_companies_are_written_once_each_in_files_of_a_thousand_and_people_never(
    tmp_path: Path,
) -> None:
    lists, out = tmp_path / "lists", tmp_path / "out"
    lists.mkdir()
    rows = [f"Opdigt {n} ApS;opdigtet-{n:04}.dk;Odense;;68{n:06}" for n in range(1001)]
    rows += ["Igen ApS;www.opdigtet-0007.dk;Vejle;;", "Lukket ApS;;;Opløst;", ";;;;", "=1+1;;;;"]
    head = "Virksomhed;Hjemmeside;By;Virksomhedsstatus;Telefon"
    (lists / "virksomheder.csv").write_text("\n".join([head, *rows]) + "\n", "utf-8")
    settings = tmp_path / "ringren.toml"
    text = f'[state]\npath = "{tmp_path / "state"}"\n[files]\nroot = "{lists}"\n'
    settings.write_text(text, "utf-8")

    def call(*args: str) -> str:
        command = [*args, "--settings", str(settings), "--lang", "en"]
        return CliRunner().invoke(program, command, prog_name="sync").output

    call("run", "--dry-run")
    assert "1002 companies in 2 files" in call("linkedin", str(out)).replace(",", "")
    files = sorted(out.iterdir())
    told = [list(csv.reader(io.StringIO(file.read_bytes().decode()))) for file in files]
    assert [len(rows) for rows in told] == [1001, 3]
    assert told[0][0] == list(salesnav.HEADER)
    assert told[1][2][0] == "'=1+1"
    assert not any("68000" in cell for rows in told for row in rows for cell in row)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
