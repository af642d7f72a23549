"""Tokens of the API: who is let in, for what, and how fast; over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from listening import Listening, listening

from rules.errors import UserError
from state.ledger import head
from state.tokens import Scope
from sync.people import tokens

PHONE = "+45 68 12 34 56"
SETTINGS = "[api]\nport = 0\n"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Listening]:
    with listening(tmp_path, SETTINGS) as found:
        found.token = _token(found, Scope.CHECK, Scope.RECORD)
        yield found


def _token(api: Listening, *scopes: Scope, name: str = "Dialer", days: int | None = None) -> str:
    return tokens.make(api.app, name, scopes, days, "Anna").token


def _entries(api: Listening) -> int:
    with api.app.store.reading() as tx:
        return head(tx).seq


def test_nobody_is_let_in_without_a_token_that_holds(api: Listening) -> None:
    old = _token(api, Scope.CHECK, name="old", days=1)
    ends = [one.expires_at for one in tokens.listed(api.app) if one.name == "old"]
    api.app.clock = lambda: ends[0] + timedelta(seconds=1)  # type: ignore[operator, assignment]
    for wrong in ("", "x", "ringren_" + "A" * 43, api.token[:-1], old, "ringren_\xe6"):
        header = f"Bearer {wrong}" if wrong else "Basic QTpC"
        answer = api.ask("/v1/check?phone=68123456", authorization=header, token="")
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json["error"]["remedy"]
    assert _entries(api) == 0


def test_a_token_that_was_revoked_a_moment_ago_is_let_in_no_more(api: Listening) -> None:
    assert api.ask("/v1/check?phone=68123456").status == 200
    tokens.revoke(api.app, 1, "Bent")
    assert api.ask("/v1/check?phone=68123456").status == 401
    with pytest.raises(UserError):
        tokens.revoke(api.app, 1, "Bent")


def test_when_a_token_was_last_used_is_known_to_the_day(api: Listening) -> None:
    def used() -> list[bool]:
        return [one.used_at is not None for one in tokens.listed(api.app)]

    assert used() == [False]
    assert api.ask("/v1/check?phone=68123456", token=api.token[:-1]).status == 401
    assert used() == [False]
    assert api.ask("/v1/check?phone=68123456").status == 200
    first = tokens.listed(api.app)[0].used_at
    assert api.ask("/v1/check?phone=68123456").status == 200
    assert first
    assert tokens.listed(api.app)[0].used_at == first
    api.app.clock = lambda: first + timedelta(days=1)
    assert api.ask("/v1/check?phone=68123456").status == 200
    assert tokens.listed(api.app)[0].used_at == first + timedelta(days=1)


def test_a_token_may_do_what_it_was_made_for_only(api: Listening) -> None:
    only = _token(api, Scope.CHECK, name="reader")
    answer = api.ask("/v1/opt-outs", {"phone": PHONE}, token=only)
    assert (answer.status, answer.json["error"]["code"]) == (403, "not_allowed")
    assert _entries(api) == 0


def test_a_token_stands_nowhere_in_the_database(api: Listening) -> None:
    home = api.app.settings.home
    assert api.token
    for path in home.rglob("*"):
        if path.is_file():
            assert api.token.encode() not in path.read_bytes()


def test_whoever_asks_too_fast_waits_and_others_do_not(tmp_path: Path) -> None:
    with listening(tmp_path, "[api]\nport = 0\na_minute = 12\n") as api:
        fast, slow = _token(api, Scope.CHECK), _token(api, Scope.CHECK, name="slow")
        codes = [api.ask("/v1/check?phone=68123456", token=fast).status for _ in range(4)]
        assert codes == [200, 200, 429, 429]
        late = api.ask("/v1/check?phone=68123456", token=fast)
        assert 1 <= int(late.headers["retry-after"]) <= 5
        assert api.ask("/v1/check?phone=68123456", token=slow).status == 200
