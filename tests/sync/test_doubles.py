"""Doubles out to dedupe and labels in: found, noted, told, taken back, and the same file again."""

from __future__ import annotations

import csv
import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from promises.lists import Lists

from rules.errors import Exit, UserError
from rules.records import Kind, Ref
from state import labels, mirror
from sync.cli import program
from sync.refine.doubles import export_clusters, export_training, import_labels
from sync.review.explain import explain
from sync.suppression.verify import verify

HEADER = "Id;CVR;Virksomhed;Hjemmeside;By"
ROWS = (
    "1;90000004;Opdigt Fabel ApS;opdigtet-0001.dk;Odense C",
    "2;90000004;Opdigt Fabel;;Odense C",
    "3;;Opdigt Fabel;opdigtet-0001.dk;Odense C",
    "4;90000012;Noget Andet A/S;;Vejle",
)
BY = "Rav Elkedel"


def place(folder: Path, url: str = "") -> Lists:
    found = Lists(folder, url=url)
    found.put("virksomheder.csv", HEADER, *ROWS)
    found.put("z.csv", HEADER, "9;90000012;Noget Andet;;Vejle")
    found.dry()
    return found


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read once; each test has a copy of its own."""
    return place(tmp_path_factory.mktemp("doubles")).folder


@pytest.fixture
def lists(tmp_path: Path, first: Path) -> Lists:
    return copy(first, tmp_path / "place")


def copy(first: Path, to: Path) -> Lists:
    return Lists(Path(shutil.copytree(first, to)))


def ref(ident: int, name: str = "virksomheder.csv") -> str:
    return f"files/company/{name}#{ident}"


def rows(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text("utf-8").splitlines()))


def training(file: Path, **said: list[tuple[str, str]]) -> Path:
    content: dict[str, Any] = {
        verdict: [
            {"__class__": "tuple", "__value__": [{"ref": one}, {"ref": other}]}
            for one, other in some
        ]
        for verdict, some in ({"distinct": [], "match": []} | said).items()
    }
    file.write_text(json.dumps(content), "utf-8")
    return file


def codes(lists: Lists, ident: int) -> dict[str, str]:
    with lists.app() as app:
        found = explain(app, Ref("files", Kind.COMPANY, f"virksomheder.csv#{ident}")).found
    return {
        one.finding.code: one.finding.details.get("others", "") for one in found if not one.gone_at
    }


def test_clusters_are_found_within_a_list_and_across_lists(tmp_path: Path, store_url: str) -> None:
    lists, file = place(tmp_path, store_url), tmp_path / "clusters.csv"
    with lists.app() as app:
        told = export_clusters(app, file, companies=True)
    found = rows(file)
    assert (told.clusters, told.records) == (2, 5)
    assert [(one["Cluster ID"], one["ref"], one["confidence_score"]) for one in found] == [
        ("0", ref(1), "0.98"), ("0", ref(2), "0.98"), ("0", ref(3), "0.9"),
        ("1", ref(4), "0.98"), ("1", ref(9, "z.csv"), "0.98"),
    ]  # fmt: skip
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with lists.app() as app, pytest.raises(UserError, match=r"doubles\.exists"):
        export_clusters(app, file, companies=True)


def test_a_label_is_a_proposal_by_a_named_person_and_changes_nothing(
    tmp_path: Path, lists: Lists
) -> None:
    before = lists.rows("virksomheder.csv")
    file = training(tmp_path / "t.json", match=[(ref(2), ref(1)), (ref(1), ref(4))])
    with lists.app() as app:
        told = import_labels(app, file, BY)
        assert (told.match, told.distinct, told.unknown) == (2, 0, [])
        with app.store.reading() as tx:
            said = labels.standing(tx)
            held = mirror.held(tx, [rid for rids in said for rid in rids])
        assert {one.by for one in said.values()} == {BY}
        assert {tuple(str(held[rid].record.ref) for rid in rids) for rids in said} == {
            (ref(1), ref(2)), (ref(1), ref(4)),
        }  # fmt: skip
        verify(app)
    assert codes(lists, 1)["double_proposed"] == f"{ref(2)}, {ref(4)}"
    lists.dry()
    assert "double_proposed" in codes(lists, 1), "a pass leaves it where it is"
    assert lists.rows("virksomheder.csv") == before


def test_the_last_word_about_a_pair_counts(tmp_path: Path, lists: Lists) -> None:
    with lists.app() as app:
        one = training(tmp_path / "a.json", match=[(ref(1), ref(4))])
        other = training(tmp_path / "b.json", distinct=[(ref(4), ref(1))])
        import_labels(app, one, BY)
        assert import_labels(app, one, BY).known == 1
        assert import_labels(app, other, "Birk Blyant").distinct == 1
    assert "double_proposed" not in codes(lists, 1)


def test_what_went_out_comes_in_and_goes_out_the_same(
    tmp_path: Path, lists: Lists, first: Path
) -> None:
    said = training(
        tmp_path / "t.json", match=[(ref(1), ref(2))], distinct=[(ref(3), ref(4)), (ref(1), ref(4))]
    )
    one, two = tmp_path / "first.json", tmp_path / "second.json"
    with lists.app() as app:
        import_labels(app, said, BY)
        told = export_training(app, one, companies=True)
        assert (told.match, told.distinct) == (1, 2)
    other = copy(first, tmp_path / "other")
    with other.app() as app:
        assert import_labels(app, one, "Birk Blyant").exit_code == Exit.OK
        export_training(app, two, companies=True)
        empty = export_training(app, tmp_path / "people.json", companies=False)
        assert (empty.match, empty.distinct) == (0, 0)
    assert one.read_bytes() == two.read_bytes()
    [pair] = json.loads(one.read_bytes())["match"]
    assert pair["__value__"][0]["company_name"] == "Opdigt Fabel ApS"


def test_clusters_come_in_by_their_fields_where_they_have_no_ref(
    tmp_path: Path, lists: Lists
) -> None:
    file = tmp_path / "clustered.csv"
    file.write_text(
        "Cluster ID,cvr,company_name,city\n"
        "0,90000004,opdigt fabel aps,odense c\n0,90000012,noget andet a/s,vejle\n"
        "1,90000012,noget andet,vejle\n1,,opdigt fabel,odense c\n2,90000004,ukendt,\n2,,,\n",
        "utf-8",
    )
    with lists.app() as app:
        told = import_labels(app, file, BY)
    assert (told.match, told.unknown) == (1, [5, 7]), "a name and a town alone are not one record"
    assert codes(lists, 1)["double_proposed"] == ref(4)


def test_what_cannot_be_noted_is_told_by_its_place(tmp_path: Path, lists: Lists) -> None:
    wrong = [(ref(1), ref(1)), (ref(1), ref(77)), ("\0", ref(1)), (ref(1), "files/nothing")]
    file = training(tmp_path / "t.json", match=[(ref(1), ref(2)), *wrong])
    with lists.app() as app:
        told = import_labels(app, file, BY)
    assert (told.match, told.same, told.unknown) == (1, 1, [3, 4, 5])
    assert told.exit_code == Exit.CHANGES


def test_what_is_no_such_file_is_refused(tmp_path: Path, lists: Lists) -> None:
    file = tmp_path / "wrong"
    deep = b"[" * 100_000
    with lists.app() as app:
        for content in (b"", b"{", deep, b'{"match": 7}', b"\xff", b"a,b\n1,2\n", b"\0"):
            file.write_bytes(content)
            with pytest.raises(UserError, match=r"doubles\.no_file"):
                import_labels(app, file, BY)
        with pytest.raises(UserError, match=r"doubles\.nobody"):
            import_labels(app, file, "  ")


def test_the_commands_say_what_they_did(tmp_path: Path, lists: Lists) -> None:
    def call(*args: str) -> Result:
        options = (
            "--path",
            str(lists.root),
            "--state",
            str(lists.folder / "state"),
            "--lang",
            "en",
        )
        return CliRunner().invoke(program, [*args, *options])

    out = tmp_path / "out.csv"
    assert (
        "2 clusters with 5 records"
        in call("doubles", "export", str(out), "--of", "companies").output
    )
    told = call("doubles", "import", str(out), "--by", BY)
    assert told.exit_code == Exit.OK
    assert f"proposed by {BY}: 3 pairs are one" in told.output
    found = call("findings", "--code", "double_proposed")
    assert BY in found.output
    named = call("doubles", "import", str(out))
    assert named.exit_code == Exit.USER
