"""What the commands about opt-outs say, as text: the answer first, then the story behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time

from rules.keys import Key, KeyKind, fold
from rules.spans import COPENHAGEN
from rules.suppression import SINGLE_CHANNELS, Channel, EventType, Evidence
from sync.output import moment, printable, table
from sync.suppression.around import Called
from sync.suppression.desk import Added, Answer, Chapter, Checked, Story
from sync.texts import Texts


def told_added(added: Added, texts: Texts) -> str:
    """What was recorded."""
    key = "opt_out.added_again" if added.before else "opt_out.added"
    if not added.event:
        key = "opt_out.known"
    channel = texts.get(f"opt_out.on.{added.channel}")
    return texts.get(key, keys=listed(added.keys), channel=channel)


def told_checked(found: Checked, texts: Texts) -> str:
    """The verdict, then a line for each channel."""
    return "\n".join(
        [verdict(found.keys, found.channels, texts), *channels_said(found.channels, texts)]
    )


def told_story(story: Story, texts: Texts) -> str:
    """The verdict, what happened in its order, and where the keys stand now."""
    lines = [verdict(story.keys, story.channels, texts)]
    if story.chapters:
        lines += [*channels_said(story.channels, texts), "", texts.get("opt_out.story")]
        for chapter in story.chapters:
            lines += _chapter(chapter, story.chapters, texts)
    for name, said in (("waiting", waiting_said(story, texts)), ("acts", acts_said(story, texts))):
        if found := list(said):
            lines += ["", texts.get(f"opt_out.{name}"), *found]
    lines += [*around_said(story, texts), "", *_records(story, texts)]
    return "\n".join(lines)


def waiting_said(story: Story, texts: Texts) -> Iterator[str]:
    """What somebody proposed, and nobody has decided."""
    for one in story.waiting:
        yield texts.get(
            f"opt_out.waiting.{one.what}",
            number=one.request,
            entry=one.entry,
            channel=texts.get(f"opt_out.on.{one.channel}"),
            by=printable(one.by),
            at=moment(one.at, texts.lang),
        )


def acts_said(story: Story, texts: Texts) -> Iterator[str]:
    """Who did what. The name that was given, and the login where it is another."""
    for one in story.acts:
        by = one.by or texts.get("opt_out.erased")
        if one.login and fold(one.login) != fold(one.by):
            by = texts.get("opt_out.act.login", by=by, login=one.login)
        act = texts.find(f"act.{one.act}") or one.act
        yield texts.get("opt_out.act", at=moment(one.at, texts.lang), act=act, by=printable(by))


def told_list(found: Sequence[Chapter], texts: Texts) -> str:
    """One line an entry."""
    if not found:
        return texts.get("opt_out.empty")
    columns = ("seq", "heard", "what", "channel", "from", "who", "now")
    headings = [texts.get(f"opt_out.column.{name}") for name in columns]
    rows = [
        [
            str(one.seq),
            moment(one.heard_at, texts.lang),
            texts.get(f"opt_out.type.{one.type}"),
            texts.get(f"opt_out.channel.{one.channel}"),
            one.system,
            listed((*one.keys, *one.carried)) or texts.get("opt_out.erased"),
            _state(one, texts),
        ]
        for one in found
    ]
    return table(headings, rows, right=frozenset({0}))


def _state(one: Chapter, texts: Texts) -> str:
    if one.type not in (EventType.BLOCK, EventType.DERIVED):
        return ""
    if one.stands_for and one.channel is Channel.ALL and len(one.stands_for) < len(SINGLE_CHANNELS):
        channels = joined((texts.get(f"opt_out.channel.{c}") for c in one.stands_for), texts)
        return texts.get("opt_out.stands_for", channels=channels)
    return texts.get("opt_out.stands" if one.standing else "opt_out.ended")


def verdict(keys: Sequence[Key], answers: Sequence[Answer], texts: Texts) -> str:
    """May they be contacted?"""
    stopped = [answer for answer in answers if answer.blocked]
    key = "opt_out.blocked_all" if len(stopped) == len(answers) else "opt_out.blocked_some"
    if not stopped:
        key = "opt_out.free"
    channels = joined((texts.get(f"opt_out.channel.{one.channel}") for one in stopped), texts)
    return texts.get(key, keys=listed(keys), channels=channels)


def channels_said(answers: Iterable[Answer], texts: Texts) -> Iterator[str]:
    """Channel by channel: free, or since when not."""
    for one in answers:
        channel = texts.get(f"opt_out.channel.{one.channel}")
        if not one.blocked:
            yield texts.get("opt_out.line.free", channel=channel)
        elif one.since is None:
            yield texts.get("opt_out.line.since_ever", channel=channel)
        else:
            yield texts.get("opt_out.line.since", channel=channel, at=moment(one.since, texts.lang))


def _chapter(one: Chapter, all_of_them: Sequence[Chapter], texts: Texts) -> Iterator[str]:
    yield f"{one.seq:>4}  {sentence(one, all_of_them, texts)}"
    for line in details(one, texts):
        yield f"      {line}"


def sentence(one: Chapter, all_of_them: Sequence[Chapter], texts: Texts) -> str:
    """What an entry says."""
    return texts.get(
        f"opt_out.chapter.{one.type}",
        at=moment(one.heard_at, texts.lang),
        system=texts.find(f"opt_out.system.{one.system}") or one.system,
        channel=texts.get(f"opt_out.on.{one.channel}"),
        only=texts.get(f"opt_out.channel.{one.channel}"),
        keys=listed((*one.keys, *one.carried)) or texts.get("opt_out.erased"),
        root=_number_of(one.root, all_of_them),
        ref=one.ref,
    )


def _number_of(event: str | None, chapters: Sequence[Chapter]) -> str:
    """People name entries by number."""
    return next((str(one.seq) for one in chapters if one.event == event), "?")


def details(one: Chapter, texts: Texts) -> Iterator[str]:
    """When, who, what proves it, and how far each system is with it: a line each."""
    if one.type in (EventType.BLOCK, EventType.LIFT):
        yield _happened(one.happened_from, one.happened_to, texts)
    facts = {
        "where": one.ref if one.type is EventType.BLOCK else "",
        "name": one.name,
        "said": one.said,
        "source": one.source,
        "by": joined(one.by, texts),
    }
    for name, value in facts.items():
        if value:
            yield texts.get(f"opt_out.fact.{name}", value=printable(value))
    if one.evidence in _TOLD:
        yield texts.get(f"opt_out.fact.{one.evidence}")
    if one.deliveries:
        states = (
            f"{system}: {texts.get(f'opt_out.delivery.{state}')}"
            for system, state in one.deliveries.items()
        )
        yield texts.get("opt_out.fact.deliveries", value=", ".join(states))
    if one.confirmed:
        when = (f"{name} {moment(at, texts.lang)}" for name, at in one.confirmed.items())
        yield texts.get("opt_out.confirmed", value=", ".join(when))
    if one.erased_at:
        yield texts.get("opt_out.fact.erased", value=moment(one.erased_at, texts.lang))
    if one.type in (EventType.BLOCK, EventType.DERIVED):
        yield _state(one, texts)


_TOLD = (Evidence.MERGE, Evidence.PARTY, Evidence.BOUNCE)


def _happened(start: datetime | None, end: datetime, texts: Texts) -> str:
    if start is None:
        return texts.get("opt_out.happened.before", end=moment(end, texts.lang))
    first, last = moment(start, texts.lang), moment(end, texts.lang)
    if first == last:
        return texts.get("opt_out.happened.at", at=first)
    if _is_a_day(start, end):
        return texts.get("opt_out.happened.at", at=first.partition(" ")[0])
    return texts.get("opt_out.happened.between", start=first, end=last)


def _is_a_day(start: datetime, end: datetime) -> bool:
    """Whether all that is known is the day in Denmark."""
    first, last = start.astimezone(COPENHAGEN), end.astimezone(COPENHAGEN)
    whole = first.time() == time() and last.time() >= time(23, 59)
    return whole and first.date() == last.date()


def around_said(story: Story, texts: Texts) -> Iterator[str]:
    """Calls, the last release, registers: each under a heading of its own."""
    known = story.around
    if known.calls:
        yield from ("", texts.count("opt_out.calls", known.calls_in_all))
        yield from (f"  {_call(one, texts)}" for one in known.calls)
        if more := known.calls_in_all - len(known.calls):
            yield texts.count("opt_out.more_calls", more)
    if last := known.let_go:
        at, until = moment(last.made_at, texts.lang), moment(last.expires_at, texts.lang)
        told = {"source": printable(last.source), "release": last.release}
        yield from ("", texts.get("opt_out.let_go", at=at, until=until, **told))
    for one in known.registers:
        yield from ("", texts.get("opt_out.on_register", name=one.register, date=one.dated))


def _call(one: Called, texts: Texts) -> str:
    when = moment(one.at, texts.lang) if one.at else texts.get("contact_log.unknown")
    parts = [
        when,
        texts.get(f"contact_log.direction.{one.direction}"),
        one.agent,
        one.call_list,
        texts.get(f"violations.verdict.{one.verdict}"),
    ]
    return " · ".join(printable(part) for part in parts if part)


def _records(story: Story, texts: Texts) -> Iterator[str]:
    if not story.records:
        yield texts.get("opt_out.no_records")
        return
    yield texts.count("opt_out.records", story.records_in_all)
    yield from (f"  {printable(ref)}" for ref in story.records)
    more = story.records_in_all - len(story.records)
    if more:
        yield texts.count("opt_out.more_records", more)


def listed(keys: Sequence[Key]) -> str:
    """Keys as people read them; records only where there is nothing else."""
    shown = [key for key in keys if key.kind is not KeyKind.REF] or keys
    return ", ".join(dict.fromkeys(spelt(key) for key in shown))


def spelt(key: Key) -> str:
    """A key as people read it: Danish numbers in pairs."""
    value = key.value
    if key.kind is KeyKind.PHONE and value.startswith("+45") and len(value) == 11:
        return " ".join(("+45", *(value[at : at + 2] for at in (3, 5, 7, 9))))
    if key.kind is KeyKind.CVR:
        return f"CVR {value}"
    if key.kind is KeyKind.MAIL_DOMAIN:
        return f"@{value}"
    if key.kind is KeyKind.NAME_ADDRESS:
        return ", ".join(part for part in value.split("|") if part not in ("company_name", "cvr"))
    return printable(value)


def joined(parts: Iterable[str], texts: Texts) -> str:
    """`a, b and c`."""
    listed = [part for part in parts if part]
    if len(listed) < 2:
        return "".join(listed)
    return texts.get("opt_out.and", first=", ".join(listed[:-1]), last=listed[-1])
