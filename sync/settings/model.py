"""The settings as types: every section, key, default and bound. What stands in the TOML file.

The words that explain a key are in `sync/texts/settings.toml` (`settings.<section>.<key>`); the
example file is made from both (`settings/example.py`).
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from rules.barring import Spelling
from rules.errors import UserError
from rules.records import Kind
from sync.refine.steps_file import check as check_steps
from sync.settings.access import Oidc
from sync.settings.alarms import Alarms, OutwardAddress, Ping
from sync.settings.crm import Dynamics, HubSpot, Salesforce
from sync.settings.dialers import Aircall, Five9
from sync.settings.enrichment import Sources
from sync.settings.houses import Houses
from sync.settings.incoming import Api, Form, Hooks, Mailbox, Metrics, Page, Refine
from sync.settings.jobs import Archive, Backup, Daemon, Jobs, Worker
from sync.settings.mailers import ActiveCampaign, Mailchimp
from sync.settings.parts import Secret, Section

T = TypeVar("T")

PREFIX = "RINGREN_"
VENDORS = ("salesforce", "hubspot", "dynamics", "mailchimp", "activecampaign", "aircall", "five9")

Switch = Literal["on", "propose", "off"]
Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=1, le=36500)]


def _encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise PydanticCustomError("encoding", "unknown encoding") from None


class State(Section):
    """[state]: where the program remembers."""

    path: Path | None = Field(default=None, examples=["~/.local/state/ringren/customers"])
    url: Secret | None = Field(default=None, examples=[{"env": "DATABASE_URL"}])


class FileSettings(Section):
    """[files.named."contacts.csv"]: what is different about one file, or files of a pattern."""

    kind: Kind | None = Field(default=None, examples=["contact"])
    encoding: Annotated[str, AfterValidator(_encoding)] | None = Field(
        default=None, examples=["windows-1252"]
    )
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = Field(
        default=None, examples=[";"]
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        examples=[{"Kunde-ID": "id", "Tlf.": "direct_phone", "Intern note": ""}],
    )


class Files(Section):
    """[files]: the folder of files, and what cannot be guessed about single ones."""

    root: Path | None = Field(default=None, examples=["customers"])
    max_workbook_mb: Annotated[int, Field(ge=1, le=4096)] = 256
    do_not_call: Path | None = Field(default=None, examples=["dialer/ring-ikke.csv"])
    do_not_call_spelling: Literal["plus", "digits", "zeros", "national"] = "plus"
    named: dict[str, FileSettings] = Field(default_factory=dict, examples=[{"contacts.csv": {}}])

    def of(self, name: str) -> FileSettings:
        """The settings of a file: by its name, else by the first pattern that fits it."""
        if name in self.named:
            return self.named[name]
        fitting = (one for pattern, one in self.named.items() if fnmatchcase(name, pattern))
        return next(fitting, FileSettings())

    @property
    def spelling(self) -> Spelling:
        """How the do-not-call list writes numbers."""
        return Spelling[self.do_not_call_spelling.upper()]

    @property
    def mapping(self) -> Mapping[str, Mapping[str, str]]:
        """File name → column → canonical field; "" leaves a column alone."""
        return ByFile(self, lambda one: one.columns or None)

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """File name → what its rows are."""
        return ByFile(self, lambda one: one.kind)

    @property
    def encodings(self) -> Mapping[str, str]:
        """File name → encoding."""
        return ByFile(self, lambda one: one.encoding)

    @property
    def delimiters(self) -> Mapping[str, str]:
        """File name → delimiter."""
        return ByFile(self, lambda one: one.delimiter)


class ByFile(Mapping[str, T]):
    """One setting of files, looked up by a file's name; patterns count. Iterates over names as set."""

    def __init__(self, files: Files, pick: Callable[[FileSettings], T | None]) -> None:
        self._files = files
        self._pick = pick

    def __getitem__(self, name: str) -> T:
        picked = self._pick(self._files.of(name))
        if picked is None:
            raise KeyError(name)
        return picked

    def __iter__(self) -> Iterator[str]:
        return (name for name, one in self._files.named.items() if self._pick(one) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Limits(Section):
    """[limits]: when a run stops itself before it writes. Opt-outs are never held up by them."""

    max_change_share: Share = 0.3
    max_changes: Annotated[int, Field(ge=1)] = 50_000
    min_records: Annotated[int, Field(ge=0)] = 20
    shrink_share: Share = 0.5
    swapped_share: Share = 0.5
    flips: Annotated[int, Field(ge=1)] = 2


class Plans(Section):
    """[plans]: how long a plan may be carried out."""

    expire_days: Days = 7


class Switches(Section):
    """[rules.systems.files]: what is different in one system."""

    default: Switch | None = Field(default=None, examples=["propose"])
    switch: dict[str, Switch] = Field(
        default_factory=dict, examples=[{"full_name": "propose", "root_domain": "off"}]
    )
    fields: dict[str, dict[str, Switch]] = Field(
        default_factory=dict, examples=[{"other_phone": {"phone": "propose"}}]
    )

    def named(self, rule: str, field: str) -> Switch | None:
        """What is said of `rule` by name: for this field, else for all of its fields."""
        return self.fields.get(field, {}).get(rule) or self.switch.get(rule)


class Rules(Switches):
    """[rules]: which rules work on their own, which only propose, which are off."""

    default: Switch = "on"
    systems: dict[str, Switches] = Field(default_factory=dict, examples=[{"files": {}}])

    def of(self, rule: str, field: str, system: str) -> Switch:
        """What `rule` may do to `field` in `system`; the first that says something counts.

        The field in the system, the rule in the system, the field, the rule, the system's
        default, the default: a name goes before a default, a system before all systems.
        """
        own = self.systems.get(system) or _NOTHING_SAID
        return own.named(rule, field) or self.named(rule, field) or own.default or self.default


_NOTHING_SAID = Switches()


class Sizes(Section):
    """[sizes]: how employees and revenue go into their bins (R36)."""

    rounding: Literal["down", "up"] = "down"
    revenue_unit: Literal["unknown", "DKK", "TDKK", "MDKK"] = "unknown"


class Industry(Section):
    """[industry]: what industry codes are taken for (R35)."""

    scheme: Literal["unknown", "DB07", "DB25"] = "unknown"
    fill_db25: bool = False


class Checks(Section):
    """[checks]: what counts as missing, old or unproven."""

    users: list[str] = Field(default_factory=list, examples=[["Rav Elkedel", "Birk Blyant"]])
    own_numbers: list[str] = Field(default_factory=list, examples=[["+4568000000"]])
    consent_unused_max_months: Annotated[int, Field(ge=1, le=120)] = 12


def _steps_file(path: Path) -> Path:
    try:
        return check_steps(path)
    except ValueError:
        raise PydanticCustomError("steps_file", "no file of steps") from None


class Cleaning(Section):
    """[cleaning]: files of cleaning steps that were made in OpenRefine."""

    steps: tuple[Annotated[Path, AfterValidator(_steps_file)], ...] = Field(
        default=(), examples=[["trin.json"]]
    )


Owner = Literal[
    "register", "research", "sales", "marketing", "finance", "compliance", "dialer", "system"
]


class Duties(Section):
    """[duties]: who mends a finding, and by when, where it is not as usual."""

    days: dict[str, Annotated[int, Field(ge=0, le=366)]] = Field(
        default_factory=dict, examples=[{"missing_at_entry": 14}]
    )
    owners: dict[str, Owner] = Field(
        default_factory=dict, examples=[{"missing_for_call_list": "sales"}]
    )


class Suppression(Section):
    """[suppression]: how far an opt-out reaches, and what ends it."""

    max_people_per_key: Annotated[int, Field(ge=1)] = 5
    lifts_by_one: bool = False
    put_back_a_day: Annotated[int, Field(ge=1, le=100)] = 3


class Permission(Section):
    """[permission]: what may be contacted although something is not known. No opt-out is among it."""

    unknown_protection: bool = False
    sole_trader_unchecked: bool = False
    call_without_basis: bool = False
    excepted_goods: bool = False
    protection_days: Days = 365


class Release(Section):
    """[release]: how long a list that was let go may be called, and how young what was read must be."""

    hours: Annotated[int, Field(ge=1, le=168)] = 4
    read_hours: Annotated[int, Field(ge=1, le=168)] = 24
    compared_hours: Annotated[int, Field(ge=1, le=168)] = 48


class Parties(Section):
    """[parties]: what one system may take from another about the same person or company."""

    fill: Switch = "off"
    fields: list[str] = Field(default_factory=list, examples=[["main_phone", "address"]])


class WhatIf(Section):
    """[what_if]: what the report reckons with where the user's own call log says too little."""

    calls: Annotated[int, Field(ge=1)] = 500
    contact_rate: Share = 0.2
    booking_rate: Share = 0.1
    fewest_calls: Annotated[int, Field(ge=1)] = 100


class Logs(Section):
    """[logs]: what operators read."""

    format: Literal["auto", "console", "json"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "warning"


class Traces(Section):
    """[traces]: a collector of OpenTelemetry that is told what a run does, and how long."""

    url: OutwardAddress | None = Field(default=None, examples=["http://127.0.0.1:4318/v1/traces"])


class Purge(Section):
    """[purge]: how many days things are kept. Opt-outs are kept until they are erased."""

    mirror: Days = 90
    plans: Days = 30
    findings: Days = 180
    history: Days = 90
    attempts: Days = 730
    violations: Days = 1825
    alerts: Days = 180
    runs: Days = 730
    snapshots: Days = 1825
    releases: Days = 180
    registers: Days = 180
    lookups: Days = 90


class Compare(Section):
    """[compare]: how often what systems say there is is held against what we know."""

    every_days: Annotated[int, Field(ge=1, le=366)] = 7


class Settings(BaseSettings):
    """Everything that can be set. Read with `sync.settings.read`, never made by hand in a command."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    lang: Literal["da", "en"] | None = Field(default=None, examples=["da"])
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "DK"
    state: State = State()
    files: Files = Files()
    salesforce: Salesforce = Salesforce()
    hubspot: HubSpot = HubSpot()
    dynamics: Dynamics = Dynamics()
    mailchimp: Mailchimp = Mailchimp()
    activecampaign: ActiveCampaign = ActiveCampaign()
    aircall: Aircall = Aircall()
    five9: Five9 = Five9()
    sources: Sources = Sources()
    limits: Limits = Limits()
    plans: Plans = Plans()
    rules: Rules = Rules()
    fields: dict[str, dict[str, Any]] = Field(
        default_factory=dict, examples=[{"website": {"max_age_days": 180}}]
    )
    sizes: Sizes = Sizes()
    industry: Industry = Industry()
    checks: Checks = Checks()
    cleaning: Cleaning = Cleaning()
    duties: Duties = Duties()
    suppression: Suppression = Suppression()
    permission: Permission = Permission()
    release: Release = Release()
    parties: Parties = Parties()
    alarms: Alarms = Alarms()
    ping: Ping = Ping()
    api: Api = Api()
    form: Form = Form()
    hooks: Hooks = Hooks()
    page: Page = Page()
    oidc: Oidc = Oidc()
    houses: Houses = Houses()
    metrics: Metrics = Metrics()
    refine: Refine = Refine()
    mailbox: Mailbox = Mailbox()
    jobs: Jobs = Jobs()
    daemon: Daemon = Daemon()
    worker: Worker = Worker()
    backup: Backup = Backup()
    archive: Archive = Archive()
    what_if: WhatIf = WhatIf()
    logs: Logs = Logs()
    traces: Traces = Traces()
    compare: Compare = Compare()
    purge: Purge = Purge()

    _given: Mapping[str, Path] = PrivateAttr(default_factory=dict)

    @property
    def given(self) -> Mapping[str, Path]:
        """The options of the command line that led to these settings, where a file was named there:
        a later command needs them as well."""
        return self._given

    @property
    def systems(self) -> tuple[str, ...]:
        """The systems that are set up, beside the folder of files."""
        return tuple(name for name in VENDORS if getattr(self, name).is_used)

    @property
    def everywhere(self) -> tuple[str, ...]:
        """All systems that are set up, by their names in alphabetical order."""
        folder = ("files",) if self.files.root is not None else ()
        return tuple(sorted((*folder, *self.systems)))

    @property
    def home(self) -> Path:
        """The state folder; UserError when neither it nor what is audited is known."""
        if self.state.path is None:
            raise UserError("error.no_folder")
        return self.state.path

    @property
    def database_url(self) -> str:
        """SQLAlchemy's address of the database: the configured one, else SQLite in the home."""
        if self.state.url is not None:
            return self.state.url.get_secret_value()
        from sync.homes import DATABASE

        return f"sqlite:///{self.home / DATABASE}"
