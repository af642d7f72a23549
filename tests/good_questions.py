"""What to ask of each address of the API so that there is an answer: for tests, and for the fuzzer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from state.findings import listed
from sync.app import App
from sync.web.call import Way

CONSENT = {"channel": "call", "at": "2026-11-20", "source": "mail"}
PHONE, MAIL = "+45 68 12 34 56", "peter@opdigtet-0001.dk"


def known(app: App) -> dict[str, str]:
    """What is filled into addresses and bodies: a record about which something was found, and what."""
    with app.store.reading() as tx:
        one = next(one for one in listed(tx) if one.ref_id)
    ref = f"{one.system}/{one.kind}/{one.ref_id}"
    return {
        "release": "L-261126-000000",
        "number": "1",
        "name": "nothing",
        "code": one.finding.code,
        "ref": ref,
    }


def body(way: Way, there: Mapping[str, str]) -> Any:
    """A body, or None where there is none to send."""
    bodies: dict[str, Any] = {
        "check_all": {"items": [{"phone": PHONE}]},
        "record": {"phone": PHONE, "id": "again"},
        "links": {"items": [{"email": MAIL}]},
        "checked": {"phone": [PHONE]},
        "story": {"phone": PHONE},
        "lift_proposed": {
            "phone": PHONE, "channel": "call", "at": "2020-01-01", "proof": "mail",
            "source": "sag 1", "by": "Eva",
        },
        "correction_proposed": {"entry": 1, "why": "Forkert nummer", "by": "Eva"},
        "consent_seen": {"record": there["ref"], **CONSENT},
        "consent_confirmed": {"record": there["ref"], **CONSENT, "by": "Eva"},
        "consent_refused": {"record": there["ref"], "why": "Kun en brochure", "by": "Eva"},
        "party_said": {
            "what": "free", "record": there["ref"], "why": "Som det skal være", "by": "Eva",
        },
        "findings_decided": {
            "what": "leave", "codes": [there["code"]], "why": "Som det skal være", "by": "Eva",
        },
        "question_answered": {"record": there["ref"], "company": "", "by": "Eva"},
        "answered": {"numbers": [1], "by": "Eva", "reason": "Talt med Anna"},
        "preview": {},
        "undone": {},
        "explained": {"record": there["ref"]},
        "parties": {"record": there["ref"]},
    }  # fmt: skip
    return bodies.get(way.name)
