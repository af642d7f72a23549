"""What is wrong with the settings: each problem with its place, its key and what to do.

All problems are told at once, in the user's language, and none of them shows a value: it may be a
secret.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rules.errors import UserError
from sync.texts import Texts

_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `kind` is a text key `settings.problem.<kind>` with its `.remedy`."""

    where: str
    key: str
    kind: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """A problem in the user's language, as `--json` shows it."""

    where: str
    key: str
    message: str
    remedy: str


class SettingsError(UserError):
    """All that is wrong with the settings; `problems` holds one entry for each."""

    def __init__(self, problems: Iterable[Problem], texts: Texts) -> None:
        in_order = sorted(problems, key=lambda problem: _order(problem.where))
        self.problems = tuple(_told(problem, texts) for problem in in_order)
        lines = "\n".join(
            texts.get(
                "settings.problem_line",
                where=one.where,
                key=one.key,
                message=one.message,
                remedy=one.remedy,
            )
            for one in self.problems
        )
        super().__init__("error.settings", "error.settings.remedy", problems=lines)

    def __str__(self) -> str:
        return str(self.details["problems"])


def _order(where: str) -> tuple[str, int]:
    """By file, then by line."""
    name, _, line = where.rpartition(":")
    return (name, int(line)) if line.isdigit() else (where, 0)


def _told(problem: Problem, texts: Texts) -> Told:
    key = f"settings.problem.{problem.kind}"
    args = {"key": problem.key, **problem.details}
    nearest = args.get("nearest")
    remedy = f"{key}.remedy_near" if nearest else f"{key}.remedy"
    return Told(problem.where, problem.key, texts.get(key, **args), texts.get(remedy, **args))


def dotted(key: Iterable[str]) -> str:
    """A key path as TOML writes it: files.named."contacts.csv".kind."""
    return ".".join(part if _BARE.fullmatch(part) else f'"{part}"' for part in key)


def nearest(name: str, names: Iterable[str]) -> str:
    """The known name that is most like `name`, or "" when none is."""
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return close[0] if close else ""


_KINDS = {
    "extra_forbidden": "unknown_key",
    "literal_error": "one_of",
    "enum": "one_of",
    "int_parsing": "whole_number",
    "int_type": "whole_number",
    "int_from_float": "whole_number",
    "float_parsing": "number",
    "float_type": "number",
    "bool_parsing": "yes_or_no",
    "bool_type": "yes_or_no",
    "greater_than_equal": "too_small",
    "less_than_equal": "too_large",
    "string_type": "text",
    "string_too_short": "one_character",
    "string_too_long": "one_character",
    "string_pattern_mismatch": "country_code",
    "path_type": "text",
    "dict_type": "table",
    "model_type": "table",
    "model_attributes_type": "table",
    "encoding": "encoding",
    "address": "address",
    "elsewhere": "elsewhere",
    "host": "host",
    "certificate_half": "certificate_half",
    "open_listener": "open_listener",
    "open_mailbox": "open_mailbox",
    "mailbox_microsoft": "mailbox_microsoft",
    "mailbox_google": "mailbox_google",
    "page_nameless": "page_nameless",
    "oidc_half": "oidc_half",
    "metrics_open": "metrics_open",
    "refine_open": "refine_open",
    "origin": "origin",
    "steps_file": "steps_file",
    "outward_address": "outward_address",
    "agent": "agent",
    "quiet_form": "quiet_form",
    "quiet_always": "quiet_always",
    "salesforce_login": "salesforce_login",
    "dynamics_login": "dynamics_login",
    "activecampaign_login": "activecampaign_login",
    "activecampaign_zone": "activecampaign_zone",
    **{
        f"schedule_{why}": f"schedule_{why}"
        for why in ("form", "night", "short", "long", "opt_outs")
    },
    "secret_form": "secret_form",
    "secret_env": "secret_env",
    "secret_file": "secret_file",
    "secret_keyring": "secret_keyring",
}


def kind_of(error_type: str) -> str:
    """Our name of a kind of mistake that pydantic found."""
    return _KINDS.get(error_type, "wrong")


def details_of(context: dict[str, Any] | None) -> dict[str, Any]:
    """What the texts need of pydantic's context: bounds and choices, never the value."""
    context = context or {}
    known = {name: context[name] for name in ("name",) if name in context}
    if "expected" in context:
        known["choices"] = str(context["expected"]).replace("'", "").replace(" or ", ", ")
    if "ge" in context or "le" in context:
        known["bound"] = context.get("ge", context.get("le"))
    return known
