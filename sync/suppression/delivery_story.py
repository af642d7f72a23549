"""What the commands about deliveries say, as text."""

from __future__ import annotations

from collections.abc import Iterator

from rules.errors import Exit
from sync.output import moment, number, table
from sync.suppression.deliver import Delivered
from sync.suppression.verify import Compared, Verification
from sync.texts import Texts

_COLUMNS = (
    "written", "shown", "put_back", "unqueued", "lacking", "refused", "waiting", "confirmed", "open",
)  # fmt: skip


def told_delivered(found: Delivered, texts: Texts) -> str:
    """One line a system, then what is still on its way and why."""
    return "\n".join(_lines(found, texts))


def _lines(found: Delivered, texts: Texts) -> Iterator[str]:
    if not found.systems:
        yield texts.get("delivery.no_systems")
        return
    shown = ("waiting", "open") if found.dry else _COLUMNS
    headings = [texts.get("delivery.column.system")]
    headings += [texts.get(f"delivery.column.{name}") for name in shown]
    rows = [
        [texts.find(f"opt_out.system.{name}") or name]
        + [number(getattr(one, column), texts.lang) for column in shown]
        for name, one in found.systems.items()
    ]
    yield table(headings, rows, right=frozenset(range(1, len(headings))))
    yield ""
    left = sum(one.open for one in found.systems.values())
    key = "dry" if found.dry else "open" if left else "done"
    yield texts.get(f"delivery.{key}", count=number(left, texts.lang))
    for failure in found.failures:
        yield texts.get(
            "delivery.failure",
            system=failure.system,
            why=texts.get(failure.message, **failure.details),
        )
    if found.exit_code is not Exit.OK:
        yield texts.get("delivery.again")


def told_verified(found: Verification, texts: Texts) -> str:
    """A statement for each system, with its counts."""
    lines = [texts.get("verify.title", at=moment(found.at, texts.lang))]
    for name, one in found.systems.items():
        lines += _statement(texts.find(f"opt_out.system.{name}") or name, one, texts)
    for failure in found.failures:
        why = texts.get(failure.message, **failure.details)
        lines.append(texts.get("delivery.failure", system=failure.system, why=why))
    return "\n".join(lines)


def _statement(name: str, one: Compared, texts: Texts) -> Iterator[str]:
    yield ""
    yield texts.get(f"verify.{one.verdict}", system=name)
    if one.why:
        yield "  " + texts.get(f"verify.why.{one.why}")
    counts = {
        name: number(count, texts.lang)
        for name, count in one.counts().items()
        if isinstance(count, int)
    }
    if one.entries:
        yield "  " + texts.get(f"verify.read.{one.read}", **counts)
    yield "  " + texts.get("verify.ours", **counts)
    yield "  " + texts.get("verify.theirs", **counts)
    if one.open:
        yield "  " + texts.get("verify.under_way", **counts)
    for cause, times in sorted(one.causes.items()):
        yield "  " + texts.get(f"verify.by.{cause}", count=number(times, texts.lang))
