"""The store: tables, migrations and transactions on SQLite or PostgreSQL. See README.md."""
