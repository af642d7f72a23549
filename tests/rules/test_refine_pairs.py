"""dedupe's files: written as dedupe writes them, read whatever is in them, and the same again."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.refine.pairs import (
    Pair,
    Row,
    Verdict,
    clusters,
    clusters_text,
    pairs_of,
    training,
    training_text,
)

ONE, TWO = {"ref": "files/company/1", "name": "Opdigt"}, {"ref": "files/company/2", "name": None}


def test_a_pair_is_a_tuple_as_dedupe_writes_it() -> None:
    text = training_text([Pair(ONE, TWO, Verdict.MATCH)])
    assert text == (
        '{"distinct": [], "match": [{"__class__": "tuple", "__value__": '
        '[{"ref": "files/company/1", "name": "Opdigt"}, {"ref": "files/company/2", "name": null}]}]}'
    )


CELLS = st.dictionaries(st.text(max_size=6), st.none() | st.text(max_size=6), max_size=4)
PAIRS = st.lists(
    st.tuples(CELLS, CELLS, st.sampled_from(list(Verdict))),
    max_size=6,
    unique_by=lambda one: json.dumps(one[:2], sort_keys=True),
)


@settings(max_examples=40)
@given(PAIRS)
def test_what_was_written_is_read_again(
    some: list[tuple[dict[str, str | None], dict[str, str | None], Verdict]],
) -> None:
    text = training_text(Pair(*one) for one in some)
    found = training(json.loads(text))
    assert sorted(map(str, (one[:3] for one in found.pairs))) == sorted(map(str, some))
    assert training_text(found.pairs) == text


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("0123"), TEXT, TEXT), max_size=8))
def test_clusters_that_were_written_are_read_again(some: list[tuple[str, str, str]]) -> None:
    rows = [
        Row(at, "0.9", {"ref": one or None, "by name": other or None}) for at, one, other in some
    ]
    read = clusters(clusters_text(rows, ("ref", "by name")))
    assert [one[:3] for one in read] == [one[:3] for one in rows]


def test_a_pair_in_both_lists_is_unsure() -> None:
    both = [{"__class__": "tuple", "__value__": [ONE, TWO]}]
    found = training({"distinct": both, "match": [*both, [TWO, ONE]]})
    assert (found.unsure, [pair.verdict for pair in found.pairs]) == ([1], [Verdict.MATCH])


def test_values_of_dedupe_s_own_kinds_are_read_as_text() -> None:
    told = {"name": {"__class__": "tuple", "__value__": ["a", "b"]}, "count": 7, "none": None}
    [pair] = training({"match": [[told, ONE]]}).pairs
    assert pair.first == {"name": "a, b", "count": "7", "none": None}


@pytest.mark.parametrize(
    "told",
    [[], {}, {"match": 7}, {"match": [7]}, {"match": [[ONE]]}, {"match": [[ONE, TWO, ONE]]},
     {"match": [[ONE, "x"]]}, {"match": [{"__class__": "set", "__value__": [ONE, TWO]}]}],
)  # fmt: skip
def test_what_is_no_training_file_is_refused(told: object) -> None:
    with pytest.raises(ValueError, match="no"):
        training(told)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "Cluster ID,x\n1\n", 'Cluster ID\n"1', "\0"])
def test_what_is_no_clustered_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no |length"):
        clusters(text)


def test_each_further_row_of_a_cluster_is_paired_with_its_first() -> None:
    text = "\ufeffcluster_id,name,Confidence_Score\n0,a,0.9\n1,b,1\n0,c,0.8\n,d,\n,e,\n0,f,0.7\n"
    assert [(one.first, one.second, one.at, one.confidence) for one in pairs_of(clusters(text))] == [
        ({"name": "a"}, {"name": "c"}, 4, "0.8"), ({"name": "a"}, {"name": "f"}, 7, "0.7"),
    ]  # fmt: skip
