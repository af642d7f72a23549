"""What the commands about the list as a whole say, as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sync.output import moment, number, printable, table
from sync.suppression.audit import Audited, Status
from sync.suppression.erasing import Erased
from sync.suppression.exporting import Exported
from sync.suppression.importing import Imported
from sync.suppression.keyring import RingKey, Rotated
from sync.texts import Texts


def told_status(found: Status, texts: Texts) -> str:
    """The list in figures, then each system."""
    lines = [
        texts.count("keeping.entries", found.entries)
        if found.entries
        else texts.get("opt_out.empty")
    ]
    for name, many in found.by_type.items():
        lines.append(f"  {texts.get(f'opt_out.type.{name}')}: {number(many, texts.lang)}")
    if found.erased:
        lines.append(texts.get("keeping.erased", count=number(found.erased, texts.lang)))
    if found.newest_at:
        lines.append(texts.get("keeping.newest", at=moment(found.newest_at, texts.lang)))
    if found.waiting:
        lines.append(texts.count("keeping.waiting", found.waiting))
    lines.append(texts.get("keeping.keys", keys=", ".join(found.keys)))
    lines += _systems(found, texts)
    return "\n".join([*lines, texts.get("keeping.head", head=found.head)])


def _systems(found: Status, texts: Texts) -> Iterator[str]:
    for system in sorted({*found.deliveries, *found.compared}):
        yield texts.get("keeping.system", system=system, states=_states(found, system, texts))


def _states(found: Status, system: str, texts: Texts) -> str:
    states: Mapping[str, int] = found.deliveries.get(system, {})
    parts = [
        f"{number(many, texts.lang)} {texts.get(f'opt_out.delivery.{state}')}"
        for state, many in states.items()
    ]
    compared = found.compared.get(system)
    if compared:
        verdict, at = compared
        word = texts.find(f"keeping.compared.{verdict}") or verdict
        parts.append(texts.get("keeping.compared", at=moment(at, texts.lang), verdict=word))
    return ", ".join(parts)


def told_audit(found: Audited, texts: Texts) -> str:
    """Whole or not; where it breaks; what to write down."""
    lines = [
        texts.get(
            "audit.whole" if found.whole else "audit.broken",
            entries=number(found.entries, texts.lang),
            acts=number(found.acts, texts.lang),
            erased=number(found.erased, texts.lang),
        )
    ]
    lines += [
        texts.get(
            f"audit.break.{one.code}", number=one.number, chain=texts.get(f"audit.{one.chain}")
        )
        for one in found.breaks
    ]
    return "\n".join([*lines, texts.get("audit.note", head=found.head)])


def told_export(found: Exported, texts: Texts) -> str:
    """What was written, and how it is checked."""
    key = "export.clear" if found.clear else "export.hashed"
    return texts.get(key, file=found.file, entries=number(found.entries, texts.lang))


def told_import(found: Imported, texts: Texts) -> str:
    """What became of the rows, then those that a person should look at."""
    lines = [
        texts.get(
            "import.done",
            file=found.file,
            rows=number(found.rows, texts.lang),
            new=number(found.new, texts.lang),
            known=number(found.known, texts.lang),
        )
    ]
    if found.unusable:
        lines.append(texts.count("import.unusable", found.unusable))
    for one in found.troubles:
        cause = texts.find(f"report.cause.{one.code}") or one.code
        lines.append(texts.get("import.row", stream=one.stream, row=one.row, cause=cause))
    more = sum(found.codes.values()) - len(found.troubles)
    if more:
        lines.append(texts.count("import.more", more))
    return "\n".join(lines)


def told_erased(done: Erased, texts: Texts) -> str:
    """What is gone, what stays, and where the person still stands."""
    if not (done.entries or done.records or done.left):
        return texts.get("erasing.nothing")
    lines = [
        texts.count("erasing.entries", done.entries),
        *([texts.count("erasing.records", done.records)] if done.records else []),
    ]
    if done.left:
        lines.append(texts.count("erasing.left", done.left_in_all))
        lines += [f"  {printable(ref)}" for ref in done.left]
    return "\n".join(lines)


def told_rotated(done: Rotated, texts: Texts) -> str:
    """The new key, and what still needs those before it."""
    hashed = texts.get("keys.rotated", key=done.key, count=number(done.hashed, texts.lang))
    return "\n".join([hashed, told_keys(done.keys, texts)])


def told_keys(found: Sequence[RingKey], texts: Texts) -> str:
    """One line a key."""
    headings = [texts.get(f"keys.column.{name}") for name in ("key", "since", "state")]
    rows = [[one.id, one.since[:10], _key_state(one, texts)] for one in found]
    return table(headings, rows)


def _key_state(one: RingKey, texts: Texts) -> str:
    if one.newest:
        return texts.get("keys.newest")
    if one.needed:
        return texts.get("keys.needed", count=number(one.needed, texts.lang))
    return texts.get("keys.may_go", key=one.id)
