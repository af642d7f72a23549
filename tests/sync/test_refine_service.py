"""The reconciliation service over real HTTP: as OpenRefine asks, and as those who mean harm ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from enriching import Place, placed
from listening import Answer, Listening, listening, opened
from refining import PAGE, OpenRefine

from state.tokens import Scope
from sync.logs import set_up
from sync.people import tokens
from sync.refine.names import Names
from sync.settings import SettingsError, read

NAMED = "Opdigt Fabel <b>ApS</b>"
ABOUT = """
[refine]
port = 0
without_token = true
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A list of companies that the register knows."""
    with placed(tmp_path_factory.mktemp("refine"), about=ABOUT) as found:
        register = found.register
        company, sole, *others = register.numbers[:6]
        register.edit(company, name="Opdigt Fabel ApS", form=80, website="www.opdigtet-8888.dk")
        register.edit(sole, name="Fortænkt Frisør", form=10, phone="68123456")
        for number in others:
            register.edit(number, form=80)
        found.put(
            {"CVR": company, "Virksomhed": "Opdigt Fabel ApS", "Hjemmeside": "opdigtet-8888.dk"},
            {"CVR": sole, "Virksomhed": "Fortænkt Frisør"},
            *({"CVR": number} for number in others),
            {"Virksomhed": NAMED, "Postnr": "5000", "By": "Odense C"},
        )
        found.enrich()
        yield found


@pytest.fixture(scope="module")
def found(place: Place) -> Iterator[Listening]:
    with opened(place.app(), ("refine",)) as one:
        yield one


@pytest.fixture(scope="module")
def anybody(found: Listening) -> OpenRefine:
    """OpenRefine on this machine, which can show no token."""
    one = OpenRefine(found)
    one.register()
    return one


@pytest.fixture(scope="module")
def known(found: Listening) -> OpenRefine:
    """A program with a token."""
    made = tokens.make(found.app, "cleaning", [Scope.RECORDS], None, "Anna")
    one = OpenRefine(found, made.token)
    one.register()
    return one


def numbers(place: Place) -> list[str]:
    return [str(one) for one in place.register.numbers[:6]]


# --- companies --------------------------------------------------------------------------------


def test_a_domain_or_a_number_decides_and_a_name_only_proposes(
    place: Place, anybody: OpenRefine
) -> None:
    company = numbers(place)[0]
    rows = [
        {"name": "Fabel", "website": "https://www.opdigtet-8888.dk/kontakt"},
        {"name": "Opdigt Fabel", "cvr": f"DK {company[:2]} {company[2:4]} {company[4:]}"},
        {"name": "Opdigt Fabel ApS"},
        {"name": "Opdgit Fabel ApS"},
        {"name": company},
        {"name": "opdigtet-8888.dk"},
        {"name": "Helt Ukendt Navn"},
    ]
    seen = anybody.reconcile(rows, "name", "company")
    assert [one["matched"] for one in seen] == [
        company,
        company,
        None,
        None,
        company,
        company,
        None,
    ]
    assert [bool(one["candidates"]) for one in seen] == [True] * 6 + [False]
    assert {one["candidates"][0]["id"] for one in seen[:6]} == {company}
    exact, slip = (one["candidates"][0]["score"] for one in seen[2:4])
    assert 80 > exact > slip > 40, "who only resembles is below whoever is decided"


def test_a_number_and_a_domain_of_two_companies_decide_nothing(
    place: Place, anybody: OpenRefine
) -> None:
    company, _, other, *_ = numbers(place)
    [seen] = anybody.reconcile(
        [{"name": "Opdigt Fabel", "cvr": other, "website": "opdigtet-8888.dk"}], "name", "company"
    )
    assert seen["matched"] is None
    assert {one["id"] for one in seen["candidates"][:2]} == {company, other}


def test_a_place_raises_the_score_of_a_name(place: Place, anybody: OpenRefine) -> None:
    register = place.register.find(place.register.numbers[2])
    assert register
    rows = [{"name": register.name}, {"name": register.name, "postcode": register.postcode}]
    bare, placed_there = anybody.reconcile(rows, "name", "company")
    best = [one["candidates"][0] for one in (bare, placed_there)]
    assert best[0]["id"] == best[1]["id"] == str(register.cvr)
    assert best[0]["score"] < best[1]["score"] < 80


def test_our_own_lists_are_matched_as_lists_are_matched(known: OpenRefine, place: Place) -> None:
    company = numbers(place)[0]
    rows = [{"name": "Fabel", "cvr": company}, {"name": "Opdigt Fabel ApS"}]
    by_number, by_name = known.reconcile(rows, "name", "customer")
    assert by_number["matched"] == by_name["candidates"][0]["id"]
    assert by_name["matched"] is None
    [row] = known.extend([by_number["matched"]], ["cvr", "website"]).values()
    assert row == {"cvr": [company], "website": ["https://opdigtet-8888.dk"]}


def test_new_columns_come_from_what_the_register_said(place: Place, anybody: OpenRefine) -> None:
    company, *_ = numbers(place)
    names = anybody.propose_properties("company")
    assert {"company_name", "industry_code", "postcode", "employees"} <= set(names)
    rows = anybody.extend([company, "99999999"], ["company_name", "legal_form", "main_phone"])
    assert rows[company] == {
        "company_name": ["Opdigt Fabel ApS"], "legal_form": ["ApS"], "main_phone": [],
    }  # fmt: skip
    assert rows["99999999"] == {"company_name": [], "legal_form": [], "main_phone": []}


# --- titles and industry codes ----------------------------------------------------------------


def test_titles_are_decided_as_the_rule_would_write_them(anybody: OpenRefine) -> None:
    cells = ["adm dir", "Chief Executive Officer", "salgschfe", "Kaptajn Klo", "R & D Manager"]
    seen = anybody.reconcile([{"title": one} for one in cells], "title", "title")
    names = [one["candidates"][0]["name"] if one["matched"] else None for one in seen]
    assert names == ["Adm. direktør", "CEO", None, None, "R&D Manager"]
    assert seen[2]["candidates"][0]["name"] == "Salgschef"
    ids = [one["matched"] for one in seen if one["matched"]]
    rows = anybody.extend(ids, ["title_da", "title_en", "seniority"])
    assert rows[ids[0]]["title_en"] == ["CEO"]
    assert all("R&amp;D" in anybody.preview(ids[-1]).text for _ in "once"), (
        "its id bears an address"
    )


def test_industry_codes_are_decided_only_where_their_system_is(anybody: OpenRefine) -> None:
    rows = [
        {"code": "62.01.00"},
        {"code": "620100"},
        {"code": "01.11.00"},
        {"code": "01.11.00", "industry_scheme": "DB25"},
        {"code": "Computerprogrammering", "industry_scheme": "DB25"},
        {"code": "Computerprogrammering"},
        {"code": "6201"},
    ]
    seen = anybody.reconcile(rows, "code", "industry")
    assert [one["matched"] for one in seen] == [
        "DB07:62.01.00", "DB07:62.01.00", None, "DB25:01.11.00", "DB25:62.10.00", None, None,
    ]  # fmt: skip
    assert anybody.extend(["DB07:62.01.00"], ["industry_code_db25"])
    types = anybody.guess_types(["adm dir", "salgschef", "CEO", "HR-chef"])
    assert types[0] == "title"


def test_without_a_type_nothing_is_taken_that_two_spaces_are_sure_of(
    known: OpenRefine, place: Place
) -> None:
    [seen] = known.reconcile([{"name": numbers(place)[0]}], "name")
    assert {one["type"][0]["id"] for one in seen["candidates"]} >= {"company", "customer"}
    assert seen["matched"] is None


# --- suggestions, previews --------------------------------------------------------------------


def test_whoever_types_is_shown_what_begins_so(place: Place, anybody: OpenRefine) -> None:
    company = numbers(place)[0]
    assert company in [one["id"] for one in anybody.suggest("entity", "opdigt fab")]
    assert company in [one["id"] for one in anybody.suggest("entity", company)]
    assert [one["name"] for one in anybody.suggest("entity", "økonomidirek", type="title")]
    assert "cvr" in [one["id"] for one in anybody.suggest("property", "cvr")]
    assert [one["id"] for one in anybody.suggest("type", "indu")] == ["industry"]
    first = anybody.suggest("entity", "opdigt")
    assert anybody.suggest("entity", "opdigt", cursor=1) == first[1:]
    assert "Opdigt Fabel" in anybody.flyout(company)["html"]


def test_a_preview_is_a_page_that_runs_nothing(known: OpenRefine) -> None:
    [wild] = [one for one in known.suggest("entity", "Opdigt Fabel") if "<b>" in one["name"]]
    answer = known.preview(wild["id"])
    assert (answer.status, "<b>" in answer.text) == (200, False)
    assert "Opdigt Fabel &lt;b&gt;" in answer.text
    assert "<b>" not in known.flyout(wild["id"])["html"]
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert f"frame-ancestors {PAGE}" in policy


# --- who is told what -------------------------------------------------------------------------


def test_nobody_is_told_of_persons_without_a_token(
    place: Place, anybody: OpenRefine, known: OpenRefine
) -> None:
    sole = numbers(place)[1]
    for query in (sole, "Fortænkt Frisør"):
        for kind in ("company", ""):
            [seen] = anybody.reconcile([{"name": query}], "name", kind)
            assert not [one for one in seen["candidates"] if "Fortænkt" in one["name"]]
    assert anybody.extend([sole], ["company_name"])[sole] == {"company_name": []}
    assert not [one for one in anybody.suggest("entity", "fortænkt") if one["id"] == sole]
    assert anybody.preview(sole).status == 404
    assert anybody.reconcile([{"name": "Opdigt Fabel"}], "name", "customer")[0]["candidates"] == []
    types = {one["id"] for one in anybody.manifest["defaultTypes"]}
    assert types == {"company", "title", "industry"}
    assert known.reconcile([{"name": sole}], "name", "company")[0]["matched"] == sole
    assert known.extend([sole], ["company_name"])[sole] == {"company_name": ["Fortænkt Frisør"]}


def test_a_wrong_token_is_worse_than_none(found: Listening, known: OpenRefine) -> None:
    other = tokens.make(found.app, "dialer", [Scope.CHECK], None, "Anna").token
    statuses = [
        OpenRefine(found, one).post("queries", {}).status
        for one in ("", "guess", other, known.token)
    ]
    assert statuses == [200, 401, 403, 200]


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {}),
        (200, {"origin": PAGE}),
        (200, {"sec_fetch_site": "none"}),
        (403, {"origin": "http://ond.opdigtet-0001.dk"}),
        (403, {"origin": "null"}),
        (403, {"referer": "http://ond.opdigtet-0001.dk/side", "sec_fetch_site": "cross-site"}),
        (403, {"sec_fetch_site": "cross-site"}),
        (403, {"host": "ond.opdigtet-0001.dk"}),
        (403, {"host": "127.0.0.1.ond.opdigtet-0001.dk:8740"}),
    ],
)
def test_a_page_of_somebody_else_is_kept_away(
    found: Listening, status: int, headers: dict[str, str]
) -> None:
    answer = found.ask("/suggest/type?prefix=", listener="refine", **headers)
    assert answer.status == status, answer.text
    if "ond" in str(headers):
        assert "access-control-allow-origin" not in answer.headers


def test_a_script_of_another_page_or_of_none_gets_no_answer(found: Listening) -> None:
    def asked(callback: str, **headers: str) -> Answer:
        path = f"/properties?{urlencode({'type': 'title', 'callback': callback})}"
        return found.ask(path, listener="refine", **headers)

    here = {"referer": f"{PAGE}/"}
    manifest = found.ask("/?callback=f&_=1", listener="refine", **here)
    assert manifest.text.startswith('/**/f({"versions"')
    assert asked("f", **here).status == 200
    assert asked("f").status == 403
    assert asked("f", referer="http://ond.opdigtet-0001.dk/").status == 403
    for wild in ("alert(1)//", "f;g", "<b>", "f" * 200):
        assert asked(wild, **here).status == 403


def test_with_a_token_any_page_may_read_and_without_one_only_the_manifest(tmp_path: Path) -> None:
    with listening(tmp_path, "[refine]\nport = 0\n", ("refine",)) as one:
        client = OpenRefine(one)
        assert client.register()["authentication"]["type"] == "apiKey"
        assert client.post("queries", {}).status == 401
        assert one.ask("/preview?id=x", listener="refine").status == 401
        assert one.ask("/properties?type=title&callback=f", listener="refine").status == 400
        client.token = tokens.make(one.app, "cleaning", [Scope.RECORDS], None, "Anna").token
        assert client.reconcile([{"title": "CEO"}], "title", "title")[0]["matched"]
        answer = one.ask("/", method="OPTIONS", listener="refine", origin="https://hvem.som.helst")
        assert answer.status == 204
        assert "authorization" in answer.headers["access-control-allow-headers"]


@pytest.mark.parametrize("more", ['host = "0.0.0.0"\nbehind_proxy = true', "behind_proxy = true"])
def test_open_to_everybody_is_refused(tmp_path: Path, more: str) -> None:
    file = tmp_path / "ringren.toml"
    file.write_text(f"[refine]\nport = 8740\nwithout_token = true\n{more}\n")
    with pytest.raises(SettingsError, match="refine"):
        read(file=file, root=None, state=tmp_path / "state", lang="en")


# --- what means harm --------------------------------------------------------------------------

DEEP = "[" * 20_000 + "]" * 20_000


@pytest.mark.parametrize(
    ("status", "name", "content"),
    [
        (400, "queries", "{"),
        (400, "queries", DEEP),
        (400, "queries", '{"q0": {"query": "x", "properties": ' + DEEP + "}}"),
        (400, "queries", "[]"),
        (400, "queries", {"q0": []}),
        (400, "queries", {"q0": {}}),
        (400, "queries", {"q0": {"query": 7}}),
        (400, "queries", {"q0": {"query": "x", "limit": 0}}),
        (400, "queries", {"q0": {"query": "x", "limit": True}}),
        (400, "queries", {"q0": {"query": "x", "type": [1]}}),
        (400, "queries", {"q0": {"query": "x", "properties": [{"pid": "cvr"}]}}),
        (413, "queries", {f"q{n}": {"query": "x"} for n in range(51)}),
        (400, "extend", {"ids": "x", "properties": []}),
        (400, "extend", {"ids": [1], "properties": []}),
        (400, "extend", {"ids": [], "properties": ["cvr"]}),
        (413, "extend", {"ids": [str(n) for n in range(1001)], "properties": []}),
        (400, "neither", {}),
        (400, "queries", {"q0": {"query": "\ud800"}}),
        (200, "queries", {}),
        (200, "queries", {"q0": {"query": "x" * 100_000, "limit": 1e300}}),
        (200, "queries", {"q0": {"query": "a\0b'\"; DROP", "type": ["company", "title"]}}),
        (200, "queries", {"q0": {"query": "x", "properties": [{"pid": "cvr", "v": [{}, None]}]}}),
        (
            200,
            "extend",
            {"ids": ["\0", "files/company/\0", "%00", "DK-", "../x"], "properties": []},
        ),
    ],
)
def test_whatever_is_sent_is_answered_or_refused(
    anybody: OpenRefine, known: OpenRefine, status: int, name: str, content: object
) -> None:
    for one in (anybody, known):
        assert one.post(name, content).status == status


def test_what_is_no_form_is_refused_and_too_much_is_not_read(found: Listening) -> None:
    form = {"content_type": "application/x-www-form-urlencoded", "listener": "refine"}
    assert found.ask("/", {"queries": {}}, listener="refine").status == 415
    assert found.ask("/", b"queries=" + b"x" * 2_000_001, **form).status == 413
    assert found.ask("/", b"&".join(b"a=1" for _ in range(100)), **form).status == 422
    assert found.ask("/suggest/entity?prefix=x&cursor=-1", listener="refine").status == 400
    assert found.ask("/nowhere", listener="refine").status == 404


def test_nothing_that_was_asked_stands_in_the_log(
    place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    set_up("json", "info")
    with opened(place.app(), ("refine",)) as found:
        one = OpenRefine(found)
        one.register()
        one.reconcile([{"name": "Hemmelig Kunde"}], "name", "company")
        one.suggest("entity", "Hemmelig")
    set_up("json", "error")
    told = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line["what"] for line in told][-3:] == ["asked", "asked", "suggest_entities"]
    assert "emmelig" not in str(told)


# --- names ------------------------------------------------------------------------------------


def test_names_are_found_by_words_slips_and_beginnings() -> None:
    names = Names()
    listed = ["Opdigt Byg ApS", "Byggefirma Hansen", "Havnens Fiskehus"]
    for _ in range(2):
        names.add([(number, [name]) for number, name in enumerate(listed)])
    assert names.exactly("Byggefirma", 5) == [1]
    assert names.like("opdigt byg a/s", 5)[0] == 0
    assert names.like("Havnnes fiskhus", 5) == [2]
    assert names.like("Bygge Firma Hansen", 5)[0] == 1
    assert names.beginning("bygge", 5) == [1]
    assert names.beginning("havnens fi", 5) == [2]
    assert names.beginning("", 5) == names.like("", 5) == names.exactly("", 5) == []
    names.close()
