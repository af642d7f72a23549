"""The second half of `make demo`: one no, heard everywhere, and what happens to who forgets it.

A person stands in all three systems. A colleague ticks "do not call" in one of them; the others show
it after one pass, each with the second in which it was read back. An import clears one flag, a list is
refused and then released without the person, and a call that nobody should have made raises an alarm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from demo import Demo

NUMBER: Final = "68 99 99 99"
FREE: Final = ("68 99 99 01", "68 99 99 02")
LONG_AGO: Final = "68 99 99 98"
LIST, CLEAN, CALLS = "ringeliste.csv", "ringeliste.ren.csv", "dialer/opkald.csv"


class Home(NamedTuple):
    """Where a system keeps a person's number, and the field that says no to calls."""

    object: str
    phone: str
    no: str
    cleared: Any = False


HOMES: Final[Mapping[str, Home]] = {
    "salesforce": Home("Contact", "Phone", "DoNotCall"),
    "hubspot": Home("contacts", "phone", "ringren_do_not_call", "false"),
    "dynamics": Home("contact", "telephone1", "donotphone"),
}


def tell(demo: Demo) -> None:
    """Opt out, be cleared, be on a list, be called."""
    print("\nONE LIST: a person who stands in all three systems says no in one of them")
    people = _a_person_everywhere(demo)
    demo.edit("salesforce", "Contact", people["salesforce"], DoNotCall=True)
    told = demo.run("told.txt", "run")
    for name, ident in people.items():
        demo.hold(f"{name} shows the no", _says_no(told, name, ident))
    demo.run("receipt.txt", "suppression", "receipt", NUMBER)

    print("\nan import in HubSpot clears the flag")
    home = HOMES["hubspot"]
    demo.edit("hubspot", home.object, people["hubspot"], **{home.no: home.cleared})
    again = demo.run("again.txt", "run")
    demo.hold("the flag was put back", _says_no(again, "hubspot", people["hubspot"]))

    print("\na list to be called, with the person on it")
    rows = [
        f"Solsort Lampe;{number};Fabel {at} ApS;nej;interesseafvejning;LIA-7"
        for at, number in enumerate((NUMBER, *FREE))
    ]
    (demo.out / LIST).write_text(
        "\n".join(
            ["Navn;Telefon;Firma;Reklamebeskyttet;Retsgrundlag;Interesseafvejning", *rows, ""]
        ),
        "utf-8",
    )
    demo.run("refused.txt", "list", "check", LIST, "--out", CLEAN, expected=3)
    demo.hold(
        "nothing was released before the systems were compared", not (demo.out / CLEAN).exists()
    )
    demo.run("verified.txt", "suppression", "verify")
    demo.run("released.txt", "list", "check", LIST, "--out", CLEAN)
    left = (demo.out / CLEAN).read_text("utf-8")
    demo.hold("the released list is without the person", NUMBER not in left and FREE[0] in left)

    print(
        "\nsomebody said no weeks ago; we hear of it, and in the same minute he is called: a doubt remains"
    )
    demo.run("no.txt", "suppression", "add", "--phone", LONG_AGO, "--at", "2026-11-02")
    _log_a_call(demo)
    demo.run("called.txt", "run")
    demo.run("violations.txt", "violations")
    said = (demo.out / "violations.txt").read_text("utf-8")
    demo.hold("the forbidden call is told of", "Havregryn" in said)


def _a_person_everywhere(demo: Demo) -> dict[str, str]:
    """The first contact without a no in each system gets the same number; its ids."""
    found = {name: next(_free(demo.holds(name), home)) for name, home in HOMES.items()}
    for name, home in HOMES.items():
        demo.edit(name, home.object, found[name], **{home.phone: NUMBER})
    return found


def _free(rows: Mapping[str, Mapping[str, Mapping[str, Any]]], home: Home) -> Iterator[str]:
    return (ident for ident, row in rows[home.object].items() if _is_no(row.get(home.no)) is False)


def _says_no(held: Mapping[str, Any], name: str, ident: str) -> bool:
    home = HOMES[name]
    return _is_no(held[name][home.object][ident].get(home.no))


def _is_no(value: Any) -> bool:
    return value in (True, "true")


def _log_a_call(demo: Demo) -> None:
    """The dialer writes its log beside its lists; the settings say where."""
    (demo.out / "dialer").mkdir()
    at = datetime.now(ZoneInfo("Europe/Copenhagen")).strftime("%Y-%m-%d %H:%M:%S")
    lines = (
        "Opkalds-id;Starttidspunkt;Retning;Ringet til;Agent;Resultat",
        f"1;{at};ud;{LONG_AGO};Havregryn;Intet svar",
        "",
    )
    (demo.out / CALLS).write_text("\n".join(lines), "utf-8")
    with (demo.out / "ringren.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[files]\nroot = "dialer"\n')
