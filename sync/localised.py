"""Puts the text table into click: help, headings and usage errors in the user's language.

Commands are written without any words. `localise` derives the key of each text from the command's
place in the tree (`cli.run.short`, `.help`, `.examples`; a parameter is `cli.run.dry_run`, or
`cli.option.dry_run` when several commands share it), so a command that lacks a text is found by
walking the tree (tests/sync/test_cli_help.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from click.formatting import HelpFormatter

from sync.texts import Texts

_HEADINGS = {
    "Options": "cli.heading.options",
    "Commands": "cli.heading.commands",
    "Positional arguments": "cli.heading.arguments",
}


class LocalFormatter(HelpFormatter):
    """click's formatter with headings from the text table."""

    def __init__(self, texts: Texts, width: int | None, max_width: int | None) -> None:
        super().__init__(width=width, max_width=max_width)
        self._texts = texts

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The line that shows how the command is called."""
        super().write_usage(prog, args, prefix or self._texts.get("cli.heading.usage") + " ")

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        """A heading with what stands under it."""
        key = _HEADINGS.get(name)
        with super().section(self._texts.get(key) if key else name):
            yield


class LocalContext(click.Context):
    """A context whose help is in the language of the invocation."""

    def make_formatter(self) -> HelpFormatter:
        """The formatter for this context's help."""
        texts = Texts(getattr(self.find_root().obj, "lang", "en"))
        return LocalFormatter(texts, self.terminal_width, self.max_content_width)


def localise(command: click.Command, path: str, texts: Texts) -> click.Command:
    """Give `command`, at `path` ("run", "opt-out.add"), and what it holds their texts."""
    at = f"cli.{path}" if path else "cli.program"
    command.context_class = LocalContext
    command.short_help = texts.find(f"{at}.short")
    command.help = texts.find(f"{at}.help") or command.short_help
    command.options_metavar = texts.get("cli.metavar.options")
    command.epilog = _epilog(at, texts)
    _own_help_option(command)
    for param in command.params:
        _localise_parameter(param, at, texts)
    if isinstance(command, click.Group):
        command.subcommand_metavar = texts.get("cli.metavar.command")
        for name, sub in command.commands.items():
            localise(sub, f"{path}.{name}" if path else name, texts)
    return command


def _epilog(at: str, texts: Texts) -> str:
    """Examples, line by line as they stand, and where the options that all commands take are."""
    lines = (texts.find(f"{at}.examples") or "").strip().splitlines()
    parts = ["\b", texts.get("cli.heading.examples"), *(f"  {line}" for line in lines)]
    if at != "cli.program":
        parts += ["", texts.get("cli.more_options")]
    return "\n".join(parts[0 if lines else -1 :])


def _own_help_option(command: click.Command) -> None:
    """click's own `--help` carries English words; ours is an ordinary parameter named `help`."""
    if command.add_help_option:
        command.add_help_option = False
        command.params.append(
            click.Option(
                ["-h", "--help"], is_flag=True, is_eager=True, expose_value=False, callback=_help
            )
        )


def _help(context: click.Context, _param: click.Parameter, asked: bool) -> None:  # noqa: FBT001
    if asked and not context.resilient_parsing:
        click.echo(context.get_help())
        context.exit()


def _localise_parameter(param: click.Parameter, at: str, texts: Texts) -> None:
    name = param.name or ""
    # The program's own options are the shared ones; a miss would read every file of texts.
    own = None if name == "help" or at == "cli.program" else texts.find(f"{at}.{name}")
    text = own or texts.find(f"cli.option.{name}")
    if isinstance(param, click.Option | click.Argument):
        param.help = text
    if isinstance(param, click.Option) and param.is_flag:
        return
    metavar = texts.find(f"cli.metavar.{name}") or _usual_metavar(param, texts)
    if metavar:
        param.metavar = metavar if isinstance(param, click.Option) else _argument(param, metavar)


def _usual_metavar(param: click.Parameter, texts: Texts) -> str | None:
    """click's own words for a value, where nobody gave better ones."""
    if isinstance(param.type, click.types.IntParamType):
        return texts.get("cli.metavar.limit")
    return texts.get("cli.metavar.text") if param.type is click.STRING else None


def _argument(param: click.Parameter, metavar: str) -> str:
    many = "..." if param.nargs != 1 else ""
    return metavar + many if param.required else f"[{metavar}]{many}"


def usage_problem(error: click.ClickException, texts: Texts) -> tuple[str, str]:
    """What was wrong with the command line, and what to do, in the user's language."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else "sync"
    remedy = texts.get("usage.see_help", command=command)
    match error:
        case click.NoSuchOption():
            text = texts.get("usage.no_such_option", option=error.option_name)
            remedy = _meant(error.possibilities, texts) or remedy
        case click.NoSuchCommand():
            text = texts.get("usage.no_such_command", command=error.command_name)
            remedy = _meant(error.possibilities, texts) or remedy
        case click.MissingParameter():
            text = texts.get("usage.missing", what=_hint(error))
        case click.BadParameter():
            text = texts.get("usage.bad_value", what=_hint(error), why=_why(error, texts))
        case click.BadOptionUsage():
            text = texts.get("usage.bad_option", option=error.option_name)
        case click.UsageError(message=message) if message.startswith("Got unexpected extra"):
            text = texts.get("usage.too_many", command=command)
        case _:
            text = error.format_message()
    return text, remedy


def _meant(names: list[str] | None, texts: Texts) -> str:
    return texts.get("usage.did_you_mean", names=", ".join(names)) if names else ""


def _hint(error: click.BadParameter) -> str:
    if error.param is None:
        return str(error.param_hint or "")
    if isinstance(error.param, click.Option):
        return max(error.param.opts, key=len)
    return error.param.metavar or (error.param.name or "").upper()


def _why(error: click.BadParameter, texts: Texts) -> str:
    kind = error.param.type if error.param else None
    if isinstance(kind, click.Choice):
        return texts.get("usage.one_of", choices=", ".join(map(str, kind.choices)))
    if isinstance(kind, click.IntRange):
        return texts.get("usage.whole_number_from", least=kind.min)
    if kind is click.INT:
        return texts.get("usage.whole_number")
    return error.message
