"""What sources are told: every request of a night, held against the table of recipients."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote_plus, urlsplit

import pytest
import requests
from enriching import NIGHT, Place, placed
from requests.adapters import HTTPAdapter
from simulators.accounts import serving as accounts
from simulators.cvrapi import serving as cvrapi
from simulators.datafordeler import serving as datafordeler
from simulators.dnb import serving as dnb
from simulators.faults import Fault
from simulators.lasso import serving as lasso
from simulators.neverbounce import serving as neverbounce
from simulators.numverify import serving as numverify
from simulators.twilio import serving as twilio
from simulators.vainu import serving as vainu
from simulators.web import Clock, served
from simulators.zerobounce import serving as zerobounce

from connectors.sources.registry import SOURCES
from rules import tables
from rules.errors import Exit
from sync.enrichment.enriching import enrich
from sync.stages.asking import Wish
from sync.upkeep.recipients import TABLE

MAIL, SECOND = "snurrepip@opdigtet-0003.dk", "krusedulle@opdigtet-0003.dk"
PHONE, OTHER = "+4568123456", "+4568123457"
PERSON = {
    "Fornavn": "Kvalmfrø", "Efternavn": "Vandkande", "Titel": "Overknappesyer",
    "Virksomhed": "Skrøneværket", "Adresse": "Drømmestræde 187", "Postnr": "9990", "By": "Skagen",
    "Note": "Ringer helst tirsdag", "Ansvarlig": "Birk Paraply",
}  # fmt: skip
"""What is nobody's business, all of it."""
KEYS = {
    "email": (MAIL, SECOND, "snurrepip", "krusedulle"),
    "phone": ("68123456", "68123457"),
    "mail_domain": ("opdigtet-0003.dk",),
    "cvr": (),
}
"""By kind of key: what shows that it was sent; the CVR number is put in by the test."""


class Night(NamedTuple):
    """By source, or source and door: all that it was sent, in small letters."""

    place: Place
    sent: dict[str, list[str]]


SOLD: Final[Mapping[str, tuple[Any, str]]] = {
    "zerobounce": (zerobounce, "key = {KEY}\nbatches_a_minute = 200"),
    "neverbounce": (neverbounce, "key = {KEY}"),
    "twilio": (twilio, "user = '{USER}'\nkey = {KEY}"),
    "numverify": (numverify, "key = {KEY}"),
    "lasso": (lasso, "key = {KEY}\nprice_ore = 0\ngroup = true\nreports = true"),
    "vainu": (vainu, "client_id = '{CLIENT}'\nclient_secret = {SECRET}\nprice_ore = 0"),
    "dnb": (dnb, "key = '{KEY}'\nsecret = {SECRET}\nprice_ore = 5"),
}
"""Their simulators, and what they are signed in to with; a secret is a file."""


DOORS: Final = {
    "datafordeler": (datafordeler, "datafordeler.key = {{ file = '{}' }}"),
    "cvrapi": (cvrapi, f"cvrapi.agent = '{cvrapi.AGENT}'"),
}
"""Of the register, beside its index."""


def _section(name: str, vendor: Any, folder: Path) -> str:
    module, said = SOLD[name]
    secret = "SECRET" if "SECRET" in said else "KEY"
    (folder / name).write_text(getattr(module, secret), "utf-8")
    named = {one: getattr(module, one, "") for one in ("USER", "CLIENT", "KEY")}
    named[secret] = f'{{ file = "{folder / name}" }}'
    elsewhere = f'elsewhere = {{ "{module.HOST}" = "{vendor.address}" }}'
    return f"[sources.{name}]\n{said.format(**named)}\n{elsewhere}\n"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """A person is asked about at every source, those that come second too."""
    folder = tmp_path_factory.mktemp("told")
    with ExitStack() as stack:
        clock, about, ports = Clock(NIGHT), "", {}
        for name, (module, _) in SOLD.items():
            vendor: Any = stack.enter_context(served(module.build(clock=clock)))
            about += _section(name, vendor, folder)
            ports[vendor.address] = name
            if name == "zerobounce":
                vendor.desk.mailboxes[SECOND] = ("unknown", "antispam_system", None)
            if name == "twilio":
                vendor.desk.package_errors[OTHER] = 60600
        yearly = stack.enter_context(served(accounts.build(1)))
        there = ", ".join(f'"{host}" = "{here}"' for host, here in yearly.elsewhere.items())
        about += f"[sources.accounts]\non = true\nelsewhere = {{ {there} }}\n"
        doors = {
            name: stack.enter_context(served(one.build(1))) for name, (one, _) in DOORS.items()
        }
        (folder / "datafordeler").write_text(datafordeler.KEY, "utf-8")
        opened = [said.format(folder / name) for name, (_, said) in DOORS.items()]
        beside = {one.HOST: doors[name].address for name, (one, _) in DOORS.items()}
        about = "\n".join([*opened, about])
        place = stack.enter_context(placed(folder, companies=5, about=about, beside=beside))
        ports |= {one.address: f"cvr {name}" for name, one in doors.items()}
        ports |= {place.vendor.address: "cvr index", yearly.address: "accounts"}
        for desk in (yearly.desk, *(one.desk for one in doors.values())):
            desk.register = place.register
        rows = [
            {**PERSON, "CVR": place.register.numbers[2], "E-mail": mail, "Direkte telefon": number,
             "Hjemmeside": "www.opdigtet-0003.dk", "Teknologi": "", "Kreditvurdering": "",
             "Ansatte": "", "Kapital": "", "Omsætning": "", "Moderselskab CVR": ""}
            for mail, number in ((MAIL, PHONE), (SECOND, OTHER))
        ]  # fmt: skip
        place.put(*rows, {**rows[0], "CVR": ""}, name="kontakter.csv", fields=tuple(rows[0]))
        sent: dict[str, list[str]] = {}
        with _intercepted(ports, sent):
            enrich(place.app(), Wish(), dry=False)
            for name in ("neverbounce", "numverify", "lasso", "vainu", "dnb", "accounts"):
                enrich(place.app(), Wish(source=name), dry=False)
            # One door after the other is shut, and the next one is asked.
            for vendor in (place.vendor, doors["datafordeler"]):
                place.tomorrow()
                vendor.fault(Fault.STATUS, status=401, times=9)
                enrich(place.app(), Wish(source="cvr"), dry=False)
        yield Night(place, sent)


@contextmanager
def _intercepted(ports: dict[str, str], sent: dict[str, list[str]]) -> Iterator[None]:
    real = HTTPAdapter.send

    def send(self: HTTPAdapter, request: requests.PreparedRequest, **more: Any) -> Any:
        parts, body = urlsplit(request.url or ""), request.body or b""
        text = body.decode() if isinstance(body, bytes) else str(body)
        own = f"{parts.path}?{parts.query} {dict(request.headers)} {text}"
        source = ports[f"{parts.scheme}://{parts.netloc}"]
        # Percent signs and the escapes of JSON hide nothing.
        plain = unquote_plus(own) + _unescaped(own)
        sent.setdefault(source, []).append(plain.lower())
        return real(self, request, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HTTPAdapter, "send", send)
        yield


def _doors() -> set[str]:
    return {f"cvr {name}" for name in DOORS}


def _unescaped(text: str) -> str:
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)


def _allowed(name: str) -> set[str]:
    source, _, door = name.partition(" ")
    rows = [row for row in tables.rows(TABLE) if (row["source"], row["door"]) == (source, door)]
    assert rows, name
    return {kind for row in rows for kind in row["sends"].split()}


def test_each_source_is_told_what_the_table_says_and_not_a_word_more(night: Night) -> None:
    marks = {**KEYS, "cvr": (str(night.place.register.numbers[2]),)}
    asked_by = {name: set(one.profile.asking) for name, one in night.place.app().sources.items()}
    assert set(asked_by) == set(SOURCES)
    assert set(night.sent) == {*asked_by.keys() - {"cvr"}, "cvr index", *_doors()}
    for source, sent in night.sent.items():
        allowed, everything = _allowed(source), " ".join(sent)
        for kind, texts in marks.items():
            # An address holds its own domain.
            if kind in allowed or (kind == "mail_domain" and "email" in allowed):
                # A domain is asked about only where the number leaves something open.
                asked = kind in asked_by[source.partition(" ")[0]] and kind != "mail_domain"
                assert not asked or any(one in everything for one in texts), (source, kind)
                continue
            assert not [one for one in texts if one in everything], (source, kind)
        assert not [one for one in PERSON.values() if one.lower() in everything], source


def test_the_table_says_by_what_each_source_can_be_asked(night: Night) -> None:
    for name, source in night.place.app().sources.items():
        # Some are asked by less, where the settings leave something out.
        whole = f"{name} index" if name == "cvr" else name
        assert {kind.value for kind in source.profile.asking} <= _allowed(whole), name


def test_the_list_of_processors_is_that_of_the_sources_in_use(night: Night) -> None:
    told = json.loads(night.place.call("sources", "processors", "--json").stdout)
    by_name = {one["source"]: one for one in told}
    assert set(by_name) == {"cvr", "accounts", *SOLD}
    assert {one["name"]: one["role"] for one in told if one["source"] == "cvr"} == {
        "Erhvervsstyrelsen": "authority",
        "Klimadatastyrelsen (Datafordeleren)": "authority",
        "cvrapi.dk": "controller",
    }
    assert by_name["zerobounce"]["sends"] == ["email"]
    said = night.place.call("sources", "processors").output
    assert "e-mail addresses" in said
    assert "US †" in said
    assert "chapter V" in said


def test_one_source_is_purged_and_what_it_had_filled_is_named_by_run_and_field(
    tmp_path: Path,
) -> None:
    with placed(tmp_path, companies=5) as place:
        place.put(*({"CVR": cvr} for cvr in place.register.numbers[:3]))
        outcome, _ = place.enrich()
        before, run = place.rows(), outcome.report.run.run
        refused = place.call("sources", "purge", "cvr")
        assert refused.exit_code == Exit.CHANGES
        said = " ".join(refused.output.split())
        assert "answered for 3 keys; 3 of the answers are also kept as they came" in said
        assert "Company name 3" in said
        assert f"sync undo {run} --rule enrichment" in said
        assert place.standing() == {"found": 3}
        told = json.loads(place.call("sources", "purge", "cvr", "--yes", "--json").stdout)
        assert told["filled"][str(run)]["company_name"] == 3
        assert place.standing() == {}
        place.run()
        assert place.rows() == before
        again = place.call("sources", "purge", "cvr")
        assert (again.exit_code, "0 keys" in again.output) == (Exit.OK, True)
        assert place.call("sources", "purge", "nobody").exit_code == Exit.USER
