"""Column types that behave the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator, TypeEngine


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC: text of fixed width on SQLite, timestamptz on PostgreSQL.

    Naive values are refused: SQLAlchemy's own type drops the zone on SQLite without a word.
    """

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text that sorts like time, or the database's own type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.Text())
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """ValueError for a naive value."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        moment = value.astimezone(UTC)
        if dialect.name == "sqlite":
            # Not strftime: it writes the year 202, a slip in somebody's file, with three digits.
            return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        return moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Always aware, always UTC."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromisoformat(value)
        moment: datetime = value.astimezone(UTC)
        return moment


class StoredMoment(TypeDecorator[Any]):
    """The type of a parameter whose moment `store.moment` has brought into the column's form."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """As the column has it."""
        return UtcDateTime().load_dialect_impl(dialect)


class Json(TypeDecorator[Any]):
    """JSON that SQL may look into on PostgreSQL. Hot columns hold encoded text instead."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """JSONB where there is one."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(JSONB(none_as_null=True))
        return dialect.type_descriptor(sa.Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """The PostgreSQL driver encodes for itself."""
        if value is None or dialect.name == "postgresql":
            return value
        return encode(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """The decoded value."""
        if value is None or dialect.name == "postgresql":
            return value
        return orjson.loads(value)


def encode(value: Any) -> str:
    """JSON text with sorted keys: equal values give equal text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


# STRICT tables of SQLite know five type names; these are the ones that ours compile to.
@compiles(sa.Boolean, "sqlite")
@compiles(sa.BigInteger, "sqlite")
def _integer(*_: Any, **__: Any) -> str:
    return "INTEGER"


@compiles(sa.String, "sqlite")
@compiles(sa.Text, "sqlite")
def _text(*_: Any, **__: Any) -> str:
    return "TEXT"
