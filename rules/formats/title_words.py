"""What the words of a job title say: areas, levels, and who stands above whom.

By data alone (`rules/tables/title*.csv`); the grammar is small and written here:

1. A title has parts: what stands between slashes, commas, brackets, `&`, `og` and `and`.
2. Each part has at most one head: a standard title (`Key Account Manager`) or a rank (`chef`,
   `Head of`, `ansvarlig`), alone or as the end of a compound (`eksport` + `chef`). Two heads side
   by side (`Sales Manager Assistant`) are not understood.
3. An area (`salg`, `HR`) says the function of the head in its part; a part of areas alone belongs
   to the head before it, else to the next (`Salgs- og marketingchef`). An area that is named counts
   more than what a general title says by itself (`Partner, salg` is sales).
4. Of several heads the highest gives the level, in the order of the picklist, and its functions
   stand first (`CEO & Founder` is an owner). All functions are kept: none of them contradicts.
   Areas stand in the order in which they are named, but for the head's own, which leads its part.
5. Places and words like `senior` change nothing; `vice` and `assisterende` take one step off.
6. Every word must be known, but for a workplace (`hos`, `ved`, `at`, and what follows `i` unless it
   is an area). One unknown word, and nothing is read at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from rules import tables
from rules.changes import NO_DETAILS, Severity
from rules.fields.choices import SENIORITY

GENERAL: Final = frozenset({"general_management", "administration", "projects", "other"})
"""Functions that a named area outranks, and that no area contradicts."""

_BRACKETS = re.compile(r"([^()]+?)\s*\(([^()]+)\)")
_LEVELS: Final = {choice.value: place for place, choice in enumerate(SENIORITY)}
_STEP_DOWN: Final = {"top": "director", "director": "head", "head": "manager"}
_LONGEST_NAME: Final = 6
_MOST_PIECES: Final = 40


class Reading(NamedTuple):
    """What a title says. `functions`: the highest title's first; `issue`: why nothing is read."""

    functions: tuple[str, ...] = ()
    seniority: str = ""
    issue: str = ""
    severity: Severity = Severity.NOTICE
    details: Mapping[str, str] = NO_DETAILS


class _Word(NamedTuple):
    """One word, or several that belong together. `kind` as in title_words.csv, or `title`.

    `function` of a title may be several, blank between.
    """

    kind: str
    function: str = ""
    seniority: str = ""
    with_area: str = ""


class _Standard(NamedTuple):
    name: str
    word: _Word


_UNKNOWN: Final = _Word("unknown")
_HEADS: Final = frozenset({"title", "rank"})
_LAST: Final = _HEADS | {"department"}
_SHORTEST_FRONT: Final = 2
_NO_COMPANY: Final = frozenset({"area", "qualifier", "department"})


# --- the tables ----------------------------------------------------------------------------------

_AND = re.compile(r"\s*(?:[&+]|\b(?:og|and|samt)\b)\s*")
_NOISE = re.compile(r"[\s.\u2010-\u2015-]+")
_DANISH = (
    str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ö": "oe", "ä": "ae", "é": "e", "ü": "u"}),
    str.maketrans({"æ": "a", "ø": "o", "å": "a", "ö": "o", "ä": "a", "é": "e", "ü": "u"}),
)


def key(text: str) -> str:
    """A title as it is looked up: small letters, no blanks, full stops and hyphens; `og` is `&`."""
    return _NOISE.sub("", _AND.sub("&", text.lower()))


@lru_cache(maxsize=1)
def standard_names() -> frozenset[str]:
    """Every standard title as it is written, in Danish and in English."""
    return frozenset(
        row[language] for row in tables.rows("titles") for language in ("da", "en") if row[language]
    )


@lru_cache(maxsize=1)
def _standards() -> Mapping[str, _Standard]:
    """Look-up key -> standard title: its names, its variants, and both without æ, ø and å."""
    found: dict[str, _Standard] = {}
    by_title = {row["title"]: row for row in tables.rows("titles")}
    for row in by_title.values():
        for language in ("da", "en"):
            if row[language]:
                found.setdefault(key(row[language]), _of(row, language))
    for one in tables.rows("title_variants"):
        found.setdefault(key(one["variant"]), _of(by_title[one["title"]], one["language"]))
    return _with_lost_letters(found)


def _of(row: Mapping[str, str], language: str) -> _Standard:
    return _Standard(row[language], _Word("title", row["function"], row["seniority"]))


def _with_lost_letters(found: dict[str, _Standard]) -> dict[str, _Standard]:
    """The same with `oe` and `o` for `ø` and so on, where that makes one title and not two."""
    more: dict[str, set[_Standard]] = {}
    for spelling, one in found.items():
        for letters in _DANISH:
            more.setdefault(spelling.translate(letters), set()).add(one)
    single = {spelling: next(iter(ones)) for spelling, ones in more.items() if len(ones) == 1}
    return {**single, **found}


@lru_cache(maxsize=1)
def _words() -> Mapping[str, _Word]:
    """Look-up key -> word. A word that title_words.csv has is read as it says there."""
    found = {spelling: one.word for spelling, one in _standards().items()}
    ambiguous = {word: _Word("ambiguous", word) for word in _ambiguous()}
    told = {
        key(row["word"]): _Word(row["kind"], row["function"], row["seniority"], row["with_area"])
        for row in tables.rows("title_words")
    }
    plain = {word.translate(_DANISH[1]): one for word, one in told.items()}
    spelled_out = {word.translate(_DANISH[0]): one for word, one in told.items()}
    return {**plain, **spelled_out, **found, **ambiguous, **told}


@lru_cache(maxsize=1)
def _ambiguous() -> Mapping[str, str]:
    """Look-up key of a word that is several titles -> what it can be."""
    return {key(word): options for word, options in tables.pairs("title_ambiguous").items()}


def standard(text: str) -> str:
    """The standard title that `text` is a spelling of; empty when it is none."""
    found = _standards().get(key(text))
    return found.name if found else ""


# --- words -----------------------------------------------------------------------------------------

_PIECE = re.compile(r"\b[aikp]/s\b|[^\W_]+(?:['’][^\W_]+)*(?:-[^\W_]+)*-?|\S")
_GLUED_BRACKETS = re.compile(r"(?<=\w)\(([^\W_]{1,3})\)")
_SPACED_DASH = re.compile(r"\s[\u2010-\u2015-]+\s")
_SEPARATORS: Final = {**dict.fromkeys("/|;•·,:()[]", ","), **dict.fromkeys("&+", "&")}
_ANDS: Final = dict.fromkeys(("og", "and", "samt", "plus", "und", "och"), "&")


def _pieces(text: str) -> list[str]:
    """The cell in small pieces: words, `&` and `,` (which stands for every other separator)."""
    plain = _GLUED_BRACKETS.sub(r" \1", text.lower().replace(".", " "))
    plain = _SPACED_DASH.sub(" , ", plain)
    found = (_SEPARATORS.get(piece) or _ANDS.get(piece) or piece for piece in _PIECE.findall(plain))
    return list(found)


def _read_words(pieces: Sequence[str]) -> Iterator[_Word]:
    """The longest known words from left to right; separators are words of their own."""
    at = 0
    while at < len(pieces):
        for size in range(min(_LONGEST_NAME, len(pieces) - at), 1, -1):
            several = pieces[at : at + size]
            word = None if "," in several else _words().get("".join(several).replace("-", ""))
            if word and word.kind != "unknown":
                yield word
                break
        else:
            size = 1
            yield from _one(pieces[at])
        at += size


def _one(piece: str) -> Iterator[_Word]:
    if piece in {",", "&"}:
        yield _Word("separator")
        return
    bare = piece.replace("-", "")
    word = _words().get(bare) or _stem(bare)
    compound = () if word else _compound(bare)
    if word or compound:
        yield from (word,) if word else compound
    elif "-" in piece.strip("-"):
        for part in piece.split("-"):
            yield from _one(part)
    else:
        yield _UNKNOWN


def _stem(piece: str) -> _Word | None:
    """An area with the s that joins it to what follows: `salgs-`."""
    word = _words().get(piece[:-1]) if piece.endswith("s") and len(piece) > 2 else None
    return word if word and word.kind == "area" else None


def _compound(piece: str) -> tuple[_Word, ...]:
    """The two words of a compound: `eksport` + `chef`, `senior` + `konsulent`; none when it is none.

    The second is a head or a department, the longest there is; the first an area or a qualifier.
    """
    for at in range(_SHORTEST_FRONT, len(piece) - 1):
        last = _words().get(piece[at:])
        if last is None or last.kind not in _LAST:
            continue
        first = _words().get(piece[:at]) or _stem(piece[:at])
        if first and (first.kind == "area" or (first.kind == "qualifier" and at > _SHORTEST_FRONT)):
            return (first, last)
    return ()


# --- grammar ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Part:
    """What stands between two separators."""

    heads: list[_Word] = field(default_factory=list)
    areas: list[str] = field(default_factory=list)
    leading: list[str] = field(default_factory=list)
    """Areas of the parts before it that have no head of their own."""
    place: list[_Word] = field(default_factory=list)
    """`hos` or `i` and all that follows it."""
    is_deputy: bool = False
    is_after_of: bool = False
    is_clear: bool = True

    def take(self, word: _Word) -> None:
        """One more word of this part."""
        if self.place or word.kind in {"workplace", "inside"}:
            self.place.append(word)
            self.is_clear = self.is_clear and word.kind not in _HEADS
        elif word.kind in _HEADS:
            self.heads.append(word)
            self.is_clear = self.is_clear and not self.is_after_of
        elif word.kind == "area":
            self.areas.append(word.function)
        elif word.kind == "deputy":
            self.is_deputy = True
        elif word.kind == "of":
            self.is_after_of = True
        elif word.kind == "unknown":
            self.is_clear = False

    def look_inside(self) -> None:
        """`i salg` names an area; `i Dansk Salg A/S` and `hos Salg` name a company."""
        inside = self.place[1:]
        if not inside or self.place[0].kind != "inside" or inside[0].kind != "area":
            return
        if all(word.kind in _NO_COMPANY for word in inside):
            self.areas += [word.function for word in inside if word.kind == "area"]


@dataclass(frozen=True, slots=True)
class _Post:
    """One title that the cell names. Who learns is no specialist, whatever else the cell says."""

    functions: tuple[str, ...]
    seniority: str

    @property
    def level(self) -> int:
        if self.seniority == "trainee":
            return 2 * _LEVELS["specialist"] - 1
        return 2 * _LEVELS.get(self.seniority, len(_LEVELS))


@lru_cache(maxsize=16384)
def read(text: str) -> Reading:
    """What the title says, by the grammar of this module. Total."""
    found = _standards().get(key(text))
    if found:
        return _reading([_post(_Part(heads=[found.word]))])
    if key(text) in _ambiguous():
        return _doubtful(key(text))
    if meant := _explained(text):
        return read(meant)
    pieces = _pieces(text)
    if len(pieces) > _MOST_PIECES:
        return Reading(issue="title_unknown")
    words = list(_read_words(pieces))
    kinds = {word.kind for word in words}
    if "former" in kinds:
        return Reading(issue="title_former", severity=Severity.WARNING)
    if "ambiguous" in kinds:
        return _doubtful(next(word.function for word in words if word.kind == "ambiguous"))
    return _parts(words, kinds)


def _explained(text: str) -> str:
    """The standard title beside an abbreviation that stands for it: `PM (Project Manager)`."""
    found = _BRACKETS.fullmatch(text)
    for short, full in (found.groups(), found.groups()[::-1]) if found else ():
        name = standard(full)
        if name and name in _ambiguous().get(key(short), "").split(" / "):
            return name
    return ""


def _doubtful(word: str) -> Reading:
    """The reading of a title in which `word` (a look-up key) can mean several posts."""
    return Reading(issue="title_ambiguous", details={"options": _ambiguous()[word]})


def _parts(words: Sequence[_Word], kinds: set[str]) -> Reading:
    parts = [_Part()]
    for word in words:
        if word.kind == "separator":
            parts.append(_Part())
        else:
            parts[-1].take(word)
    for part in parts:
        part.look_inside()
    if not all(part.is_clear and len(part.heads) < 2 for part in parts):
        return Reading(issue="title_unknown")
    headed = _joined(parts)
    if headed:
        return _reading([_post(part) for part in headed])
    areas = tuple(dict.fromkeys(area for part in parts for area in part.areas))
    if areas:
        return Reading(areas, issue="title_is_area")
    return Reading(issue="title_is_degree" if "degree" in kinds else "title_unknown")


def _joined(parts: Sequence[_Part]) -> list[_Part]:
    """The parts that have a head, each with the areas of the parts that belong to it."""
    headed: list[_Part] = []
    waiting: list[str] = []
    for part in parts:
        if part.heads:
            part.leading, waiting = waiting, []
            headed.append(part)
        elif headed:
            headed[-1].areas += part.areas
        else:
            waiting += part.areas
    return headed


def _post(part: _Part) -> _Post:
    head = part.heads[0]
    named = (*part.leading, *part.areas)
    own = () if named and head.function in GENERAL else head.function.split()
    seniority = (head.with_area if named else "") or head.seniority
    if part.is_deputy:
        seniority = _STEP_DOWN.get(seniority, seniority)
    return _Post(tuple(dict.fromkeys((*part.leading, *own, *part.areas))), seniority)


def _reading(posts: Sequence[_Post]) -> Reading:
    """All posts together: the highest gives the level, and its functions come first."""
    ordered = sorted(posts, key=lambda post: post.level)
    functions = tuple(dict.fromkeys(name for post in ordered for name in post.functions))
    if not functions and not ordered[0].seniority:
        return Reading(issue="title_unknown")
    return Reading(functions, ordered[0].seniority)
