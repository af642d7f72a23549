"""Every code of a finding with what it says and how it is mended: the page docs/findings.md."""

from __future__ import annotations

from sync.fields import table
from sync.texts import Texts, every

_SPACE = "finding."
_REMEDY = ".remedy"


def codes() -> list[str]:
    """All codes, in the order of the alphabet. They are stable: settings and scripts may name them."""
    named = (key.removeprefix(_SPACE) for key in every() if key.startswith(_SPACE))
    return sorted(code for code in named if "." not in code)


def markdown(lang: str) -> str:
    """The page."""
    texts = Texts(lang)
    rows = [
        (
            f"`{code}`",
            texts.get(f"{_SPACE}{code}"),
            texts.find(f"{_SPACE}{code}{_REMEDY}") or "",
        )
        for code in codes()
    ]
    head = [texts.get(f"codes.{name}") for name in ("code", "says", "remedy")]
    intro = ["# " + texts.get("codes.title"), "", texts.get("codes.intro"), ""]
    return "\n".join([*intro, *table(head, rows), ""])


def main() -> None:
    """Print docs/findings.md."""
    from sync.output import say

    say(markdown("en").rstrip("\n"))


if __name__ == "__main__":
    main()
