"""What vendors of company data know: companies of the made-up register, and what each adds to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from simulators.cvr.register import Company, Register

PRODUCTS = ("Shopify", "HubSpot", "e-conomic", "Microsoft Azure", "Opdigtet Kasse")


@dataclass
class Firms:
    """The register as a vendor copied it. `heads` are counts that it has otherwise (stale, or wrong)."""

    register: Register
    heads: dict[int, int] = field(default_factory=dict)
    sites: dict[int, list[str]] = field(default_factory=dict)
    parents: dict[int, int] = field(default_factory=dict)
    """Who owns whom: the child's number to the owner's."""
    unknown: set[int] = field(default_factory=set)
    """Companies that the vendor has not heard of."""

    def find(self, cvr: str | int) -> Company | None:
        """A company by its number."""
        number = int(cvr) if str(cvr).isdecimal() else 0
        return None if number in self.unknown else self.register.find(number)

    def employees(self, one: Company) -> int | None:
        """As this vendor has it."""
        return self.heads.get(one.cvr, one.employees)

    def domains(self, one: Company) -> list[str]:
        """The sites that the vendor has tied to it."""
        own = one.website.removeprefix("https://").removeprefix("www.")
        return self.sites.get(one.cvr, [f"https://www.{own}"] if own else [])

    def of_domain(self, domain: str) -> list[Company]:
        """Those whose site lies in a domain, as far as the vendor has tied them to it."""
        spelt = (domain, f"www.{domain}", f"https://{domain}")
        found = {one.cvr: one for host in spelt for one in self.register.of_site(host)}
        for cvr, sites in self.sites.items():
            if any(site.endswith((f"/{domain}", f".{domain}")) for site in sites):
                found |= {cvr: one} if (one := self.register.find(cvr)) else {}
        return [found[cvr] for cvr in sorted(found) if cvr not in self.unknown]

    def snapshot(self) -> dict[str, Company | None]:
        """All that it knows, by number."""
        return {str(cvr): self.find(cvr) for cvr in self.register.numbers}

    def grow_stale(self, many: int) -> None:
        """Of so many companies it has a head count that is not theirs."""
        self.heads.update(dict.fromkeys(self.register.numbers[:many], 7))

    def line(self, cvr: int) -> list[int]:
        """The owners of a company, the nearest first."""
        found: list[int] = []
        while (cvr := self.parents.get(cvr, 0)) and cvr not in found:
            found.append(cvr)
        return found


def firms(companies: int, seed: int, clock: Callable[[], datetime]) -> Firms:
    """So many companies."""
    return Firms(Register(companies, seed, clock))


def now() -> datetime:
    """The machine's own time."""
    return datetime.now(UTC)
