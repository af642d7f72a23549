"""What an administrator does: rights tried by name, missing columns made, nothing else touched."""

from __future__ import annotations

import pytest
from dynamics_desk import Desk, pulled, records
from simulators.dynamics.site import CLIENT
from simulators.dynamics.tables import Column

from connectors.dynamics import Dynamics
from connectors.rights import Checks, Provisions

NEEDED = {
    "prvReadContact", "prvWriteContact", "prvReadUser", "prvReadTeam", "prvReadAuditSummary",
}  # fmt: skip
FLAGS = ("donotphone", "donotemail", "donotbulkemail", "donotsendmm", "msdyn_gdproptout")


@pytest.fixture(autouse=True)
def audited(desk: Desk) -> None:
    desk.site.org.audit("contact", *FLAGS)


def wrong(connector: Dynamics) -> dict[str, str]:
    return {right.name: right.message for right in connector.check() if not right.ok}


def test_the_least_rights_are_enough_and_are_named(desk: Desk) -> None:
    desk.site.org.user(CLIENT).rights = set(NEEDED)
    connector = desk.connector()
    assert isinstance(connector, Checks)
    assert wrong(connector) == {}
    names = {right.name for right in connector.check()}
    assert {"prvReadContact", "prvWriteContact", "contact.donotphone"} <= names


def test_each_right_that_is_missing_is_named(desk: Desk) -> None:
    desk.site.org.user(CLIENT).rights = NEEDED - {"prvWriteContact", "prvReadTeam"}
    assert wrong(desk.connector()) == {
        "prvWriteContact": "dynamics.no_privilege",
        "prvReadTeam": "dynamics.no_names",
    }


def test_what_is_not_audited_or_may_not_be_read_is_named(desk: Desk) -> None:
    desk.site.org.tables["contact"].columns["donotphone"].audited = False
    [right] = [one for one in desk.connector().check() if not one.ok]
    assert (right.name, right.message, right.stops) == (
        "contact/audit",
        "dynamics.no_history",
        False,
    )
    assert right.details["field"] == "donotphone"
    desk.site.org.user(CLIENT).rights = NEEDED - {"prvReadAuditSummary"}
    [right] = [one for one in desk.connector().check() if not one.ok]
    assert right.stops, "what is kept and hidden from us might hold a no"


def test_hidden_and_locked_columns_are_named(desk: Desk) -> None:
    columns = desk.site.org.tables["contact"].columns
    columns["donotphone"].secured = True
    columns["donotemail"].read_only = columns["jobtitle"].read_only = True
    assert wrong(desk.connector()) == {
        "contact.donotphone": "dynamics.no_hidden",
        "contact.donotemail": "dynamics.no_locked",
        "contact.jobtitle": "dynamics.column_locked",
    }


def test_tables_that_are_not_followed_or_not_guarded_are_named(desk: Desk) -> None:
    table = desk.site.org.tables["contact"]
    table.change_tracking = False
    assert wrong(desk.connector()) == {"contact": "dynamics.not_tracked"}
    table.change_tracking, table.optimistic = True, False
    assert wrong(desk.connector()) == {"contact": "dynamics.not_guarded"}


def test_missing_columns_are_made_read_and_written(desk: Desk) -> None:
    connector = desk.connector()
    assert isinstance(connector, Provisions)
    wanted = connector.missing()
    assert {"rr_consent_call", "rr_opt_out_at", "rr_data_checked_at", "rr_manual_check"} <= {
        one.name for one in wanted
    }
    assert all(made.ok for made in connector.provision(wanted))
    assert connector.missing() == []
    desk.contact(rr_consent_call=True, rr_data_checked_at="2026-11-02", rr_function="Salg")
    [record] = records(pulled(connector))
    assert record.values["consent_call"] == "true"
    assert record.values["data_checked_at"] == "2026-11-02"
    assert record.values["function"] == "Salg"


def test_what_is_there_is_not_touched_and_what_is_refused_is_told(desk: Desk) -> None:
    columns = desk.site.org.tables["contact"].columns
    columns["rr_function"] = Column("contact", "rr_function", "integer", custom=True)
    connector = desk.connector()
    wanted = connector.missing()
    assert "rr_function" not in {one.name for one in wanted}
    columns["rr_seniority"] = Column("contact", "rr_seniority", "integer", custom=True)
    refused = [made for made in connector.provision(wanted) if not made.ok]
    assert [made.wanted.name for made in refused] == ["rr_seniority"]
    assert "0x80044153" in refused[0].details["why"]
    assert columns["rr_function"].type == columns["rr_seniority"].type == "integer"
    assert connector.org.schema_changed


def test_a_field_that_stands_elsewhere_is_not_made_again(desk: Desk) -> None:
    columns = desk.site.org.tables["account"].columns
    columns["new_cvr"] = Column("account", "new_cvr", "string", length=8, custom=True)
    connector = desk.connector("account")
    assert "rr_cvr" not in {one.name for one in connector.missing()}


def test_choices_that_a_list_lacks_are_added_and_those_that_are_there_stay(desk: Desk) -> None:
    columns = desk.site.org.tables["contact"].columns
    columns["new_niveau"] = Column(
        "contact", "new_niveau", "picklist", custom=True, options={1: "Chef", 2: "Elev"}
    )
    connector = desk.connector(fields={"contact": {"seniority": "new_niveau"}})
    [wanted] = [one for one in connector.missing() if one.what == "values"]
    [made] = connector.provision([wanted])
    assert made.ok, made
    options = columns["new_niveau"].options or {}
    assert (options[1], options[2]) == ("Chef", "Elev")
    assert set(wanted.values) <= set(options.values())
    assert desk.site.api.setup.published
    assert not [one for one in connector.missing() if one.what == "values"]


def test_secured_columns_and_privileges_are_granted_by_profile_and_role(desk: Desk) -> None:
    columns = desk.site.org.tables["contact"].columns
    columns["donotphone"].secured = columns["donotemail"].secured = True
    user = desk.site.org.user(CLIENT)
    user.rights = {"prvReadContact", "prvReadUser", "prvReadTeam", "prvReadAuditSummary"}
    connector = desk.connector()
    rights = [one for one in connector.missing() if one.what == "right"]
    assert {one.name for one in rights} == {"donotphone", "donotemail", "prvWriteContact"}
    desk.site.api.setup.may = False
    refused = list(connector.provision(rights))
    assert not any(made.ok for made in refused)
    assert "prvWriteRole" in refused[0].details["why"]
    desk.site.api.setup.may = True
    assert all(made.ok for made in connector.provision(rights))
    assert not [one for one in connector.missing() if one.what == "right"]
    assert "prvWriteContact" in user.rights
    assert all(one.ok for one in connector.check())
