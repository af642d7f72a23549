"""Settings: one TOML file, the environment, secrets. Read once, checked whole, then handed on.

    settings = read(file=None, root=Path("customers"), state=None, lang="da")

`read` raises `SettingsError` with every mistake at once: file, line, key, remedy.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
)
from pydantic_settings import SettingsError as UnreadableEnvironment

from rules.errors import UserError
from rules.records import Kind
from sync import homes, masking
from sync.settings import secrets_file, sources
from sync.settings.misnamed import misnamed
from sync.settings.model import PREFIX, FileSettings, Settings
from sync.settings.problems import Problem, SettingsError, details_of, dotted, kind_of, nearest
from sync.texts import Texts

__all__ = ["FileSettings", "Settings", "SettingsError", "fingerprint", "read"]


def read(
    *,
    file: Path | None = None,
    root: Path | None = None,
    state: Path | None = None,
    lang: str = "en",
) -> Settings:
    """The settings of this call; `root` and `state` are what the command line says.

    Fills in `files.root` and `state.path` where they follow from each other. SettingsError when
    anything is wrong, UserError when it is unclear which folder is meant.
    """
    found = sources.read_file(sources.find_file(file))
    texts = Texts(lang)
    open_ones = secrets_file.take(found.path, found.values)
    early = [*found.problems, *open_ones, *sources.environment_problems(os.environ, found)]
    said: dict[str, Any] = {
        **({"files": {"root": root}} if root else {}),
        **({"state": {"path": state}} if state else {}),
    }
    try:
        settings = _sourced(found, said)
    except ValidationError as error:
        late = [*_problems(error, found), *misnamed(found.values, found, texts)]
        raise SettingsError([*early, *late], texts) from None
    except UnreadableEnvironment as error:
        raise SettingsError([*early, _no_json(str(error))], texts) from None
    early += misnamed(settings.model_dump(), found, texts)
    if early:
        raise SettingsError(early, texts)
    if file:
        beside = {"path": root, "state": state}
        settings._given = {"settings": file, **{k: v for k, v in beside.items() if v}}  # noqa: SLF001
    for secret in _secrets(settings):
        masking.remember_secret(secret.get_secret_value())
    return _at_home(settings)


_FILE: ContextVar[Mapping[str, Any]] = ContextVar("file")
"""What the file says that is being read: pydantic asks the class for sources, not the call."""


class _Sourced(Settings):
    """`Settings` with its sources in their order."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings
        keyring = InitSettingsSource(settings_cls, sources.keyring_values())
        toml = InitSettingsSource(settings_cls, dict(_FILE.get()))
        folders = [str(path) for path in sources.secrets_folders()]
        if not folders:
            return init_settings, env_settings, keyring, toml
        secrets = NestedSecretsSettingsSource(
            file_secret_settings,
            secrets_dir=folders,
            secrets_prefix=PREFIX,
            secrets_nested_delimiter="__",
        )
        return init_settings, env_settings, secrets, keyring, toml


def _sourced(file: sources.File, said: dict[str, Any]) -> Settings:
    token = _FILE.set(file.values)
    try:
        return _Sourced(**said)
    finally:
        _FILE.reset(token)


def _problems(error: ValidationError, file: sources.File) -> Iterator[Problem]:
    for one in error.errors(include_url=False, include_input=False):
        key = tuple(str(part) for part in one["loc"])
        while key and not file.has(key) and len(key) > 1 and _is_inner(key):
            key = key[:-1]
        details = details_of(one.get("ctx"))
        kind = kind_of(one["type"])
        where = file.where(key)
        if kind == "unknown_key":
            if where.startswith("$"):
                continue  # told already, as an unknown name
            near = nearest(key[-1], _siblings(key))
            details |= {"nearest": near} if near else {}
        yield Problem(where, dotted(key), kind, details)


def _is_inner(key: tuple[str, ...]) -> bool:
    """pydantic adds names of its own for the branches of a union, e.g. `constrained-int`."""
    return "-" in key[-1] or "[" in key[-1]


def _siblings(key: tuple[str, ...]) -> list[str]:
    """The keys that may stand where the last of `key` stands; empty where people make them up."""
    at: Any = Settings
    for part in key[:-1]:
        model = sources.section_of(at)
        if model is None:
            at = get_args(at)[1] if get_origin(at) is dict else None
        else:
            at = model.model_fields[part].annotation if part in model.model_fields else None
    model = sources.section_of(at)
    return list(model.model_fields) if model else []


def _no_json(message: str) -> Problem:
    section = message.partition('"')[2].partition('"')[0]
    name = f"{PREFIX}{section.upper()}"
    return Problem(f"${name}", section, "no_json")


def _secrets(value: Any) -> Iterator[SecretStr]:
    if isinstance(value, SecretStr):
        yield value
    elif hasattr(type(value), "model_fields"):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name))


def _at_home(settings: Settings) -> Settings:
    """The settings with the audited folder and the state folder that belong to each other."""
    root, home = settings.files.root, settings.state.path
    root = root.expanduser() if root else None
    home = home.expanduser() if home else None
    if home and not root:
        root = homes.read_home(home).audited
    elif root and not home:
        home = homes.home_of(root)
    elif not root and not home:
        known = homes.known_homes()
        if len(known) > 1:
            names = ", ".join(str(one.audited) for one in known)
            raise UserError("error.which_folder", known=names)
        root, home = (known[0].audited, known[0].folder) if known else (None, None)
    files = settings.files.model_copy(update={"root": root})
    state = settings.state.model_copy(update={"path": home})
    return settings.model_copy(update={"files": files, "state": state})


def fingerprint(settings: Settings, kind: Kind | None = None) -> str:
    """A stable hash of all settings beside the rules that decisions about `kind` depend on.

    Of all kinds for None: what a plan depends on. Which rules are on is told by the rules
    themselves (`rules.hygiene.fingerprint`); how a file is read, by what was read. Limits, logs,
    places and lives are not in it: they decide whether something is done, not what.
    """
    chosen = settings.model_dump(mode="json", include={"region", "suppression"})
    chosen["flips"] = settings.limits.flips
    chosen["fields"] = {
        name: one for name, one in settings.fields.items() if _concerns(name, one, kind)
    }
    if kind is None:
        if settings.parties.fill != "off":
            chosen["parties"] = sorted(settings.parties.fields)
        chosen["files"] = settings.files.model_dump(
            mode="json", exclude={"root", "max_workbook_mb", "do_not_call", "do_not_call_spelling"}
        )
        for system in (settings.salesforce, settings.hubspot, settings.dynamics):
            chosen[type(system).__name__.lower()] = system.model_dump(
                mode="json", include={"objects", "fields"}
            )
        for mailer in (settings.mailchimp, settings.activecampaign):
            if mailer.is_used:
                chosen[type(mailer).__name__.lower()] = mailer.model_dump(include={"fields"})
    text = json.dumps(chosen, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _concerns(name: str, override: Mapping[str, Any], kind: Kind | None) -> bool:
    """Whether records of `kind` may carry the field that is overridden; None: any records."""
    from rules.catalogue import DEFAULT

    field = DEFAULT.get(name)
    return kind is None or kind in (field.kinds if field else override.get("kinds", ()))
