"""What sections of the settings are made of: the section itself, and secrets, which never show."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, model_validator
from pydantic_core import PydanticCustomError

SECRET = "secret"  # noqa: S105 - the name of a mark, not a password


class Section(BaseModel):
    """A table of the file: unknown keys are refused, and errors never print the value."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SecretReference(Section):
    """Where a secret stands; exactly one of the three."""

    env: str | None = None
    file: Path | None = None
    keyring: str | None = None

    def look_up(self) -> str:
        """The secret; PydanticCustomError `secret_…` when it is not there."""
        if self.env:
            return _found(os.environ.get(self.env), "secret_env", name=self.env)
        if self.file:
            return _found(_first_line(self.file), "secret_file", name=str(self.file))
        return _found(from_keyring(self.keyring or ""), "secret_keyring", name=self.keyring or "")

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(value is not None for value in (self.env, self.file, self.keyring)) != 1:
            raise PydanticCustomError("secret_form", "one of env, file, keyring")
        return self


def _found(secret: str | None, problem: Any, **details: str) -> str:
    if not secret:
        raise PydanticCustomError(problem, "the secret is not there", details)
    return secret


def _first_line(path: Path) -> str | None:
    try:
        return path.expanduser().read_text("utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError):
        return None


def from_keyring(name: str) -> str | None:
    """The secret `name` of the service `ringren`; None without the extra `keyring`, or unlocked."""
    try:
        keyring = importlib.import_module("keyring")
        errors = importlib.import_module("keyring.errors")
    except ModuleNotFoundError:
        return None
    try:
        secret: str | None = keyring.get_password("ringren", name)
    except errors.KeyringError:
        return None
    return secret


def _resolved(value: Any) -> Any:
    return SecretReference.model_validate(value).look_up() if isinstance(value, dict) else value


Secret = Annotated[SecretStr, BeforeValidator(_resolved), SECRET]
"""A secret: text from the environment, a secrets folder or the keyring; a table in the file."""
