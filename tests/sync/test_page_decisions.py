"""What people decide on the page: consents in notes, findings."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from good_questions import CONSENT
from listening import Listening, listening
from visiting import Visit, over, person, quick_passwords

from rules.rights import Role
from sync.listings import causes
from sync.run import run
from sync.suppression import consents

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
        if len(consents.waiting(site.app, 9)) == 3:
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


def test_findings_are_decided_many_at_once_seen_again_and_opened_again(
    site: Listening, lea: Visit
) -> None:
    page = lea.get("/findings").text
    code = re.findall(r'name="c-([a-z_]+)"', page)[0]
    total = sum(one.count for one in causes(site.app) if one.code == code)
    ticked = {f"c-{code}": "1", "what": "leave"}
    assert lea.post("/findings", ticked | {"why": " "}).status == 422
    assert lea.post("/findings", {"what": "leave", "why": "Intet valgt"}).status == 422
    done = lea.post("/findings", ticked | {"why": "<i>Sådan</i> skal det være"})
    assert done.headers["location"] == "/findings?told=findings_leave"
    assert f'name="c-{code}"' not in lea.get("/findings").text
    seen = lea.get(f"/findings/{code}?show=decided").text
    numbers = re.findall(r'name="f([0-9]+)"', seen)
    assert len(numbers) == total
    assert "Lea" in seen
    assert "<i>Sådan" not in seen
    some = {f"f{numbers[0]}": "1", "what": "open-again", "why": "Dog ikke"}
    assert lea.post(f"/findings/{code}?show=decided", some).status == 303
    assert lea.get(f"/findings/{code}").text.count('name="f') == 1
    rest = {"all": "1", "what": "open-again", "why": "Heller ikke"}
    if total > 1:
        assert lea.post(f"/findings/{code}", rest).status == 303
    assert sum(one.count for one in causes(site.app) if one.code == code) == total
    late = {f"f{numbers[0]}": "1", "what": "put-off", "why": "x", "until": "2020-01-01"}
    for day in ("2020-01-01", "snart", ""):
        assert lea.post(f"/findings/{code}", late | {"until": day}).status == 422
    conrad = person(site, "Cora", Role.COMPLIANCE)
    assert 'name="c-' not in conrad.get("/findings").text
    assert conrad.post("/findings", ticked | {"why": "x"}).status == 403
