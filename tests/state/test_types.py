"""Column types: the same answers on both databases, and nothing lost on the way."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from databases import rolled_back
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from state.store import Store, Tx, bulk
from state.tables import BigId
from state.types import Json, UtcDateTime, encode

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)

_metadata = sa.MetaData()
things = sa.Table(
    "things",
    _metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("at", UtcDateTime, nullable=True),
    sa.Column("json", Json, nullable=True),
    sa.Column("number", sa.BigInteger, nullable=True),
    sa.Column("text", sa.Text, nullable=True),
    sa.Column("flag", sa.Boolean, nullable=True),
    sqlite_strict=True,
)

MOMENTS = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001  the zone comes from `timezones`
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, COPENHAGEN, timezone(timedelta(hours=-11, minutes=-30))]),
)
# PostgreSQL keeps no NUL in text; the connectors report such a cell as a finding.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture
def small(store: Store) -> Store:
    with store.transaction() as tx:
        _metadata.create_all(tx)
    return store


@pytest.fixture
def tx(small: Store) -> Iterator[Tx]:
    with rolled_back(small) as tx:
        yield tx


@SHARED
@given(moment=MOMENTS)
@example(datetime(2026, 10, 25, 2, 30, tzinfo=COPENHAGEN, fold=0))
@example(datetime(2026, 10, 25, 2, 30, tzinfo=COPENHAGEN, fold=1))
def test_a_moment_comes_back_as_the_same_moment_in_utc(small: Store, moment: datetime) -> None:
    with rolled_back(small) as tx:
        tx.execute(sa.insert(things).values(at=moment))
        found = tx.execute(sa.select(things.c.at)).scalar_one()
    assert found == moment.astimezone(UTC)
    assert found.utcoffset() == timedelta(0)


@SHARED
@given(moments=st.lists(MOMENTS, min_size=2, max_size=12))
def test_the_database_sorts_and_compares_moments_by_time(
    small: Store, moments: list[datetime]
) -> None:
    with rolled_back(small) as tx:
        bulk(
            tx,
            sa.insert(things).values(at=sa.bindparam("b_at", type_=UtcDateTime())),
            [(m,) for m in moments],
        )
        found = list(tx.execute(sa.select(things.c.at).order_by(things.c.at)).scalars())
        before = tx.execute(
            sa.select(sa.func.count()).select_from(things).where(things.c.at < moments[0])
        ).scalar_one()
    assert found == sorted(moment.astimezone(UTC) for moment in moments)
    assert before == sum(moment < moments[0].astimezone(UTC) for moment in found)


def test_a_moment_without_a_zone_is_refused(tx: Tx) -> None:
    naive = datetime(2026, 11, 24, 9, 0)  # noqa: DTZ001
    with pytest.raises((ValueError, sa.exc.StatementError), match="without a time zone"):
        tx.execute(sa.insert(things).values(at=naive))
    statement = sa.insert(things).values(at=sa.bindparam("b_at", type_=UtcDateTime()))
    with pytest.raises(ValueError, match="without a time zone"):
        bulk(tx, statement, [(naive,)])


@SHARED
@given(value=JSONS.filter(lambda value: value is not None))
def test_json_comes_back_as_it_was(small: Store, value: object) -> None:
    with rolled_back(small) as tx:
        tx.execute(sa.insert(things).values(json=value))
        bulk(tx, sa.insert(things).values(json=sa.bindparam("b_json", type_=Json())), [(value,)])
        found = list(tx.execute(sa.select(things.c.json)).scalars())
    assert found == [value, value]


def test_no_json_is_null_in_the_database(tx: Tx) -> None:
    tx.execute(sa.insert(things).values(json=None))
    assert tx.execute(sa.select(sa.func.count()).where(things.c.json.is_(None))).scalar_one() == 1


@given(st.dictionaries(TEXTS, st.integers(-(2**53), 2**53), max_size=5))
def test_equal_values_give_equal_text(value: dict[str, int]) -> None:
    assert encode(value) == encode(dict(reversed(value.items())))


@SHARED
@given(number=st.integers(-(2**63), 2**63 - 1), text=TEXTS, flag=st.booleans())
def test_numbers_texts_and_flags_come_back(
    small: Store,
    number: int,
    text: str,
    flag: bool,  # noqa: FBT001
) -> None:
    with rolled_back(small) as tx:
        tx.execute(sa.insert(things).values(number=number, text=text, flag=flag))
        row = tx.execute(sa.select(things.c.number, things.c.text, things.c.flag)).one()
    assert tuple(row) == (number, text, flag)
    assert isinstance(row.flag, bool)


def test_text_in_a_column_of_numbers_is_refused(tx: Tx) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        tx.exec_driver_sql("INSERT INTO things (number) VALUES ('abc')")


def test_ids_count_up(tx: Tx) -> None:
    for _ in range(3):
        tx.execute(sa.insert(things).values(text="x"))
    assert list(tx.execute(sa.select(things.c.id).order_by(things.c.id)).scalars()) == [1, 2, 3]
