"""A small made-up folder, passed over for real, with a clock that stands still."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sync.app import App, open_app
from sync.settings import read

STORY = Path(__file__).with_name("story")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The story's lists in the working folder, and nothing of this machine around them."""
    for name in list(os.environ):
        if name.upper().startswith("RINGREN_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg-state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg-config"))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(STORY, tmp_path / "lists")
    return tmp_path / "lists"


@pytest.fixture
def opened(folder: Path, now: datetime) -> Iterator[Callable[..., App]]:
    """Opens the app on the story, an hour later each time."""
    import contextlib

    with contextlib.ExitStack() as stack:
        calls = iter(range(100))

        def open_it(*, dry: bool, **settings: object) -> App:
            at = now + timedelta(hours=next(calls))
            chosen = read(root=Path("lists"), state=Path("state"))
            if settings:
                chosen = chosen.model_copy(update=settings)
            from sync import homes

            homes.make_home(chosen.home, chosen.files.root)
            return stack.enter_context(open_app(chosen, actor="anna", dry=dry, clock=lambda: at))

        yield open_it
