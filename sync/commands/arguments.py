"""Types of arguments that click does not know."""

from __future__ import annotations

from typing import Any

import click

from rules.records import Kind, Ref
from sync.texts import Texts


class RefType(click.ParamType[Ref]):
    """`system/kind/id`, as reports print it."""

    name = "ref"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Ref:
        """The reference, or an error that shows the form and the kinds."""
        if isinstance(value, Ref):
            return value
        try:
            return Ref.parse(value)
        except ValueError:
            texts = Texts(getattr(ctx and ctx.find_root().obj, "lang", "en"))
            self.fail(texts.get("usage.ref", kinds=", ".join(Kind)), param, ctx)


REF = RefType()
