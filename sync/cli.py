"""The command tree, and the one place that turns errors into exit codes.

    sync [OPTIONS] COMMAND …       `ringren` is the same program
    sync --dry-run [PATH]          the same as `sync run --dry-run [PATH]`
    sync --forget [PATH]           the same as `sync forget [PATH]`

A command's name wins over a path: `sync runs` is the command, `./runs` the folder.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from rules.errors import Exit, RingrenError, UserError
from sync.localised import localise, usage_problem
from sync.output import say
from sync.shell import Shell
from sync.texts import LANGUAGES, Texts

INTERRUPTED = 130
PIPE_CLOSED = 141

GROUPS = {
    "repair": {
        "run": "sync.commands.passes:run",
        "apply": "sync.commands.passes:apply",
        "undo": "sync.commands.passes:undo",
        "enrich": "sync.commands.enriching:enrich",
        "reconcile": "sync.commands.reconcile:reconcile",
    },
    "look": {
        "report": "sync.commands.look:report",
        "findings": "sync.commands.findings:findings",
        "explain": "sync.commands.look:explain",
        "parties": "sync.commands.look:parties",
        "doubles": "sync.commands.doubles:doubles",
        "runs": "sync.commands.look:runs",
        "plans": "sync.commands.look:plans",
    },
    "opt_outs": {
        "suppression": "sync.commands.suppression:suppression",
        "list": "sync.commands.lists:list_",
        "registers": "sync.commands.registers:registers",
        "consents": "sync.commands.consents:consents",
        "violations": "sync.commands.violations:violations",
        "alarms": "sync.commands.violations:alarms",
        "contact-log": "sync.commands.violations:contact_log",
        "serve": "sync.commands.serve:serve",
    },
    "settings": {
        "rules": "sync.commands.rules:rules",
        "fields": "sync.commands.fields:fields",
        "init": "sync.commands.setup:init",
        "preview": "sync.commands.rules:preview",
        "refine": "sync.commands.refine:refine",
        "check": "sync.commands.check:check",
        "settings": "sync.commands.check:settings",
        "map": "sync.commands.mapping:map_",
        "provision": "sync.commands.provision:provision",
        "sources": "sync.commands.enriching:sources",
        "linkedin": "sync.commands.linkedin:linkedin",
    },
    "service": {
        "daemon": "sync.commands.daemon:daemon",
        "worker": "sync.commands.daemon:worker",
        "web": "sync.commands.serve:web",
        "users": "sync.commands.users:users",
        "jobs": "sync.commands.daemon:jobs",
        "status": "sync.commands.daemon:status",
        "overview": "sync.commands.daemon:overview",
        "houses": "sync.commands.houses:houses",
        "backup": "sync.commands.backup:backup",
        "archive": "sync.commands.backup:archive",
        "restore": "sync.commands.backup:restore",
        "migrate": "sync.commands.migrate:migrate",
    },
    "program": {
        "forget": "sync.commands.setup:forget",
        "completion": "sync.commands.setup:completion",
    },
}
"""Group → command → where it is defined; imported only when called. In the order of the help."""

COMMANDS = {name: place for group in GROUPS.values() for name, place in group.items()}

ALIASES = {"opt-out": "suppression"}
"""Other names of commands: understood, not listed."""


def _keep(context: click.Context, param: click.Parameter, value: Any) -> None:
    """Note a global option in the shell; given twice, the one nearer to the command's end wins."""
    if value not in (None, ()):
        setattr(context.ensure_object(Shell), str(param.name), value)


def _option(*names: str, **more: Any) -> click.Option:
    return click.Option(list(names), expose_value=False, callback=_keep, **more)


def global_options() -> list[click.Option]:
    """Options that each command takes, before or after its name."""
    path = click.Path(path_type=Path)
    return [
        _option("--path", type=path),
        _option("--state", type=path),
        _option("--settings", type=path),
        _option("--report", type=path, multiple=True),
        _option("--lang", type=click.Choice(LANGUAGES)),
        _option("--json", is_flag=True, default=None),
        _option("--quiet", "-q", is_flag=True, default=None),
        _option("--verbose", "-v", is_flag=True, default=None),
        _option("--no-color", "color", is_flag=True, flag_value=False, default=None),
    ]


class ReaderGone(Exception):
    """Whoever read our output has left. Not an OSError, because click ends those with code 1."""


@contextlib.contextmanager
def _reader_watched() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderGone from error


class Program(click.Group):
    """The root. Loads a command when it is called and runs everything under `guarded`."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the program and leave the process with its exit code; arguments as click's."""
        asked = args[0] if args else extra.pop("args", None)
        given = list(sys.argv[1:] if asked is None else asked)
        standalone = extra.pop("standalone_mode", True)
        shell = Shell.of(given)
        run = super().main
        extra |= {"standalone_mode": False, "obj": shell}
        code = guarded(shell, lambda: run(given, *args[1:], **extra))
        return sys.exit(code) if standalone else code

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """The root context, in the language of this call."""
        extra.setdefault("obj", Shell.of(args))
        localise(self, "", extra["obj"].texts)
        with _reader_watched():
            return super().make_context(info_name, args, parent, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, with `--dry-run [PATH]` and `--forget [PATH]` written out as their commands."""
        return super().parse_args(ctx, self._written_out(args))

    def invoke(self, ctx: click.Context) -> Any:
        """As click's, with a closed pipe taken out of click's hands."""
        with _reader_watched():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which one meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command, give it the global options and its texts."""
        cmd_name = ALIASES.get(cmd_name, cmd_name)
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        _add_global_options(command)
        return localise(command, cmd_name, ctx.find_root().obj.texts)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, but something that looks like a path gets an answer about paths."""
        name = args[0]
        if name not in (*COMMANDS, *ALIASES) and not name.startswith("-"):
            if os.sep in name or Path(name).exists():
                raise UserError("usage.path_alone", path=name)
            raise click.NoSuchCommand(name, possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """For a newcomer: what it is, how one begins, what there is; options last."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        self.format_epilog(ctx, formatter)
        self.format_commands(ctx, formatter)
        click.Command.format_options(self, ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands by what one wants, without importing one of them."""
        texts: Texts = ctx.find_root().obj.texts
        spacing = max(map(len, COMMANDS))
        for group, commands in GROUPS.items():
            rows = [(name.ljust(spacing), texts.get(f"cli.{name}.short")) for name in commands]
            with formatter.section(texts.get(f"cli.group.{group}")):
                formatter.write_dl(rows)

    def _written_out(self, args: list[str]) -> list[str]:
        at = self._command_at(args)
        known = at is not None and args[at] in (*COMMANDS, *ALIASES)
        command = args[at] if at is not None and known else ""
        if "--forget" in args and command in {"", "forget"}:
            rest = [arg for arg in args if arg != "--forget"]
            return rest if command else ["forget", *rest]
        if at is not None and command:
            before, after = args[:at], args[at + 1 :]
            own = [arg for arg in before if arg == "--dry-run"]
            return [arg for arg in before if arg not in own] + [args[at], *own, *after]
        if "--dry-run" in args:
            return ["run", *args]
        return args

    def _command_at(self, args: list[str]) -> int | None:
        """Where the first argument stands that is neither an option nor an option's value."""
        valued = {
            name
            for param in self.params
            if isinstance(param, click.Option) and not param.is_flag
            for name in param.opts
        }
        skip = False
        for at, arg in enumerate(args):
            if skip:
                skip = False
            elif arg == "--":
                return None
            elif arg.startswith("-") and arg != "-":
                skip = arg in valued | {"--only", "--sample", "--allow"}
            else:
                return at
        return None


def _add_global_options(command: click.Command) -> None:
    """Each command takes the global options too; `sync --help` is where they are listed."""
    own = {param.name for param in command.params}
    for option in global_options():
        if option.name not in own:
            option.hidden = True
            command.params.append(option)
    if isinstance(command, click.Group):
        for sub in command.commands.values():
            _add_global_options(sub)


program = Program(
    "sync",
    params=list(global_options()),
    no_args_is_help=True,
    context_settings={"max_content_width": 100},
)


def guarded(shell: Shell, call: Callable[[], Any]) -> int:
    """Run `call`; every error ends here, as a message with a remedy and an exit code."""
    try:
        return _called(call)
    except click.ClickException as error:
        return _failed(shell, Exit.USER, type(error).__name__, *usage_problem(error, shell.texts))
    except (KeyboardInterrupt, click.Abort):
        return _failed(shell, INTERRUPTED, "Interrupted", shell.texts.get("error.interrupted"), "")
    except RingrenError as error:
        return _ringren_error(shell, error)
    except (BrokenPipeError, ReaderGone):
        _let_go_of_output()
        return PIPE_CLOSED
    except Exception as error:  # noqa: BLE001 - the one handler
        from sync.crashes import told

        return _failed(shell, *told(error, shell))
    finally:
        if shell.home:
            from sync.homes import hand_over

            hand_over(shell.home)


def _called(call: Callable[[], Any]) -> int:
    try:
        code = call()
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.ctx.get_help())
        code = Exit.OK
    _flush()
    return code if isinstance(code, int) else int(Exit.OK)


def _flush() -> None:
    """Write out what was printed; what cannot be written must not trouble the interpreter's end."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError:
        _let_go_of_output()
        raise


def _let_go_of_output() -> None:
    """From now on standard output goes nowhere: its reader has gone, or its disk is full."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _ringren_error(shell: Shell, error: RingrenError) -> int:
    message, remedy = shell.texts.of_error(error)
    if error.exit_code is Exit.BUG:
        from sync.crashes import where_to_look

        remedy = where_to_look(error, shell)
    problems = getattr(error, "problems", ())
    return _failed(shell, error.exit_code, type(error).__name__, message, remedy, problems=problems)


def _failed(
    shell: Shell, code: int, kind: str, message: str, remedy: str, *, problems: Sequence[Any] = ()
) -> int:
    """Say on standard error what went wrong, as text or as JSON."""
    if shell.json:
        from sync.output import as_json

        error = {"exit_code": code, "kind": kind, "message": message, "remedy": remedy}
        say(as_json({"error": error | ({"problems": problems} if problems else {})}), err=True)
        return code
    say(shell.texts.get("error.line", message=message), err=True)
    if remedy:
        say(shell.texts.get("error.remedy_line", remedy=remedy), err=True)
    return code


def _open_streams() -> None:
    """Standard streams that exist and never fail for a sign that they lack.

    One that whoever started us had closed leads nowhere: no file of ours may take its place.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            mode = "r" if name == "stdin" else "w"
            nowhere = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - to the end
            setattr(sys, name, nowhere)
        elif isinstance(stream, io.TextIOWrapper) and name != "stdin":
            stream.reconfigure(errors="replace")


def main() -> NoReturn:
    """The entry point of both console scripts."""
    _open_streams()
    program()
    raise AssertionError  # click leaves the process
