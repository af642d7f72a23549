import sqlalchemy as sa

from state.store import Store
from state.tables import metadata


def test_a_prepared_store_has_every_table(store: Store) -> None:
    with store.reading() as tx:
        found = set(sa.inspect(tx).get_table_names())
    assert found == {*metadata.tables, "alembic_version"}
