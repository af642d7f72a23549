"""The measures over real HTTP: who may have them, what they say, and what they never say."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from listening import Answer, Listening, listening
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as strictly_read,
)
from prometheus_client.parser import text_string_to_metric_families
from promises.lists import HEADER, Lists, people

from rules.keys import Key, KeyKind
from rules.suppression import Channel
from state.tokens import Scope
from sync.logs import set_up
from sync.people import tokens
from sync.run import run
from sync.service import daemon, measures, notify
from sync.service.measures import MEASURES, Unit, figures, said, what_to_do
from sync.service.overview import overview
from sync.service.worker import Workers
from sync.settings import Settings, SettingsError, read
from sync.suppression import desk
from sync.texts import LANGUAGES, Texts

PHONE = "+4568123456"
SETTINGS = '[metrics]\nport = 0\n[files]\nroot = "{root}"\n'
OPEN = SETTINGS.replace("port = 0", "port = 0\nwithout_token = true")


def _lists(folder: Path) -> Path:
    lists = folder / "lists"
    lists.mkdir()
    (lists / "kontakter.csv").write_text("\n".join([HEADER, *people(3), "K9;;x;;"]) + "\n")
    return lists


@contextmanager
def _watched(folder: Path) -> Iterator[Listening]:
    with listening(folder, OPEN.format(root=_lists(folder))) as found:
        run(found.app, dry=True)
        yield found


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listening]:
    """For those who look only."""
    with _watched(tmp_path_factory.mktemp("watched")) as found:
        yield found


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Listening]:
    """For those who change something."""
    with _watched(tmp_path) as found:
        yield found


def ask(watched: Listening, **headers: str) -> Answer:
    return watched.ask("/metrics", listener="metrics", **headers)


def told(watched: Listening) -> dict[tuple[str, ...], float]:
    """(name, values of labels) -> value."""
    return {
        (one.name, *one.labels.values()): one.value
        for family in text_string_to_metric_families(ask(watched).text)
        for one in family.samples
    }


# --- what they say ---------------------------------------------------------------------------


def test_each_row_of_the_table_is_told_with_its_meaning_and_kind(watched: Listening) -> None:
    text = ask(watched).text
    for row in MEASURES:
        # The old format has a counter's help under its whole name.
        assert f"# HELP {row.name} {said(row, Texts('en'))}\n" in text
        kind = "counter" if row.only_grows else "gauge"
        assert f"# TYPE {row.name} {kind}\n" in text
    assert told(watched)["process_resident_memory_bytes",] > 1e6


def test_the_figures_are_those_of_the_overview(watched: Listening) -> None:
    seen, found = overview(watched.app), told(watched)
    [files] = seen.systems
    assert files.records == 4
    assert found["ringren_system_records", "files"] == files.records
    assert found["ringren_status",] == seen.status.level == 3
    assert found["ringren_daemon_up",] == 0
    assert found["ringren_plans_waiting",] == seen.waiting["plans"]
    assert found["ringren_job_state", "deliver", "new"] == 1
    assert found["ringren_job_state", "deliver", "hangs"] == 0
    assert found["ringren_violations_open", "certain"] == 0
    assert found["ringren_database_bytes",] > 100_000
    assert found["ringren_disk_free_bytes",] > 0
    assert files.read_at is not None
    assert found["ringren_system_last_read_timestamp_seconds", "files"] == pytest.approx(
        files.read_at.timestamp()
    )


def test_both_databases_tell_the_same(tmp_path: Path, store_url: str) -> None:
    lists = Lists(tmp_path, url=store_url)
    lists.put("kontakter.csv", HEADER, *people(3))
    lists.run()
    with lists.app() as app:
        found = figures(app)
    told = {(row.name, *labels): value for row in MEASURES for labels, value in row.reads(found)}
    assert told["ringren_system_records", "files"] == 3
    assert told["ringren_database_bytes",] > 100_000
    assert ("ringren_database_log_bytes",) in told or store_url.startswith("postgresql")


def test_an_opt_out_that_does_not_reach_a_system_grows_old(fresh: Listening) -> None:
    assert told(fresh)["ringren_opt_out_oldest_undelivered_seconds", "files"] == 0
    _says_no(fresh)
    now = fresh.app.clock
    fresh.app.clock = lambda: now() + timedelta(hours=30)
    found = told(fresh)
    assert found["ringren_opt_out_deliveries_pending", "files"] == 1
    age = found["ringren_opt_out_oldest_undelivered_seconds", "files"]
    assert age == pytest.approx(30 * 3600, abs=300)
    assert found["ringren_ledger_entries_total",] == 1
    assert found["ringren_opt_outs_today",] == 0, "it was yesterday's"
    assert overview(fresh.app).systems[0].oldest_seconds == pytest.approx(age, abs=300)


def test_nothing_about_a_person_is_in_it(fresh: Listening) -> None:
    _says_no(fresh)
    text = ask(fresh).text
    assert "68123456" not in text
    rows = (fresh.app.settings.files.root / "kontakter.csv").read_text().splitlines()[1:4]
    for cell in {one for row in rows for one in row.split(";") if len(one) > 4}:
        assert cell not in text


def test_findings_are_counted_anew_once_some_came_or_went(fresh: Listening) -> None:
    before = told(fresh)
    with fresh.app.store.transaction() as tx:
        tx.execute(sa.text("UPDATE findings SET gone_at = '2026-01-01 00:00:00.000000'"))
    assert before["ringren_findings_open", "error"] + before["ringren_findings_open", "notice"] > 0
    after = told(fresh)
    assert {after["ringren_findings_open", one] for one in ("error", "warning", "notice")} == {0}


def _says_no(watched: Listening) -> None:
    app = watched.app
    said_no = desk.statement(
        [Key(KeyKind.PHONE, PHONE)], Channel.CALL, now=app.clock(), at=None, evidence="", by="Eva"
    )
    desk.record(app, said_no)


# --- who may ask -----------------------------------------------------------------------------


def test_without_the_setting_it_takes_a_token_with_this_scope(tmp_path: Path) -> None:
    both = SETTINGS.format(root=_lists(tmp_path)) + "[api]\nport = 0\n"
    with listening(tmp_path, both) as found:
        mine = tokens.make(found.app, "Prometheus", [Scope.METRICS], None, "Anna")
        other = tokens.make(found.app, "Dialer", [Scope.CHECK, Scope.RECORD], None, "Anna").token
        statuses = [
            ask(found, authorization=said).status
            for said in ("", "Bearer ", "Bearer ringren_guess", f"Bearer {other}")
        ]
        assert statuses == [401, 401, 401, 403]
        assert ask(found, authorization=f"Bearer {mine.token}").status == 200
        assert found.ask("/v1/check?phone=68123456", token=mine.token).status == 403
        tokens.revoke(found.app, mine.number, "Anna")
        assert ask(found, authorization=f"Bearer {mine.token}").status == 401


def test_a_token_that_asks_too_often_is_told_to_wait(tmp_path: Path) -> None:
    with listening(tmp_path, SETTINGS.format(root=_lists(tmp_path))) as found:
        mine = tokens.make(found.app, "Prometheus", [Scope.METRICS], None, "Anna").token
        answers = [ask(found, authorization=f"Bearer {mine}") for _ in range(15)]
        assert answers[0].status == 200
        assert answers[-1].status == 429
        assert int(answers[-1].headers["retry-after"]) >= 1


def test_open_to_this_machine_is_not_open_to_a_page_in_its_browser(watched: Listening) -> None:
    assert ask(watched, host="127.0.0.1:8730").status == 200
    assert ask(watched, host="localhost").status == 200
    for name in ("rebound.opdigtet-0001.dk", "10.0.0.1:8730", "[", ""):
        assert ask(watched, host=name).status in {400, 403}


@pytest.mark.parametrize("more", ['host = "0.0.0.0"\nbehind_proxy = true', "behind_proxy = true"])
def test_open_to_everybody_is_refused(tmp_path: Path, more: str) -> None:
    file = tmp_path / "ringren.toml"
    file.write_text(f"[metrics]\nport = 8730\nwithout_token = true\n{more}\n")
    with pytest.raises(SettingsError, match="metrics"):
        read(file=file, root=None, state=tmp_path / "state", lang="en")


def test_prometheus_may_ask_for_the_newer_format(watched: Listening) -> None:
    answer = ask(watched, accept="application/openmetrics-text;version=1.0.0")
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
    assert "# TYPE ringren_ledger_entries counter" in answer.text
    names = {family.name for family in strictly_read(answer.text)}
    assert {row.name.removesuffix("_total") for row in MEASURES} <= names


# --- health ----------------------------------------------------------------------------------

ALL = '[api]\nport = 0\n[form]\nport = 0\ncompany = "Opdigt ApS"\n[hooks]\nport = 0\n[page]\nport = 0\n'


def test_every_listener_says_whether_it_lives_and_whether_it_can_answer(tmp_path: Path) -> None:
    set_up("json", "error")
    with listening(tmp_path, OPEN.format(root=_lists(tmp_path)) + ALL) as found:
        assert set(found.urls) == {"api", "form", "hooks", "page", "metrics"}
        for name in found.urls:
            for path in ("/health/live", "/health/ready"):
                answer = found.ask(path, listener=name, token="")
                assert (answer.status, answer.text) == (200, "ok")
        with found.app.store.transaction() as tx:
            tx.execute(sa.text("DROP TABLE jobs"))
        for name in found.urls:
            assert found.ask("/health/live", listener=name, token="").status == 200
            answer = _once_forgotten(found, name)
            assert (answer.status, answer.text) == (503, "not ready")
        assert ask(found).status in {500, 503}


def test_a_process_that_does_jobs_is_alive_only_while_it_heeds(
    watched: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(notify, "monotonic", lambda: now)
    pulse = notify.Pulse()
    monkeypatch.setattr(notify, "PULSE", pulse)
    asked = []
    for beats, later in ((False, 9e9), (True, 0), (False, 119), (False, 2), (True, 0)):
        if beats:
            pulse.beat()
        now += later
        asked.append(watched.ask("/health/live", listener="metrics").status)
    assert asked == [200, 200, 200, 503, 200], "who does no jobs is alive"
    now += 1e9
    pulse.end()
    assert watched.ask("/health/live", listener="metrics").status == 200


def test_the_daemon_has_a_pulse_while_its_jobs_heed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats: list[int] = []
    steps = iter([True, True, False, False])
    pulse = notify.Pulse()
    monkeypatch.setattr(pulse, "beat", lambda: beats.append(1))
    monkeypatch.setattr(notify, "PULSE", pulse)
    monkeypatch.setattr(daemon, "STEP", 0.01)
    settings = Settings(state={"path": tmp_path})  # type: ignore[arg-type]
    made = daemon.Daemon(settings, lambda: settings, lambda _: None, None)

    class Engine:
        has_failed = False

        def look_after(self) -> bool:
            heeds = next(steps, None)
            if heeds is None:
                made._asked.set()
            return bool(heeds)

    made._stay(Engine(), lambda _: None)  # type: ignore[arg-type]
    assert beats == [1, 1]


def test_a_worker_may_open_the_measures_alone(tmp_path: Path) -> None:
    both = OPEN.format(root=_lists(tmp_path)) + "[api]\nport = 0\n"
    with listening(tmp_path, both, ("metrics",)) as found:
        assert set(found.urls) == {"metrics"}
    one = Workers(
        found.app.settings,
        lambda: found.app.settings,
        lambda _: None,
        None,
        queues=("bulk",),
        metrics=True,
    )
    assert one._listening._names == ("metrics",)


def _once_forgotten(found: Listening, name: str) -> Answer:
    """What was answered a moment ago is remembered for a second."""
    while (answer := found.ask("/health/ready", listener=name, token="")).status == 200:
        time.sleep(0.2)
    return answer


# --- the table -------------------------------------------------------------------------------

SUFFIX = {
    Unit.SECONDS: "_seconds",
    Unit.MOMENT: "_timestamp_seconds",
    Unit.BYTES: "_bytes",
}


@pytest.mark.parametrize("row", MEASURES, ids=lambda row: row.name)
def test_a_name_follows_the_conventions_and_says_what_it_is(row: measures.Measure) -> None:
    assert re.fullmatch(r"ringren_[a-z]+(?:_[a-z]+)*", row.name)
    assert row.name.endswith(SUFFIX.get(row.unit, ""))
    assert row.name.endswith("_timestamp_seconds") == (row.unit is Unit.MOMENT)
    assert set(row.labels) <= {"system", "job", "state", "verdict", "severity", "code", "version"}
    for lang in LANGUAGES:
        assert said(row, Texts(lang)).endswith(".")
        assert not row.bad or what_to_do(row, Texts(lang)), "what is one to do?"
    if row.bad:
        assert re.fullmatch(r"(?:[<>]=?|==) \d+(?:e\d+)?", row.bad)


def test_each_name_stands_once() -> None:
    assert len({row.name for row in MEASURES}) == len(MEASURES)


def test_a_measure_has_one_value_for_the_same_labels(watched: Listening) -> None:
    found = figures(watched.app)
    for row in MEASURES:
        samples = list(row.reads(found))
        assert len({labels for labels, _ in samples}) == len(samples)
        assert all(len(labels) == len(row.labels) for labels, _ in samples)
