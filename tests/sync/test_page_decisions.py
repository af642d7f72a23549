"""What people decide on the page: consents in notes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from good_questions import CONSENT
from listening import Listening, listening
from visiting import Visit, over, person, quick_passwords

from rules.rights import Role
from sync import consents
from sync.run import run

HEADER = "Id;Navn;Tlf.;Noter;Samtykke opkald;Samtykke opkald dato;Samtykke opkald kilde;Behandlingsgrundlag"
YES = "Kunden har givet samtykke til opkald"
REF = "files/contact/kontakter.csv#{}"


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with quick_passwords():
        yield


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    folder = tmp_path_factory.mktemp("page")
    rows = [HEADER, *(f"{n};{name};68 00 00 0{n};{YES};;;;" for n, name in enumerate("ABCD"))]
    settings = over(folder, rows) + "[limits]\nmin_records = 100000\n"
    with listening(folder, settings) as found:
        run(found.app, dry=False)
        yield found


@pytest.fixture(scope="module")
def lea(site: Listening) -> Visit:
    return person(site, "Lea", Role.LEADER)


def test_a_consent_in_a_note_is_shown_before_it_is_written(site: Listening, lea: Visit) -> None:
    assert 'href="/consents"' in lea.get("/requests").text
    assert lea.get("/consents").text.count('<th scope="row"') == 4
    page = lea.get("/consents?ref=" + quote(REF.format(1)))
    assert YES not in page.text, "the note is read in its system"
    said = {"ref": REF.format(1), **CONSENT}
    assert lea.post("/consents", said | {"source": " "}).status == 422
    seen = lea.post("/consents", said)
    assert seen.status == 200
    assert "2026-11-20" in seen.text
    file = Path(str(site.app.settings.files.root)) / "kontakter.csv"
    assert "2026-11-20" not in file.read_text("utf-8")
    conrad = person(site, "Conrad", Role.COMPLIANCE)
    conrad.get("/consents")
    assert conrad.post("/consents/confirm", said).status == 403
    lea.get("/consents")
    assert lea.post("/consents/confirm", said).headers["location"] == "/jobs?told=asked"
    for _ in range(600):
        if "2026-11-20" in file.read_text("utf-8"):
            break
        time.sleep(0.05)
    assert "2026-11-20" in file.read_text("utf-8")


def test_what_is_no_consent_is_not_proposed_again(site: Listening, lea: Visit) -> None:
    before = len(consents.waiting(site.app, 9))
    lea.get("/consents")
    refused = {"ref": REF.format(2), "why": "  "}
    assert lea.post("/consents/refuse", refused).status == 422
    assert lea.post("/consents/refuse", refused | {"why": "Kun en brochure"}).status == 303
    assert len(consents.waiting(site.app, 9)) == before - 1
    assert lea.post("/consents/refuse", {"ref": "nothing", "why": "x"}).status == 422
