"""One call of the command line: what the global options said, and how to get from there to an app.

The shell knows no rule and no table. It reads settings, opens the app, shows results, and says
errors; it imports the heavy parts only when a command needs them.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sync.output import as_json, say
from sync.texts import LANGUAGES, Texts, language

if TYPE_CHECKING:
    from sync.app import App
    from sync.output import Progress
    from sync.settings import Settings


@dataclass(slots=True)
class Shell:
    """The object of click's context. `path` is what is audited, when the command line says it."""

    lang: str
    lang_asked: bool = False
    json: bool = False
    path: Path | None = None
    state: Path | None = None
    settings: Path | None = None
    report: tuple[Path, ...] = ()
    quiet: bool = False
    verbose: bool = False
    color: bool | None = None
    home: Path | None = field(default=None, init=False)
    """The state folder, once settings were read: where a crash file goes."""

    @classmethod
    def of(cls, args: Sequence[str]) -> Shell:
        """What has to be known before the arguments are parsed: the language, and errors as JSON."""
        own = list(args[: args.index("--")] if "--" in args else args)
        asked = next((_value(own, at) for at, arg in enumerate(own) if _is_lang(arg)), "")
        known = asked in LANGUAGES
        return cls(asked if known else language(), lang_asked=known, json="--json" in own)

    @property
    def texts(self) -> Texts:
        """The texts in the language of this call."""
        return Texts(self.lang)

    @property
    def colored(self) -> bool:
        """Whether colours are wanted: `--no-color`, NO_COLOR, a terminal."""
        if self.color is not None:
            return self.color
        return not os.environ.get("NO_COLOR") and sys.stdout.isatty()

    def read_settings(self) -> Settings:
        """The settings of this call; the language may come from them when nobody asked for one."""
        from sync import homes
        from sync.settings import read

        settings = read(file=self.settings, root=self.path, state=self.state, lang=self.lang)
        self.home = (
            settings.state.path if homes.apart(settings.state.path, settings.files.root) else None
        )
        if settings.lang and not self.lang_asked:
            self.lang = settings.lang
        return settings

    def begin(self, *, write_home: bool = True) -> Settings:
        """The settings of this call, with logs set up and the state folder there."""
        from sync import homes
        from sync.logs import set_up
        from sync.service import tracing

        settings = self.read_settings()
        homes.check(settings.home, settings.files.root)
        set_up(settings.logs.format, self.log_level(settings.logs.level))
        tracing.begin(settings)
        if write_home:
            homes.make_home(settings.home, settings.files.root)
        return settings

    @contextlib.contextmanager
    def open(self, *, dry: bool, write_home: bool = True) -> Iterator[App]:
        """The app for this call: settings read, logs set up, store open."""
        from sync.app import open_app

        settings = self.begin(write_home=write_home)
        with open_app(
            settings, actor=actor(), dry=dry, progress=self.progress(), job=_job()
        ) as app:
            yield app

    def log_level(self, configured: str) -> str:
        """What `--quiet` and `--verbose` make of the level in the settings."""
        if self.verbose:
            return "debug"
        return "error" if self.quiet else configured

    def progress(self) -> Progress:
        """Where the stages tell how far they are."""
        from sync.progress import progress_for

        silent = self.quiet or (self.json and not self.verbose)
        return progress_for(sys.stderr, self.texts, quiet=silent, color=self.colored)

    def show(self, result: Any) -> None:
        """Print a result, and write it to each file that `--report` names; their paths come last."""
        if self.json:
            say(as_json(result))
        else:
            from sync.report.terminal import render

            say(render(result, self.lang))
        if self.report:
            from sync.report.page import write_html

            # After the result: a page that cannot be written must not hide what a run has done.
            for path in self.report:
                write_html(result, path, self.lang)
                say(self.texts.get("cli.report_written", path=path), err=self.json)

    def tell(self, result: Any, as_text: Callable[[], str]) -> None:
        """Print a list or sheet: as JSON when that was asked for, else as text."""
        say(as_json(result) if self.json else as_text())

    def finish(self, outcome: Any) -> int:
        """Show the outcome of a run and give its exit code."""
        self.show(outcome.report)
        return int(outcome.exit_code)

    def confirmed(self, question_key: str, *, yes: bool, **args: object) -> bool:
        """Whether to go on: `--yes`, or a person at the terminal who types it. Default: no."""
        if yes:
            return True
        if self.json or not sys.stdin.isatty():
            say(self.texts.get("cli.say_yes"), err=True)
            return False
        say(self.texts.get(question_key, **args) + " " + self.texts.get("cli.yes_no"), err=True)
        return sys.stdin.readline().strip().lower() in {"j", "ja", "y", "yes"}


def _job() -> str:
    """The command that is being called, `suppression add`: the job that calls are counted under."""
    import click

    context = click.get_current_context(silent=True)
    return context.command_path.partition(" ")[2] or "run" if context else "run"


def _is_lang(arg: str) -> bool:
    return arg == "--lang" or arg.startswith("--lang=")


def _value(args: list[str], at: int) -> str:
    name, equals, value = args[at].partition("=")
    del name
    return value if equals else "".join(args[at + 1 : at + 2])


def actor() -> str:
    """Who does this: the name of the operating system's user, behind sudo the person's own."""
    import pwd

    with contextlib.suppress(KeyError, ValueError):
        return pwd.getpwuid(int(os.environ.get("SUDO_UID") or os.getuid())).pw_name
    return f"uid {os.getuid()}"
