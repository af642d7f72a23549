"""The rows that a catalogue's lists make: picklists, yes/no fields, what a title says.

Settings change the lists and add fields, so these rows are built from the catalogue in use, where
those of `rules.cell_rules` and `rules.fills` stand written.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Final

from rules.catalogue import DEFAULT
from rules.cell_rules import TITLE_TABLES, Rule
from rules.fields.field import Choice, Field, Role, Type
from rules.fills import CLEANED, Fill
from rules.formats import choices, titles
from rules.formats.choices import ALL_AS_SAID, Picklist
from rules.formats.formatted import Formatted, Issue

_FOR_THE_LEDGER: Final = frozenset({Role.OPT_OUT, Role.CONSENT, Role.EVIDENCE})
"""What is read into the ledger is evidence, and no rule touches its words."""

_AS_SAID: Final = {
    # Whether somebody said no is read from these words; they stay the words that were said.
    "outcome": frozenset({"opt_out"}),
    "lawful_basis": ALL_AS_SAID,
    # The register has more words for it than the list.
    "company_status": frozenset({"dissolved"}),
}


def list_rules(fields: Iterable[Field], taken: Container[str] = ()) -> tuple[Rule, ...]:
    """The rules of picklists and of plain yes/no fields; not of fields `taken` by another rule.

    A list without values (campaigns, call lists) is the customer's own and has nothing to read.
    """
    free = [
        f
        for f in fields
        if f.name not in taken and f.role not in _FOR_THE_LEDGER and f.kinds & CLEANED
    ]
    lists = {f.name: picklist(f) for f in free if f.type is Type.PICKLIST and f.choices}
    flags = tuple(f.name for f in free if f.type is Type.BOOL)
    return (
        Rule(
            "choice",
            tuple(lists),
            _settled,
            by_its_list,
            choices.VERSION,
            tables=("placeholders",),
            options=tuple(f"{name}={one.digest}" for name, one in lists.items()),
            lists=lists,
        ),
        Rule(
            "yes_no",
            flags,
            choices.settled_bool,
            choices.unsettled_bool,
            choices.VERSION,
            tables=("placeholders", "yes_no"),
        ),
    )


def by_its_list(text: str) -> Formatted:
    """A value as the label by which the field's own list calls it, in the language of the cell.

    What stands in a file is a label (`Møde booket`, `Meeting booked`), not a stored value
    (`meeting_booked`), because people filter by it. Small and capital letters, blanks, accents and
    the list's other spellings make no difference. Another value stays: in a closed list it is
    reported with those that are allowed (`choice_unknown`), in an open list it is right. Opt-outs
    among the outcomes, and lawful basis, keep the words in which they were said. (R16, R18–R20)
    """
    return Formatted(text)


def _settled(_: str) -> bool:
    """Of a field without a list of its own there is nothing to say."""
    return True


@lru_cache(maxsize=512)
def picklist(field: Field) -> Picklist:
    """The values of a field."""
    as_said = _AS_SAID.get(field.name, frozenset())
    return Picklist(field.choices, closed=field.closed, as_said=as_said)


def within_lists(rows: Iterable[Fill], fields: Iterable[Field]) -> tuple[Fill, ...]:
    """The rows, of which those that fill a list of the user's own give only what that list has."""
    own = {f.name: f for f in fields if f.choices and f.choices != _usual(f.name)}
    return tuple(_within(row, own[row.target]) if row.target in own else row for row in rows)


def _usual(name: str) -> tuple[Choice, ...]:
    field = DEFAULT.get(name)
    return field.choices if field else ()


def _within(row: Fill, field: Field) -> Fill:
    if row.fill is None or field.type is not Type.PICKLIST:
        return row
    labels = (choice.da for choice in field.choices)
    return replace(row, fill=partial(_listed, row.fill, picklist(field)), options=tuple(labels))


def _listed(
    fill: Callable[..., Formatted], values: Picklist, *texts: str, **told: object
) -> Formatted:
    """What `fill` says, as the list calls it; no value where the list has none for it."""
    made = fill(*texts, **told)
    label = values.label(values.value(made.value)) if made.value else ""
    return made._replace(value=label or None, reason=made.reason if label else "")


def title_fills(fields: Iterable[Field]) -> tuple[Fill, ...]:
    """Function and level beside a title (R37), as far as the catalogue has them."""
    lists = {f.name: picklist(f) for f in fields if f.name in {"function", "seniority"}}
    rows = []
    if "function" in lists:
        says = titles.Function(lists["function"])
        rows.append(_from_title("function", lists, says.fill, says.check))
    if "seniority" in lists:
        rows.append(_from_title("seniority", lists, titles.Seniority(lists["seniority"]).fill))
    return tuple(rows)


def _from_title(
    target: str,
    lists: Mapping[str, Picklist],
    fill: Callable[[str], Formatted],
    check: Callable[[str, str], Sequence[Issue]] | None = None,
) -> Fill:
    name = f"{target}_from_title"
    tables = ("placeholders", *TITLE_TABLES)
    options = (f"{target}={lists[target].digest}",)
    return Fill(
        name, target, ("title",), fill, titles.VERSION, check, tables=tables, options=options
    )
