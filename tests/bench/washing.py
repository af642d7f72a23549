"""A list washed beside hashing alone, and one question beside one raw look-up, on processor time.

    washing.py ROWS ENTRIES FOLDER

Prints JSON: seconds of each. Made-up numbers and addresses; everything in this one process.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

from rules.keys import Key, KeyKind, record_keys
from rules.spans import Span
from rules.suppression import Channel, EventType, Evidence, Statement
from state.ledger import append
from state.quick import Quick
from sync.app import App, open_app
from sync.calling.releasing import Wish, wash
from sync.heap import roomy
from sync.settings import read

SEED = 20261126
QUESTIONS = 20_000
NOW = datetime.now(UTC)


def phone(number: int) -> str:
    """Danish numbers of the block that made-up data use, and beyond it where there are too few."""
    return f"{20_000_000 + number * 7 % 70_000_000:08}"


def write_list(path: Path, rows: int) -> list[tuple[str, str]]:
    """Half of the numbers as people type them; gives (number, address) as written."""
    chance = random.Random(SEED)
    cells = []
    with path.open("w", encoding="utf-8") as file:
        file.write("Firma;Tlf.;Mail\n")
        for number in range(rows):
            digits = phone(number)
            pairs = " ".join((digits[:2], digits[2:4], digits[4:6], digits[6:]))
            typed = f"+45{digits}" if chance.random() < 0.5 else pairs
            mail = f"p{number}@opdigtet-{number % 10_000:04}.dk"
            cells.append((typed, mail))
            file.write(f"Opdigtet {number % 50_000} ApS;{typed};{mail}\n")
    return cells


def block(app: App, numbers: range) -> None:
    """So many numbers say no."""
    said = [
        Statement(
            type=EventType.BLOCK,
            channel=Channel.ALL,
            span=Span(NOW, NOW),
            system="desk",
            keys=(Key(KeyKind.PHONE, "+45" + phone(number)),),
            evidence=Evidence.PERSON,
            identity=("bench", str(number)),
        )
        for number in numbers
    ]
    with app.store.transaction() as tx:
        append(tx, app.keys, said, NOW)


# So many numbers in a row, made by the database itself.
_ENTRIES = (
    "WITH RECURSIVE made(n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM made WHERE n + 1 < ?1 + ?2) "
    "INSERT INTO ledger SELECT n, printf('b%09d', n), 'block', 'all', NULL, ?3, ?3, 'desk', NULL, '',"
    " 'person', 1, 1, x'00', CAST(printf('b%09d', n) || hex(randomblob(11)) AS BLOB), x'00' FROM made"
)
_KEYS = (
    "WITH RECURSIVE made(n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM made WHERE n + 1 < ?1 + ?2) "
    "INSERT INTO ledger_keys SELECT n, 'phone', randomblob(16), ?3, 'named' FROM made"
)


def fill(app: App, entries: int) -> None:
    """Make the list of noes long: rows of the ledger's own tables, without their chain.

    In the order of their indexes, and the index by hash is made afterwards: five million in a minute.
    """
    raw = app.store.engine.raw_connection()
    run, when = raw.driver_connection.cursor().execute, "2026-01-01T00:00:00.000000Z"
    some = (run("SELECT max(seq) FROM ledger").fetchone()[0] + 1, entries)
    by_hash = run("SELECT sql FROM sqlite_master WHERE name = 'ix_ledger_keys_digest'").fetchone()
    run("BEGIN")
    run("DROP INDEX ix_ledger_keys_digest")
    run(_ENTRIES, (*some, when))
    run(_KEYS, (*some, app.keys.newest))
    run(*by_hash)
    run("COMMIT")
    run("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    raw.close()


def seconds(work: Callable[[], object]) -> float:
    """Processor time."""
    start = process_time()
    work()
    return process_time() - start


def hashed(app: App, cells: list[tuple[str, str]]) -> dict[str, float]:
    """Finding the keys of these cells and hashing them, and hashing keys that are found already."""
    ring = app.keys
    values = [{"direct_phone": one, "email": other} for one, other in cells]
    with roomy():
        alone = seconds(lambda: [ring.digests(record_keys(one)) for one in values])
    keys = [tuple(one.key for one in record_keys(one)) for one in values]
    bare = seconds(lambda: [ring.digest(key) for some in keys for key in some])
    return {"keys_and_hashes": alone, "hashes": bare}


def washed(app: App, folder: Path, rows: int) -> dict[str, float]:
    """The whole of `sync list check --out`, beside finding and hashing the keys of the same cells."""
    found = hashed(app, write_list(folder / "list.csv", rows))
    block(app, range(0, rows, 100))
    wish = Wish(Channel.CALL, folder / "clean.csv")
    (folder / "one.csv").write_text("Tlf.;Mail\n68100001;\n", "utf-8")
    wash(app, folder / "one.csv", Wish())
    whole = seconds(lambda: wash(app, folder / "list.csv", wish))
    return found | {"wash": whole}


def asked(app: App) -> dict[str, float]:
    """One question after the other, beside a look-up by number in the same file."""
    raw = app.store.engine.raw_connection()
    ask = raw.driver_connection.cursor().execute
    last = ask("SELECT max(seq) FROM ledger").fetchone()[0]
    chance = random.Random(SEED)
    numbers = [chance.randint(1, last) for _ in range(QUESTIONS)]
    free = [Key(KeyKind.PHONE, f"+4599{chance.randint(0, 999_999):06}") for _ in numbers]
    barred = [Key(KeyKind.PHONE, "+45" + phone(0))] * QUESTIONS
    quick = Quick(app.store, app.keys)

    def look_up() -> None:
        for number in numbers:
            ask("SELECT event_id FROM ledger WHERE seq = ?", (number,)).fetchone()

    def questions(keys: list[Key], answer: bool) -> None:  # noqa: FBT001
        for key in keys:
            assert quick.blocked(key, Channel.CALL, NOW) is answer

    look_up()
    found = {
        "look_up": seconds(look_up),
        "free": seconds(lambda: questions(free, answer=False)),
        "barred": seconds(lambda: questions(barred, answer=True)),
    }
    quick.close()
    raw.close()
    return found


def main(rows: int, entries: int, folder: Path) -> None:
    """Measure both."""
    settings = folder / "settings.toml"
    settings.write_text("[permission]\nunknown_protection = true\n", "utf-8")
    read_in = read(file=settings, root=None, state=folder / "state", lang="en")
    with open_app(read_in, actor="bench", dry=True) as app:
        found = washed(app, folder, rows)
        fill(app, entries)
        found |= asked(app)
    print(json.dumps(found | {"questions": QUESTIONS}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
