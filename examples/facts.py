"""The third part of `make demo`: raw companies become full ones, and what that takes.

Three companies in HubSpot of which little more than a number or a site is known, and a fourth in which
two companies meet. The company register is asked for nothing, ZeroBounce for at most five kroner.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from simulators.running import started

if TYPE_CHECKING:
    from demo import Demo

COMPANIES: Final = "companies"
OWN: Final = "ringren_"
LONG_AGO: Final = "2024-02-29"
SHOWN: Final = (
    "name", "cvr_nummer", f"{OWN}industry_code", f"{OWN}industry_label", "phone", "website",
    f"{OWN}company_status", f"{OWN}ad_protected", f"{OWN}data_checked_at",
)  # fmt: skip
"""None that a person has just taken back by the undo: that is not filled again."""
BLANK: Final = dict.fromkeys((*SHOWN, "domain", "address", "zip", "city", "country"), "")
LIST: Final = "nye.csv"
LIMITED: Final = 80
"""The form of an ApS: a sole trader would be a person in law, and asked about in another list."""


def tell(demo: Demo) -> None:
    """Ask, fill, block, and put before a person what no source can tell."""
    print("\nFACTS: raw companies become full ones")
    with ExitStack() as stack:
        register = stack.enter_context(started("cvr", companies=60, first=5000))
        checker = stack.enter_context(started("zerobounce"))
        with (demo.out / "ringren.toml").open("a", encoding="utf-8") as settings:
            settings.write(register.settings_in(demo.out))
            settings.write(checker.settings_in(demo.out) + "kroner_a_night = 5\n")
        raw, shielded, two = _raw_ones(demo, list(_told(register.holds())))
        before = demo.holds("hubspot")[COMPANIES]
        after = demo.run("enriched.txt", "enrich")["hubspot"][COMPANIES]
        print("\nIN HUBSPOT: a company of which only the number was known")
        for name in SHOWN:
            print(f"    {name:<24} {before[raw].get(name)!r} → {after[raw].get(name)!r}")
        demo.hold("the raw company is a full one", all(after[raw].get(one) for one in SHOWN))
        day = f"{OWN}data_checked_at"
        demo.hold("the day of the check has moved", before[raw][day] < after[raw][day])
        phones = {one: after[one].get("phone") for one in (raw, shielded)}
        demo.hold("no number of a protected company was taken", not phones[shielded])
        demo.hold("where two companies meet, nothing was filled", not after[two].get("name"))
        print(f"    why to look: {after[two].get(OWN + 'manual_check_reason')!r}")
        demo.hold("the record itself says so", after[two].get(f"{OWN}manual_check") == "true")
        demo.run("explained.txt", "explain", f"hubspot/company/{raw}", "industry_code")
        demo.run("asked.txt", "findings", "--code", "company_cvr_differs")
        _is_blocked(demo, before[shielded]["cvr_nummer"], before[raw]["cvr_nummer"])
        demo.run("sources.txt", "sources")


def _told(documents: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """(CVR number, site, protected) of limited companies that the register knows well."""
    for cvr, document in documents.items():
        company = document["Vrvirksomhed"]
        ended = company["livsforloeb"][0]["periode"]["gyldigTil"]
        form = company["virksomhedMetadata"]["nyesteVirksomhedsform"]["virksomhedsformkode"]
        sites = [one["kontaktoplysning"] for one in company["hjemmeside"]]
        if sites and company["telefonNummer"] and form == LIMITED and not ended:
            yield cvr, sites[0], company["reklamebeskyttet"]


def _raw_ones(demo: Demo, known: list[tuple[str, str, bool]]) -> tuple[str, str, str]:
    """Companies as a list of leads has them: a number, a protected one's number, two companies in one."""
    free = [one for one in known if not one[2]]
    shielded = next(one for one in known if one[2])
    ids = list(demo.holds("hubspot")[COMPANIES])[:3]
    sites = ({}, {}, {"website": free[2][1], "domain": free[2][1]})
    for ident, one, more in zip(ids, (free[0], shielded, free[1]), sites, strict=True):
        facts = BLANK | {"cvr_nummer": one[0], f"{OWN}data_checked_at": LONG_AGO} | more
        demo.edit("hubspot", COMPANIES, ident, **facts)
    return ids[0], ids[1], ids[2]


def _is_blocked(demo: Demo, shielded: str, free: str) -> None:
    """Both companies on a list to be called."""
    rows = [
        f"Solsort Lampe;68 99 99 0{at};{cvr};interesseafvejning;LIA-7"
        for at, cvr in enumerate((shielded, free), 3)
    ]
    head = "Navn;Telefon;CVR;Retsgrundlag;Interesseafvejning"
    (demo.out / LIST).write_text("\n".join([head, *rows, ""]), "utf-8")
    demo.run("new.txt", "list", "check", LIST)
    said = (demo.out / "new.txt").read_text("utf-8")
    demo.hold("the protected company may not be called, the other one may", "1 of 2" in said)
