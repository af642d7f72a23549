"""Traces: what a collector is told, what it never is, and that nothing is imported when there is none."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from promises.lists import HEADER, people

from connectors import spans
from connectors.session import Line, NoAnswer, open_session
from connectors.spans import span, template, traced
from sync.cli import program
from sync.service import tracing
from sync.settings import Settings, SettingsError, read

SECRET = "peter@opdigtet-0001.dk"  # noqa: S105


@dataclass(frozen=True)
class Span:
    """One span as it arrived."""

    id: bytes
    parent: bytes
    trace: bytes
    name: str
    facts: dict[str, Any]
    failed: bool


@dataclass
class Collector:
    """A receiver of OTLP, and a vendor at other paths; what came."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)

    @property
    def spans(self) -> list[Span]:
        return [
            Span(
                one.span_id,
                one.parent_span_id,
                one.trace_id,
                one.name,
                {a.key: a.value.string_value or a.value.int_value for a in one.attributes},
                one.status.code == 2,
            )
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for one in scope.spans
        ]

    def named(self, name: str) -> list[Span]:
        return [one for one in self.spans if one.name == name]

    def above(self, one: Span) -> list[str]:
        """The names over it, the nearest first."""
        by_id = {each.id: each for each in self.spans}
        names = []
        while one.parent:
            one = by_id[one.parent]
            names.append(one.name)
        return names


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()

    class Takes(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/v1/traces":
                is_packed = self.headers.get("content-encoding") == "gzip"
                found.bodies.append(gzip.decompress(body) if is_packed else body)
            self.send_response(200)
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Takes)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield found
    spans.tell(None)
    server.shutdown()
    thread.join()
    server.server_close()


def settings(collector: Collector) -> Settings:
    return Settings(traces={"url": f"{collector.url}/v1/traces"})  # type: ignore[arg-type]


def test_a_run_of_the_program_is_told_with_its_stages_and_nothing_of_its_records(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[Any] = []
    begin = tracing.begin
    monkeypatch.setattr(tracing, "begin", lambda found: ends.append(begin(found)))
    lists = tmp_path / "lists"
    lists.mkdir()
    rows = [HEADER, *people(3)]
    (lists / "kontakter.csv").write_text("\n".join(rows) + "\n")
    file = tmp_path / "ringren.toml"
    file.write_text(f'[traces]\nurl = "{collector.url}/v1/traces"\n')
    args = ["run", str(lists), "--settings", str(file), "--state", str(tmp_path / "s")]
    done = CliRunner().invoke(program, args)
    assert done.exit_code == 0, done.output
    [end] = ends
    end()
    [run] = collector.named("run")
    assert (run.parent, run.facts["ringren.run"], run.failed) == (b"", 1, False)
    stages = [one.name for one in collector.spans if one.parent == run.id]
    assert {"pull", "decide", "guard"} <= set(stages)
    assert {one.trace for one in collector.spans} == {run.trace}
    [pulled, *_] = [one for one in collector.named("files") if "pull" in collector.above(one)]
    assert pulled.facts == {"ringren.system": "files"}
    told = b"".join(collector.bodies)
    for cell in {one for row in rows[1:] for one in row.split(";") if len(one) > 4}:
        assert cell.encode() not in told
    assert b"kontakter" not in told
    assert b"service.name" in told
    assert b"process." not in told
    assert b"host." not in told


def test_a_call_stands_in_its_stage_without_query_ids_or_addresses(collector: Collector) -> None:
    end = tracing.begin(settings(collector))
    path = f"/crm/v3/objects/contacts/4711/{SECRET}?email={SECRET}&key=1#x"
    with span("run"), span("pull"), open_session(Line("hubspot", reads=())) as session:
        assert session.get(collector.url + path).status_code == 404
        assert session.post(collector.url + "/crm", data=SECRET).status_code == 200
    end()
    [get, post] = collector.named("call hubspot")
    assert collector.above(get) == ["pull", "run"]
    assert get.facts == {
        "http.request.method": "GET",
        "server.address": "127.0.0.1",
        "url.template": "/crm/v3/objects/contacts/{}/{}",
        "ringren.system": "hubspot",
        "http.response.status_code": 404,
    }
    assert post.facts["http.request.method"] == "POST"
    assert SECRET.encode() not in b"".join(collector.bodies)


def test_of_an_error_its_kind_alone_is_told(collector: Collector) -> None:
    end = tracing.begin(settings(collector))
    with pytest.raises(NoAnswer), open_session(Line("hubspot", reads=())) as session:
        session.get(f"http://127.0.0.1:1/{SECRET}")
    with pytest.raises(ValueError, match="opdigtet"), span("decide"):
        raise ValueError(SECRET)
    end()
    [call], [stage] = collector.named("call hubspot"), collector.named("decide")
    assert (call.failed, call.facts["error.type"]) == (True, "NoAnswer")
    assert (stage.failed, stage.facts["error.type"]) == (True, "ValueError")
    assert SECRET.encode() not in b"".join(collector.bodies)


def test_an_address_that_is_a_secret_and_the_way_to_the_collector_are_not_told(
    collector: Collector,
) -> None:
    end = tracing.begin(settings(collector))
    with open_session(Line("ping", reads=(), shows_path=False)) as session:
        session.get(f"{collector.url}/token-word")
    end()
    [one] = collector.spans
    assert one.facts["url.template"] == "{}"
    assert b"token-word" not in b"".join(collector.bodies)


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/services/data/v62.0/sobjects/Contact/003Qy00000ABC", "/services/data/v62.0/sobjects/Contact/{}"),
        ("/api/data/v9.2/contacts(6d1c-0)", "/api/data/v9.2/{}"),
        ("/3.0/lists/a1b2c3/members/b5d1", "/3.0/lists/{}/members/{}"),
        ("/crm/v3/objects/contacts/batch/read", "/crm/v3/objects/contacts/batch/read"),
        ("/contacts/peter@opdigtet.dk/", "/contacts/{}/"),
        ("/phone/+4568123456", "/phone/{}"),
        ("/a/J%C3%B8rgen", "/a/{}"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_path_is_told_without_what_could_be_somebodys(path: str, shown: str) -> None:
    assert template(path) == shown


def test_nobody_is_told_and_nothing_is_looked_at_or_imported_when_it_is_off() -> None:
    def about() -> dict[str, str]:
        raise AssertionError("nobody asked")

    with span("run", about) as note:
        note("x", 1)
    assert traced("pull")(lambda x: x + 1)(1) == 2
    code = (
        "import sys\n"
        "import connectors.session\n"
        "from sync.service import tracing\n"
        "from sync.settings import Settings\n"
        "tracing.begin(Settings())()\n"
        "assert not [one for one in sys.modules if one.startswith('opentelemetry')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("url", ["http://collector.opdigtet-0001.dk:4318/v1/traces", "collector"])
def test_a_collector_that_would_be_told_in_clear_is_refused(tmp_path: Path, url: str) -> None:
    file = tmp_path / "ringren.toml"
    file.write_text(f'[traces]\nurl = "{url}"\n')
    with pytest.raises(SettingsError, match="https"):
        read(file=file, root=None, state=tmp_path / "state", lang="en")
