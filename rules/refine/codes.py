"""Standard titles and industry codes that a text may mean, from our own tables.

Decided is what the formats themselves would write (`rules.formats.titles`, `industry`): a known
spelling of a title; a code whose system is certain; the official label of one code.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final, NamedTuple

from rules import tables
from rules.folding import fold, tokens
from rules.formats import industry, industry_schemes, titles
from rules.formats.industry_schemes import NOT_TOLD, Scheme, Told
from rules.formats.title_words import key
from rules.refine.ranking import Feature, Likeness, Ranked, best_first, undecided

LANGUAGES: Final = ("da", "en")
_LONGEST: Final = 200
_SPELLED_OTHERWISE: Final = 95.0
_WITHIN: Final = 60.0
_EITHER: Final = 78.0
_STEM: Final = 4
_SAME: Final = (Feature("name", 1.0),)


class Title(NamedTuple):
    """A standard title in one language; `title` names it in `titles.csv`."""

    title: str
    lang: str


class Code(NamedTuple):
    """An industry code with its system."""

    scheme: Scheme
    code: str


@cache
def all_titles() -> dict[Title, str]:
    """Each with its name."""
    return {
        Title(row["title"], lang): row[lang]
        for row in tables.rows("titles")
        for lang in LANGUAGES
        if row[lang]
    }


@cache
def all_codes() -> dict[Code, str]:
    """Each with its label."""
    return {
        Code(scheme, code): label
        for scheme in (Scheme.DB25, Scheme.DB07)
        for code, label in industry_schemes.labels(scheme).items()
    }


# --- titles ---------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def titles_like(text: str) -> tuple[Ranked, ...]:
    """The standard titles that a text may be, the likeliest first."""
    if len(text) > _LONGEST:
        return ()
    formatted = titles.title(text)
    name = formatted.value if not formatted.issues else None
    found = [
        Ranked(title, 100.0 if called == text else _SPELLED_OTHERWISE, True, _SAME)
        for title in (_named().get(name, ()) if name else ())
        for called in (all_titles()[title],)
    ]
    taken = {one.key for one in found}
    for title, likeness in _near(key(text)).items():
        if title not in taken and (score := undecided(likeness)):
            found.append(Ranked(title, score, False, (Feature("name", round(likeness, 3)),)))
    return tuple(best_first(_only_one(found) if len(taken) > 1 else found))


def _only_one(found: list[Ranked]) -> Iterator[Ranked]:
    """Of a name that two titles have (`Partner`, Danish and English) the Danish is taken."""
    for one in found:
        if one.match and isinstance(one.key, Title) and one.key.lang != LANGUAGES[0]:
            yield Ranked(one.key, _EITHER, False, one.features)
        else:
            yield one


def _near(wanted: str) -> dict[Title, float]:
    """How alike titles are that begin with the same letter: the others cannot be alike enough."""
    likeness = Likeness(wanted)
    found: dict[Title, float] = {}
    for spelling, title in _spellings().get(wanted[:1], ()):
        found[title] = max(found.get(title, 0.0), likeness.of(spelling))
    return found


@cache
def _spellings() -> dict[str, list[tuple[str, Title]]]:
    """By their first letter."""
    spelled = [(key(name), title) for title, name in all_titles().items()]
    for row in tables.rows("title_variants"):
        title = Title(row["title"], row["language"])
        if title in all_titles():
            spelled.append((key(row["variant"]), title))
    found: dict[str, list[tuple[str, Title]]] = {}
    for spelling, title in spelled:
        found.setdefault(spelling[:1], []).append((spelling, title))
    return found


@cache
def _named() -> dict[str, list[Title]]:
    found: dict[str, list[Title]] = {}
    for title, name in all_titles().items():
        found.setdefault(name, []).append(title)
    return found


# --- industry codes -------------------------------------------------------------------------------


def codes_like(
    text: str, said: str = "", label: str = "", checked: str = "", told: Told = NOT_TOLD
) -> list[Ranked]:
    """The codes that a text may be: a code, or words. `said` names its system; others as `scheme_of`."""
    if len(text) > _LONGEST:
        return []
    formatted = industry.code(text)
    code = formatted.value or ""
    if not any(code in industry_schemes.labels(scheme) for scheme in Scheme):
        return best_first(_by_words(text, said, told))
    own = formatted.spill.get("industry_scheme", said)
    label = label or formatted.spill.get("industry_label", "")
    found = industry_schemes.scheme_of(code, own, label, checked, told)
    schemes = [one for one in Scheme if code in industry_schemes.labels(one)]
    sure = 100.0 if text == code else _SPELLED_OTHERWISE
    decided = [one for one in schemes if found and found[0] is one]
    exact = (Feature("same_code", True),)
    return best_first(
        Ranked(Code(one, code), sure if one in decided else _EITHER, one in decided, exact)
        for one in schemes
    )


def _by_words(text: str, said: str, told: Told) -> Iterator[Ranked]:
    official = industry_schemes.said_by(text)
    wanted = industry_schemes.named(said) or told.header or told.settings
    meant = {one for one in official if wanted in {None, one[0]}}
    for scheme, code in official:
        only = meant == {(scheme, code)}
        yield Ranked(Code(scheme, code), _SPELLED_OTHERWISE if only else _EITHER, only)
    yield from (Ranked(Code(*one), _WITHIN) for one in _within(text))
    stems = {word[:_STEM] for word in tokens(text) if len(word) >= _STEM}
    alike = Likeness(fold(text))
    for one, label in all_codes().items():
        if tuple(one) in official or stems.isdisjoint(_stems(label)):
            continue
        likeness = alike.of(fold(label))
        if score := undecided(likeness):
            yield Ranked(one, score, False, (Feature("name", round(likeness, 3)),))


def _within(text: str) -> Iterator[tuple[Scheme, str]]:
    """The codes of a group: `62`, `6201`."""
    digits = text.replace(".", "").strip()
    if 2 <= len(digits) <= 5 and digits.isascii() and digits.isdigit():
        for one in all_codes():
            if one.code.replace(".", "").startswith(digits):
                yield one


@lru_cache(maxsize=4096)
def _stems(label: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in tokens(label) if len(word) >= _STEM)
