"""A folder of lists, a simulated company register, and the program between them: for tests."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from click.testing import CliRunner, Result
from simulators.cvr.register import Register
from simulators.cvr.serving import HOST, PASSWORD, USER, Cvr, build
from simulators.web import Clock, served

from rules.errors import Exit
from rules.records import Kind, Ref
from state import lookups, mirror
from sync.app import App, open_app
from sync.cli import program
from sync.enrichment.enriching import enrich
from sync.passes import Outcome
from sync.review.explain import Explanation, explain
from sync.review.plans import apply
from sync.review.undo import undo
from sync.run import run
from sync.settings import read
from sync.stages.asking import Asked, Wish

NIGHT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
FIELDS = (
    "CVR", "Virksomhed", "Hjemmeside", "Telefon", "Adresse", "Postnr", "By", "Branchekode",
    "Ansatte", "Selskabsform", "Virksomhedsstatus", "Reklamebeskyttet", "Dataopdateret",
)  # fmt: skip


class Place:
    """One installation: a folder with a list of companies, and the register that is asked."""

    def __init__(
        self,
        vendor: Cvr,
        folder: Path,
        clock: Clock,
        about: str = "",
        beside: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.vendor, self.folder, self.clock = vendor, folder, clock
        self.closing = ExitStack()
        self._apps: dict[bool, App] = {}
        self.root = folder / "lists"
        self.root.mkdir()
        self.settings = folder / "ringren.toml"
        (folder / "password").write_text(PASSWORD, "utf-8")
        there = {HOST: vendor.address, **beside}
        elsewhere = ", ".join(f'"{host}" = "{address}"' for host, address in there.items())
        self.settings.write_text(
            f"""
lang = "en"
[state]
path = "{folder / "state"}"
[files]
root = "{self.root}"
[sources.cvr]
user = "{USER}"
password = {{ file = "{folder / "password"}" }}
calls_a_second = 100
elsewhere = {{ {elsewhere} }}
{about}
[limits]
max_change_share = 1.0
swapped_share = 1.0
""",
            "utf-8",
        )

    @property
    def register(self) -> Register:
        return self.vendor.register

    # --- the list ------------------------------------------------------------------------

    def put(
        self,
        *rows: Mapping[str, object],
        name: str = "virksomheder.csv",
        fields: Sequence[str] = FIELDS,
    ) -> None:
        """A list of these companies; what a row does not say is empty."""
        out = io.StringIO()
        writer = csv.DictWriter(out, fields, delimiter=";", restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        (self.root / name).write_text(out.getvalue(), "utf-8")

    def rows(self, name: str = "virksomheder.csv") -> list[dict[str, str]]:
        """The list as it stands now."""
        text = (self.root / name).read_text("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text), delimiter=";"))

    # --- the program ---------------------------------------------------------------------

    def app(self, *, dry: bool = False) -> App:
        """The program, at the moment that the clock shows; open until the end, which saves a third of
        each night."""
        if dry not in self._apps:
            settings = read(file=self.settings)
            settings.home.mkdir(exist_ok=True, mode=0o700)
            opened = open_app(settings, actor="anna", dry=dry, clock=self.clock, job="enrich")
            self._apps[dry] = self.closing.enter_context(opened)
        return self._apps[dry]

    def enrich(self, wish: Wish | None = None, *, dry: bool = False) -> tuple[Outcome, Asked]:
        """One night; what the register was asked."""
        self.vendor.calls.clear()
        outcome, [asked] = enrich(self.app(dry=dry), wish or Wish(), dry=dry)
        return outcome, asked

    def apply(self, plan: int) -> Outcome:
        """Carry a plan out."""
        return apply(self.app(), plan)

    def run(self) -> Outcome:
        """An ordinary pass, which asks nobody."""
        return run(self.app(), dry=False)

    def refs(self) -> list[Ref]:
        """The companies of the list, in its order."""
        with self.app(dry=True).store.reading() as tx:
            rows = sorted(
                (stream != "virksomheder.csv", row.place or 0, row.id)
                for _, stream, row in mirror.alive(tx, 0, 1000)
            )
        return [Ref("files", Kind.COMPANY, ident) for *_, ident in rows]

    def explain(self, at: int = 0) -> Explanation:
        """What is known of a company of the list."""
        return explain(self.app(dry=True), self.refs()[at])

    def codes(self, at: int = 0) -> set[str]:
        """What was found in a company of the list, and still stands."""
        return {one.finding.code for one in self.explain(at).found if one.gone_at is None}

    def undo(self, number: int) -> Outcome:
        """Take a run back."""
        return undo(self.app(), number)

    def tomorrow(self) -> None:
        """The next night."""
        self.clock.pass_(timedelta(days=1).total_seconds())

    def standing(self) -> dict[str, int]:
        """How many keys stand how with the register."""
        with self.app(dry=True).store.reading() as tx:
            return {
                str(state): number
                for one in lookups.standing(tx)
                for state, number in one.keys.items()
            }

    def call(self, *args: str) -> Result:
        """The command line."""
        command = [*args, "--settings", str(self.settings)]
        return CliRunner().invoke(program, command, prog_name="sync")


@contextmanager
def placed(
    folder: Path,
    companies: int = 30,
    about: str = "",
    beside: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Place]:
    """An installation with a register of so many companies; `beside`: where other hosts are reached."""
    clock = Clock(NIGHT)
    with served(build(companies, clock=clock)) as vendor:
        place = Place(vendor, folder, clock, about, beside)
        with place.closing:
            yield place


GOOD = (Exit.OK, Exit.CHANGES)
