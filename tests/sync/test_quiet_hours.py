"""Alarms in quiet hours: what waits, what never does, and the one message when they are over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from promises.lists import Lists
from pydantic import SecretStr

from rules.alarms import Level
from state import alerts
from sync.service.alarm_words import Message
from sync.service.alarms import Teller
from sync.settings import SettingsError, read
from sync.settings.alarms import Alarms, Receiver

URL = SecretStr("json://127.0.0.1:1/")
EVENING = datetime(2026, 11, 26, 20, 30, tzinfo=UTC)
"""21:30 in Denmark."""
CALL: dict[str, Any] = {
    "violation": 7, "verdict": "certain", "cause": "cannot_block", "at": EVENING.isoformat(),
    "number": "68 •• •• 01", "agent": "Rav", "list": "Nord", "ref": "files/kald.csv#7", "hours": 3,
}  # fmt: skip


@dataclass
class House:
    """An installation with quiet hours at night and a receiver; what arrived, in the order."""

    lists: Lists
    works: bool = True
    got: list[tuple[str, Message]] = field(default_factory=list)

    def at(self, now: datetime) -> None:
        self.lists.now = now

    def alarm(self, code: str, system: str, **details: Any) -> None:
        level = Level.CERTAIN if code == "violation" else Level.WARNING
        with self.lists.app() as app, app.store.transaction() as tx:
            alerts.raised(
                tx,
                code,
                system=system,
                subject=str(details.get("violation", "")),
                level=level,
                details=details,
                now=app.clock(),
            )

    def tell(self) -> list[str]:
        """What arrives now: titles."""
        before = len(self.got)
        with self.lists.app(dry=False) as app:
            Teller(app, self._send).now()
        return [said.title for _, said in self.got[before:]]

    def _send(self, url: str, said: Message) -> bool:
        if self.works:
            self.got.append((url, said))
        return self.works


def house(tmp_path: Path, *hours: str, **receivers: Receiver) -> House:
    alarms = Alarms(
        quiet_hours=hours or ("daily 20:00-07:00",),
        receivers=receivers or {"team": Receiver(url=URL)},
        repeat_minutes=60,
    )
    made = House(Lists(tmp_path, settings={"alarms": alarms}))
    made.at(EVENING)
    return made


def test_what_comes_at_night_is_told_as_one_message_in_the_morning(tmp_path: Path) -> None:
    here = house(tmp_path)
    for n, code in enumerate(["webhook_off", "delivery_old", "webhook_off", "delivery_old"]):
        here.at(EVENING + n * timedelta(hours=1))
        here.alarm(code, f"system{n}", count=3, hours=24)
        assert here.tell() == []
    here.at(datetime(2026, 11, 27, 5, 59, tzinfo=UTC))
    assert here.tell() == []
    here.at(datetime(2026, 11, 27, 6, 0, tzinfo=UTC))
    assert here.tell() == ["Ringren: 4 alarmer"]
    [(_, said)] = here.got
    assert said.body.startswith("2 systemer giver ikke længere besked af sig selv · nej tak når")
    assert [said.body.count(f"system{n}") for n in range(4)] == [1, 1, 1, 1]
    assert "de stille timer" in said.body
    assert here.tell() == [], "once"


def test_a_forbidden_call_is_told_at_any_hour_and_takes_nothing_else_with_it(
    tmp_path: Path,
) -> None:
    here = house(tmp_path)
    here.alarm("webhook_off", "hubspot")
    here.alarm("violation", "files", **CALL)
    here.alarm("violation", "files", **{**CALL, "violation": 8, "verdict": "possible"})
    assert here.tell() == ["Ringren: 2 opkald til folk, der har sagt nej tak"]
    here.at(EVENING + timedelta(hours=2))
    assert here.tell() == ["Ringren: 2 opkald til folk, der har sagt nej tak"], "it is repeated"
    assert "hubspot" not in here.got[0][1].body + here.got[1][1].body
    here.at(EVENING + timedelta(hours=10))
    [title] = here.tell()
    assert title == "Ringren: 3 alarmer"


def test_what_is_over_by_the_morning_is_not_told_any_more(tmp_path: Path) -> None:
    here = house(tmp_path)
    here.alarm("webhook_off", "hubspot")
    with here.lists.app() as app, app.store.transaction() as tx:
        alerts.ended(tx, "webhook_off", [("hubspot", "")], app.clock())
    here.at(EVENING + timedelta(hours=10))
    assert here.tell() == []


def test_repeats_wait_too_and_what_could_not_be_delivered_before_goes_on(tmp_path: Path) -> None:
    here = house(tmp_path)
    here.at(EVENING - timedelta(hours=2))
    here.alarm("webhook_off", "hubspot")
    assert len(here.tell()) == 1
    here.works = False
    here.alarm("webhook_off", "mailchimp")
    assert here.tell() == []
    here.works = True
    here.at(EVENING)
    assert here.tell() == ["Ringren: 1 system giver ikke længere besked af sig selv"]
    assert "mailchimp" in here.got[-1][1].body
    assert "stille timer" not in here.got[-1][1].body
    here.at(EVENING + timedelta(hours=10))
    assert here.tell() == ["Ringren: 2 systemer giver ikke længere besked af sig selv"]


def test_a_receiver_may_hear_of_everything_at_once(tmp_path: Path) -> None:
    pager = Receiver(url=SecretStr("json://127.0.0.1:2/"), always=True)
    here = house(tmp_path, team=Receiver(url=URL), pager=pager)
    here.alarm("webhook_off", "hubspot")
    here.tell()
    assert [url for url, _ in here.got] == ["json://127.0.0.1:2/"]


@pytest.mark.parametrize(("day", "end"), [((2026, 3, 29), 5), ((2026, 10, 25), 6)])
def test_the_nights_of_the_clock_end_at_seven_on_the_wall(
    tmp_path: Path, day: tuple[int, int, int], end: int
) -> None:
    here = house(tmp_path)
    midnight = datetime(*day, tzinfo=UTC)
    here.at(midnight)
    here.alarm("webhook_off", "hubspot")
    told_at = []
    for quarter in range(4 * 8):
        here.at(midnight + quarter * timedelta(minutes=15))
        told_at += [here.lists.now for _ in here.tell()]
    assert told_at[0].replace(microsecond=0) == midnight + timedelta(hours=end)


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ('["20-07"]', "daily 20:00-07:00"),
        ('["daily 02:30-07:00"]', "02:00"),
        ('["daily 00:00-24:00"]', "leaves no hour"),
    ],
)
def test_quiet_hours_that_cannot_be_are_refused(tmp_path: Path, hours: str, said: str) -> None:
    file = tmp_path / "ringren.toml"
    file.write_text(f"[alarms]\nquiet_hours = {hours}\n")
    with pytest.raises(SettingsError, match=said):
        read(file=file, root=None, state=tmp_path / "state", lang="en")
