"""A consent in the note of a call in Salesforce: confirmed, it stands on the contact, and comes off."""

import json
from pathlib import Path
from typing import Any

import pytest
from crms import Crm, opened

FIELDS = ("RR_Consent_Call__c", "RR_Consent_Call_At__c", "RR_Consent_Call_Source__c")


def fields(crm: Crm, ident: str) -> tuple[Any, ...]:
    row = crm.snapshot()["Contact"][ident]
    return tuple(row.get(name) for name in (*FIELDS, "RR_Lawful_Basis__c"))


def test_a_consent_said_on_a_call_is_written_to_the_contact_and_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened("salesforce", tmp_path, monkeypatch) as crm:
        text = Path("ringren.toml").read_text("utf-8")
        Path("ringren.toml").write_text(text.replace('"Contact"]', '"Contact", "Task"]'), "utf-8")
        crm.call("provision", "salesforce", "--yes")
        ident = crm.person("Asen", **{crm.names["phone"]: "+4568000001"})
        call = {"Status": "Completed", "TaskSubtype": "Call", "ActivityDate": "2026-01-05"}
        note = "Har givet samtykke til opkald"
        crm.vendor.org.add("Task", **call, WhoId=ident, Description=note)
        crm.call("run")
        [found] = json.loads(crm.call("consents", "--json").stdout)
        note_on = "/".join(found["ref"].values())
        said = ("--channel", "call", "--at", "2026-01-05 10:00", "--source", "mail 7")
        done = crm.call("consents", "confirm", note_on, *said, "--by", "Anna", "--yes", "--json")
        assert done.exit_code == 0, done.output
        assert fields(crm, ident) == (True, "2026-01-05T09:00:00.000Z", "mail 7", "Samtykke")
        assert json.loads(crm.call("consents", "--json").stdout) == []
        crm.call("undo", str(json.loads(done.stdout)["run"]), "--yes")
        assert fields(crm, ident) == (False, None, None, None)
        checked = json.loads(
            crm.call("suppression", "check", "--phone", "+4568000001", "--json").stdout
        )
        assert not checked["blocked"], "taking a mistake back is no opt-out"
