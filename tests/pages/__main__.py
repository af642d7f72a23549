"""`make docs`: every page that is made from code and texts, renewed in one go."""

from __future__ import annotations

from pathlib import Path

from pages import (
    api_page,
    boards,
    command_page,
    enrichment_page,
    metrics_page,
    rule_pages,
    settings_page,
)

from rules.catalogue import DEFAULT
from sync import codes, fields
from sync.report.schema import published
from sync.settings.example import example
from sync.texts import Texts

ROOT = Path(__file__).parents[2]
RULES = ROOT / "docs" / "rules"


def everything() -> dict[Path, str]:
    """All generated files with what they must say."""
    docs = ROOT / "docs"
    found = {
        docs / "api.md": api_page.within((docs / "api.md").read_text("utf-8")),
        docs / "findings.md": codes.markdown("en"),
        docs / "fields.md": fields.markdown(DEFAULT, "en"),
        docs / "report.schema.json": published(),
        docs / "settings.md": settings_page.page("en"),
        docs / "indstillinger.md": settings_page.page("da"),
        docs / "commands.md": command_page.page("en"),
        docs / "watching.md": metrics_page.within((docs / "watching.md").read_text("utf-8")),
        docs / "enrichment.md": enrichment_page.within((docs / "enrichment.md").read_text("utf-8")),
        docs / "maalinger.md": metrics_page.page("da"),
        docs / "kommandoer.md": command_page.page("da"),
        ROOT / "deploy" / "settings.example.toml": example(Texts("en")),
        ROOT / "deploy" / "prometheus" / "ringren.rules.yaml": boards.rules("en"),
        ROOT / "deploy" / "prometheus" / "ringren.rules.da.yaml": boards.rules("da"),
        ROOT / "deploy" / "grafana" / "ringren.json": boards.board("en"),
        ROOT / "deploy" / "grafana" / "ringren.da.json": boards.board("da"),
    }
    found |= {RULES / name: text for name, text in rule_pages.pages("en").items()}
    found |= {RULES / "da" / name: text for name, text in rule_pages.pages("da").items()}
    return {path: text.rstrip("\n") + "\n" for path, text in found.items()}


def left_over() -> list[Path]:
    """Pages of rules that there are no longer."""
    return sorted(set(RULES.rglob("*.md")) - everything().keys())


def main() -> None:
    """Write what has changed, remove what is left over, and say which files those are."""
    for path in left_over():
        path.unlink()
        print(f"removed {path.relative_to(ROOT)}")
    for path, text in everything().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            print(f"renewed {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
