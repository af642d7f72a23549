"""The steps as Alembic sees them. Importing this takes a tenth of a second: only when needed."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from state.store import Tx

FOLDER = Path(__file__).parent


def known() -> list[str]:
    """The revisions, newest first."""
    return [script.revision for script in directory().walk_revisions()]


def take(tx: Tx) -> None:
    """Take every step that this database lacks, in the open transaction."""
    settings = _config()
    settings.attributes["connection"] = tx
    command.upgrade(settings, "head")


def directory() -> ScriptDirectory:
    """Where the steps lie, in a wheel as in an editable install."""
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    settings.set_main_option("file_template", "%%(slug)s")
    return settings
