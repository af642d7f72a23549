"""`sync map`: the customer's own fields are told apart by name, label, type and what they hold."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crms import NAMES, Crm, opened

from rules.errors import Exit
from sync.systems import mapping

STYLE = {"salesforce": "{}__c", "hubspot": "{}", "dynamics": "new_{}"}


def spelt(crm: Crm, words: str) -> str:
    """A field's name as that vendor's customers write it."""
    name = words if crm.system == "salesforce" else words.lower()
    return STYLE[crm.system].format(name)


@pytest.fixture(params=NAMES)
def crm(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Crm]:
    with opened(request.param, tmp_path, monkeypatch) as crm:
        if crm.system == "dynamics":
            del crm.vendor.org.tables["contact"].columns["msdyn_gdproptout"]
        crm.field(spelt(crm, "X1"), "text", label="Afdeling")
        crm.field(spelt(crm, "Niveau"), "text", label="Niveau i organisationen")
        crm.field(spelt(crm, "X2"), "flag", label="Må ikke ringes op")
        crm.field(spelt(crm, "X3"), "text", label="Kildekode 7")
        crm.field(spelt(crm, "X4"), "phone", label="Vagtnummer")
        crm.field(spelt(crm, "X5"), "flag", label="Fødselsdato")
        for n in range(8):
            crm.person(
                f"Opdigt {n}",
                **{
                    spelt(crm, "Niveau"): "Direktør",
                    spelt(crm, "X2"): ("true" if crm.system == "hubspot" else True)
                    if n < 3
                    else ("false" if crm.system == "hubspot" else False),
                    spelt(crm, "X4"): f"68 12 34 5{n}",
                },
            )
        yield crm


def look(crm: Crm, *args: str) -> Any:
    ran = crm.call("map", crm.system, "--json", *args)
    assert ran.exit_code in {Exit.OK, Exit.CHANGES}, ran.output
    return json.loads(ran.stdout)


def of_people(crm: Crm, found: Any) -> Any:
    return next(one for one in found["objects"] if one["stream"] == crm.people)


def test_fields_are_proposed_with_reasons_and_the_rest_is_told(crm: Crm) -> None:
    before, calls = crm.snapshot(), crm.calls()
    found = look(crm)
    people = of_people(crm, found)
    proposed = {one["name"]: one for one in people["proposals"]}
    left = {one["name"]: one for one in people["left"]}
    assert proposed[spelt(crm, "Niveau")]["canonical"] == "seniority"
    assert {r["code"] for r in proposed[spelt(crm, "Niveau")]["reasons"]} >= {"name"}
    no = proposed[spelt(crm, "X2")]
    # Their own flag stands beside the vendor's or ours: a second no counts for everything.
    assert (no["canonical"], no["trust"]) == ("opt_out", "sure")
    assert (no["filled"], no["read"]) == (3, 8)
    assert left[spelt(crm, "X3")]["reason"]["code"] == "unknown"
    assert spelt(crm, "X5") in left, "a flag is no date"
    number = proposed.get(spelt(crm, "X4")) or left[spelt(crm, "X4")]
    assert number["filled"] == 8
    assert crm.snapshot() == before
    # What there is, what it is called, some records: a few calls an object, signing in apart.
    assert crm.calls() - calls <= 3 * 2 + 2
    assert found["calls"] >= crm.calls() - calls - 1


def test_the_lines_are_written_after_a_yes_and_are_in_force_then(crm: Crm) -> None:
    file = Path("ringren.toml")
    before = file.read_text("utf-8") + "# min egen bemærkning\n"
    file.write_text(before, "utf-8")
    file.chmod(0o600)
    shown = crm.call("map", crm.system, "--write")
    assert shown.exit_code == Exit.CHANGES
    assert "--yes" in shown.output
    assert file.read_text("utf-8") == before

    written = crm.call("map", crm.system, "--write", "--yes")
    assert written.exit_code == Exit.OK, written.output
    text = file.read_text("utf-8")
    assert text.startswith(before.rstrip("\n"))
    assert file.stat().st_mode & 0o777 == 0o600
    fields = tomllib.loads(text)[crm.system]["fields"][crm.people]
    assert fields["opt_out"] == spelt(crm, "X2")
    assert f'opt_out = "{spelt(crm, "X2")}"' in written.stdout

    ran = crm.call("run", "--json")
    assert json.loads(ran.stdout)["opt_outs"]["records"] == 3
    again = of_people(crm, look(crm))
    assert spelt(crm, "X2") not in {one["name"] for one in again["proposals"]}


def test_a_file_that_says_it_otherwise_is_left_alone(crm: Crm) -> None:
    file = Path("ringren.toml")
    inline = f'fields = {{ {crm.people} = {{ title = "" }} }}\n'
    file.write_text(file.read_text("utf-8") + inline, "utf-8")
    before = file.read_text("utf-8")
    ran = crm.call("map", crm.system, "--write", "--yes")
    assert ran.exit_code == Exit.USER, ran.output
    assert "was not touched" in ran.output
    assert file.read_text("utf-8") == before


def test_what_was_seen_is_not_kept_and_not_printed(crm: Crm) -> None:
    shown = crm.call("map", crm.system)
    assert "68 12 34" not in shown.output
    assert "Direktør" not in shown.output
    assert "stays unmapped" in shown.output or "stay unmapped" in shown.output


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[salesforce]\nurl = 'https://opdigtet.my.salesforce.com'",
        "[salesforce.fields.Contact]  # vores\ncvr = 'x'\n\n[limits]\nmax_changes = 5\n",
        "\ufeff[salesforce.fields.Contact]\r\ntitle = ''\r\n",
        "[ salesforce . fields . Contact ]\nemail = 'E'\n# slut",
    ],
)
def test_lines_are_added_and_everything_else_stays_to_the_letter(text: str, tmp_path: Path) -> None:
    file = tmp_path / "ringren.toml"
    file.write_bytes(text.encode())
    mapping.write(file, "salesforce", {"Contact": {"cvr": "CVR__c"}, "Account": {"cvr": "C__c"}})
    after = file.read_bytes().decode()
    was = tomllib.loads(text.removeprefix("\ufeff"))
    now = tomllib.loads(after.removeprefix("\ufeff"))
    fields = now["salesforce"]["fields"]
    kept = was.get("salesforce", {}).get("fields", {}).get("Contact", {})
    assert fields["Account"] == {"cvr": "C__c"}
    assert fields["Contact"] == {"cvr": "CVR__c", **kept}
    end = "\r\n" if "\r\n" in text else "\n"
    assert [line for line in text.split(end) if line not in after.split(end)] == []
    assert [one.name for one in tmp_path.iterdir()] == ["ringren.toml"]
