"""The key ring: made once, private, and never mistaken for another's."""

import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rules.errors import UserError
from rules.keys import Key, KeyKind
from state.keys import ENVIRONMENT, FILE_NAME, KeyRing, bind, new_ring, open_ring, parse, save
from state.store import Store
from sync.texts import Texts

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
PHONE = Key(KeyKind.PHONE, "+4520123456")


def opened(store: Store, folder: Path, env: dict[str, str] | None = None) -> KeyRing:
    return open_ring(store, folder, NOW, env or {})


def test_a_ring_is_made_on_first_use_and_found_again(store: Store, tmp_path: Path) -> None:
    first = opened(store, tmp_path)
    assert opened(store, tmp_path).digest(PHONE) == first.digest(PHONE)
    assert len(first.digest(PHONE)) == 16


def test_only_its_owner_can_read_it(store: Store, tmp_path: Path) -> None:
    opened(store, tmp_path / "state")
    assert stat.S_IMODE((tmp_path / "state" / FILE_NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert [path.name for path in (tmp_path / "state").iterdir()] == [FILE_NAME]


def test_it_is_shown_without_its_secrets(store: Store, tmp_path: Path) -> None:
    ring = opened(store, tmp_path)
    for secret in (ring.event_secret, *(key.secret for key in ring.keys)):
        assert secret.hex() not in repr(ring)
        assert repr(secret) not in repr(ring)


def test_processes_at_once_make_one_ring(store_url: str, tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom datetime import datetime, UTC\n"
        "from state.store import Store\nfrom state.keys import open_ring\n"
        "store = Store(sys.argv[1]); sys.stdin.readline()\n"
        "ring = open_ring(store, Path(sys.argv[2]), datetime.now(UTC), {})\n"
        "print(ring.fingerprint); store.close()"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, store_url, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(5)
    ]
    for process in started:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    ends = [process.communicate() for process in started]
    assert {end[0] for end in ends if end[0]} == {ends[0][0]}, ends
    assert [process.returncode for process in started] == [0] * 5, ends


def test_a_missing_ring_of_a_used_database_is_not_replaced(store: Store, tmp_path: Path) -> None:
    opened(store, tmp_path)
    (tmp_path / FILE_NAME).unlink()
    with pytest.raises(UserError, match=r"keys\.missing"):
        opened(store, tmp_path)
    assert not (tmp_path / FILE_NAME).exists()


def test_the_ring_of_another_database_is_refused(store: Store, tmp_path: Path) -> None:
    opened(store, tmp_path)
    other = new_ring(NOW)
    with pytest.raises(UserError, match=r"keys\.other_ring"):
        bind(store, other, NOW)
    with pytest.raises(UserError, match=r"keys\.other_ring"):
        opened(store, tmp_path, {ENVIRONMENT: other.as_json().decode()})


def test_a_key_of_the_right_name_and_another_secret_is_refused(
    store: Store, tmp_path: Path
) -> None:
    ring = opened(store, tmp_path)
    forged = KeyRing(
        (ring.keys[0]._replace(secret=b"x" * 32),),
        ring.event_secret,
    )
    with pytest.raises(UserError, match=r"keys\.other_ring"):
        bind(store, forged, NOW)


def test_a_ring_can_come_from_the_environment(store: Store, tmp_path: Path) -> None:
    ring = new_ring(NOW)
    found = opened(store, tmp_path, {ENVIRONMENT: ring.as_json().decode()})
    assert found == ring
    assert not (tmp_path / FILE_NAME).exists()


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "ikke json", '{"format": 2}', '{"format": 1, "keys": [], "event_ids": ""}'],
)
def test_what_is_no_ring_is_refused_and_not_overwritten(
    text: str, store: Store, tmp_path: Path
) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(UserError, match=r"keys\.unreadable") as refused:
        opened(store, tmp_path)
    assert refused.value.details["where"] == str(tmp_path / FILE_NAME)
    assert (tmp_path / FILE_NAME).read_text() == text


def test_new_hashes_use_the_newest_key_and_look_ups_try_all(store: Store, tmp_path: Path) -> None:
    ring = opened(store, tmp_path)
    grown = ring.with_new_key(NOW)
    bind(store, grown, NOW)
    save(tmp_path / FILE_NAME, grown)
    assert opened(store, tmp_path) == grown
    assert grown.digest(PHONE) != ring.digest(PHONE)
    assert {hashed.digest for hashed in grown.hashed(PHONE)} == {
        ring.digest(PHONE),
        grown.digest(PHONE),
    }
    assert grown.event_id(("a", "b")) == ring.event_id(("a", "b"))
    with pytest.raises(UserError, match=r"keys\.other_ring"):
        bind(store, ring, NOW)
    assert parse((tmp_path / f"{FILE_NAME}.old").read_bytes(), "old") == ring


def test_a_ring_is_never_left_without_a_key() -> None:
    ring = new_ring(NOW)
    with pytest.raises(ValueError, match="cannot be taken"):
        ring.without(ring.newest)
    grown = ring.with_new_key(NOW)
    assert grown.without(ring.newest).newest == grown.newest


def test_hashes_keep_kinds_values_and_parts_apart() -> None:
    ring = new_ring(NOW)
    assert ring.digest(PHONE) != ring.digest(Key(KeyKind.CVR, PHONE.value))
    assert ring.event_id(("ab", "c")) != ring.event_id(("a", "bc"))


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_ring_that_may_not_be_read_is_said(store: Store, tmp_path: Path) -> None:
    opened(store, tmp_path)
    (tmp_path / FILE_NAME).chmod(0)
    with pytest.raises(UserError, match=r"keys\.no_access"):
        opened(store, tmp_path)


@pytest.mark.parametrize(
    "key", ["keys.missing", "keys.unreadable", "keys.other_ring", "keys.no_access"]
)
@pytest.mark.parametrize("lang", ["da", "en"])
def test_each_refusal_has_a_text_and_a_remedy(key: str, lang: str) -> None:
    assert Texts(lang).find(key)
    assert Texts(lang).find(f"{key}.remedy")
