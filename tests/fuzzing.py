"""The API is asked whatever its description allows, and what it does not, by tokens that may and that may not.

In this process, without a socket: `make fuzz EXAMPLES=500 FLAGS="--seed 7"`; a share of it runs with the tests.
Of each answer is asked that it is none of our failures, that it is what is described, that it shows
neither a secret nor a traceback, and that whoever may not is told nothing whatever he sends.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import good_questions
import schemathesis
from databases import postgres
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from promises.lists import HEADER, people
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.python.asgi import ASGIClient, get_client, shutdown_lifespans
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import Receive, Send
from starlette.types import Scope as Asgi

from rules.keys import Key, KeyKind
from rules.suppression import Channel
from state import acts, ledger
from state.tokens import Scope
from sync.app import App, open_app
from sync.people import tokens
from sync.run import run
from sync.settings import read
from sync.suppression import desk
from sync.web import openapi
from sync.web.afterwards import Afterwards
from sync.web.api import Api
from sync.web.call import Way
from sync.web.ways import WAYS

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)


class Alive:
    """The application, made and ended in the thread that asks it: its look-ups are of one thread."""

    def __init__(self, app: App) -> None:
        self._app, self._inner = app, None

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            assert self._inner is not None
            await self._inner(scope, receive, send)
            return
        afterwards = Afterwards(self._app)
        api = Api(self._app, afterwards)
        self._inner = api.asgi()
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        api.close()
        afterwards.close()
        await send({"type": "lifespan.shutdown.complete"})


@dataclass
class Fuzzed:
    """A house, its API, and how it answered: by status."""

    app: App
    client: ASGIClient
    schema: Any
    there: dict[str, str]
    token: str
    small: dict[Scope, str] = field(default_factory=dict)
    answers: Counter[int] = field(default_factory=Counter)

    def way(self, way: Way, examples: int, seeded: int) -> None:
        """So many questions to one address, of each kind."""
        operation = self.schema[way.path][way.method]
        names = [name for name in self.there if f"{{{name}}}" in way.path]
        real: dict[str, Any] = {}
        if names:
            real["path_parameters"] = {name: self.there[name] for name in names}
        if (body := good_questions.body(way, self.there)) is not None:
            real["body"] = body
        kinds = [operation.as_strategy(GenerationMode.POSITIVE)]
        if way.takes or names:
            kinds.append(operation.as_strategy(GenerationMode.NEGATIVE))
        if real:
            # The first is what is tried first: something that there is.
            kinds.insert(0, operation.as_strategy(GenerationMode.POSITIVE, **real))

        @seed(seeded)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.one_of(*kinds))
        def ask(case: Any) -> None:
            self._asked(way, case)

        ask()

    def _asked(self, way: Way, case: Any) -> None:
        for secret, status in (("", 401), (self.token + "A", 401), (self.small[way.scope], 403)):
            answer = self._answer(case, secret)
            assert answer.status_code in {status, 404, 405}, (way.name, answer.status_code)
            assert list(json.loads(answer.content)) == ["error"]
        answer = self._answer(case, self.token)
        self.answers[answer.status_code] += 1
        # Of several that are sent at once, each is answered for itself.
        whole = [negative_data_rejection] if way.does else []
        case.validate_response(answer, checks=[*CHECKS, *whole])

    def _answer(self, case: Any, secret: str) -> Any:
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        answer = case.call(session=self.client, headers=headers)
        for told in (self.token, *self.small.values(), "Traceback (most", "sqlalchemy", "sync/web"):
            assert told.encode() not in answer.content
        return answer

    def settled(self) -> None:
        """What was asked has broken no chain."""
        with self.app.store.reading() as tx:
            assert acts.problems(tx)[1] == []
            assert ledger.head(tx).seq >= 1


@contextmanager
def fuzzed(folder: Path, url: str = "") -> Iterator[Fuzzed]:
    """A house in which there is something to ask about; `url` of a database that is not SQLite's."""
    lists = folder / "lists"
    lists.mkdir()
    rows = [HEADER, *people(4), "ring ikke;x;y;z;æ"] * 2
    (lists / "kontakter.csv").write_text("\n".join(rows) + "\n", "utf-8")
    file = folder / "ringren.toml"
    text = f'[api]\nport = 0\na_minute = 1000000\n[files]\nroot = "{lists}"\n'
    file.write_text(text + (f'[state]\nurl = "{url}"\n' if url else ""), "utf-8")
    read_in = read(file=file, root=None, state=folder / "state", lang="en")
    with open_app(read_in, actor="tester", dry=False) as app:
        run(app, dry=True)
        desk.record(app, a_no(app))
        description = without_tokens(json.loads(openapi.text("en")))
        alive = Alive(app)
        schema = schemathesis.openapi.from_dict(description)
        schema.app = alive
        try:
            with get_client(alive) as client:
                made = Fuzzed(
                    app, client, schema, good_questions.known(app), a_token(app, "all", set(Scope))
                )
                made.small = {one: a_token(app, f"no {one}", set(Scope) - {one}) for one in Scope}
                yield made
                made.settled()
        finally:
            shutdown_lifespans()


def without_tokens(description: dict[str, Any]) -> dict[str, Any]:
    """The tokens are ours to choose."""
    del description["security"]
    for operations in description["paths"].values():
        for operation in operations.values():
            del operation["security"]
    return description


def a_no(app: App) -> Any:
    return desk.statement(
        [Key(KeyKind.PHONE, "+4568123456")], Channel.CALL,
        now=app.clock(), at=None, evidence="", by="Eva",
    )  # fmt: skip


def a_token(app: App, name: str, scopes: set[Scope]) -> str:
    return tokens.make(app, name, scopes, None, "Anna").token


def main() -> int:
    """The long form."""
    parser = argparse.ArgumentParser(prog="python -m fuzzing")
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only")
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    seeded = asked.seed if asked.seed is not None else int(time.time()) % 100_000
    print(f"seed {seeded}, {asked.examples} questions an address", flush=True)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rr-fuzz-")))
        server = stack.enter_context(postgres()) if asked.postgres else None
        one = stack.enter_context(fuzzed(folder, server.create_prepared() if server else ""))
        for way in WAYS:
            if asked.only in {None, way.name}:
                one.way(way, asked.examples, seeded)
                print(f"  {way.method} {way.path}", flush=True)
        told = ", ".join(f"{status} {many}" for status, many in sorted(one.answers.items()))
        print(f"no failure of ours, nothing undescribed: {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
