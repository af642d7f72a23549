"""What `sync list check` says, as text: how many may be called, why the others may not, by when."""

from __future__ import annotations

from collections.abc import Iterator

from rules.permission import LAW
from sync.calling.releasing import Washed
from sync.output import moment, number, printable
from sync.texts import Texts


def told_washed(found: Washed, texts: Texts) -> str:
    """The figures, the reasons with their paragraphs, the first rows, the release."""
    lang = texts.lang
    channel = texts.get(f"opt_out.on.{found.channel}")
    rows, good = number(found.rows, lang), number(found.callable, lang)
    lines = [texts.get("release.rows", file=found.source, rows=rows, good=good, channel=channel)]
    for code, many in found.reasons.items():
        lines.append(f"  {number(many, lang):>9}  {reason(code, texts)}")
    lines += _first(found, texts)
    lines += _release(found, texts)
    return "\n".join(lines)


def reason(code: str, texts: Texts) -> str:
    """A reason against contact, and the paragraph that it rests on."""
    said = texts.find(f"permission.{code}") or texts.get(f"release.reason.{code}")
    return f"{said} ({texts.get(f'law.{LAW[code]}')})" if code in LAW else said


def _first(found: Washed, texts: Texts) -> Iterator[str]:
    if not found.refused:
        return
    yield texts.get("release.first")
    for one in found.refused:
        why = reason(one.code, texts)
        if isinstance(one.row, str):
            yield texts.get("release.member", ref=printable(one.row), reason=why)
        else:
            yield texts.get("release.row", list=one.stream, row=one.row, reason=why)


def _release(found: Washed, texts: Texts) -> Iterator[str]:
    if found.release and found.expires_at:
        yield texts.get("release.written", file=found.written)
        at = moment(found.expires_at, texts.lang)
        yield texts.get("release.released", release=found.release, at=at)
        return
    yield texts.get("release.none")
    for gap in found.gaps:
        yield f"  {texts.get(f'assurance.{gap.code}', system=gap.system)}"
