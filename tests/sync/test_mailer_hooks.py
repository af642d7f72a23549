"""Messages of Mailchimp and ActiveCampaign over the wire: who unsubscribes is heard at once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from listening import Listening, listening
from mailers import NAMES, alone

from sync.suppression import desk
from sync.suppression.deliver import deliver

MAIL, WORD = "bo@opdigtet-0001.dk", "et-langt-tilfaeldigt-ord"


class Stage:
    """A mail system that knows our address, and we who listen at it."""

    def __init__(self, mailer: Any, us: Listening) -> None:
        self.mailer, self.us = mailer, us

    def post(self, form: dict[str, str], word: str = WORD) -> int:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        path = f"/{self.mailer.system}/{word}"
        body = urlencode(form).encode()
        return self.us.ask(path, body, method="POST", listener="hooks", **kind).status

    def blocked(self) -> bool:
        keys = desk.keys([("email", MAIL)], "DK")
        answer = desk.check(self.us.app, keys, self.us.app.clock())
        return any(one.blocked for one in answer.channels)


@pytest.fixture(params=NAMES)
def stage(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    monkeypatch.setenv("HOOK", WORD)
    more = 'hook_secret = { env = "HOOK" }\n[hooks]\nport = 0\n'
    with alone(request.param, tmp_path, monkeypatch, more) as mailer:
        account, url = mailer.vendor.account, f"https://opdigtet-9001.dk/{mailer.system}/{WORD}"
        if mailer.system == "mailchimp":
            for one in account.audiences.values():
                one.webhooks.append({"url": url, "events": {"unsubscribe": True}})
        else:
            account.webhooks.append({"url": url, "events": ["unsubscribe"]})
        mailer.add(mailer.lists[0], MAIL)
        settings = (tmp_path / "ringren.toml").read_text("utf-8").partition("\n\n")[2]
        with listening(tmp_path, settings) as us:
            deliver(us.app)
            yield Stage(mailer, us)


def until(held: Callable[[], Any], seconds: float = 10) -> Any:
    end = time.monotonic() + seconds
    while not (found := held()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def test_who_unsubscribes_is_heard_at_once_and_a_forgery_is_not(stage: Stage) -> None:
    account = stage.mailer.vendor.account
    stage.mailer.leave(stage.mailer.lists[0], MAIL)
    [(_, form)] = account.events
    asked = len(stage.mailer.vendor.calls)
    assert stage.post(form, "et-andet-ord") == 403
    assert stage.post({}) == stage.post({"type": "unsubscribe"}) == 204
    assert len(stage.mailer.vendor.calls) == asked, "nothing is asked for a forgery or nonsense"
    assert not stage.blocked()
    assert stage.post(form) == 204
    assert until(stage.blocked)
    assert all(one.method == "GET" for one in stage.mailer.vendor.calls[asked:])


def test_a_message_that_lies_changes_nothing(stage: Stage) -> None:
    stage.mailer.leave(stage.mailer.lists[0], MAIL)
    [(_, form)] = stage.mailer.vendor.account.events
    stage.mailer.put_on(stage.mailer.lists[0], MAIL)
    if stage.mailer.system == "mailchimp":
        # Nobody else puts on again who left himself.
        assert stage.mailer.state(stage.mailer.lists[0], MAIL) == "off"
        return
    asked = len(stage.mailer.vendor.calls)
    assert stage.post({**form, "contact[id]": "999", "contact[email]": MAIL}) == 204
    assert until(lambda: len(stage.mailer.vendor.calls) > asked)
    assert not stage.blocked()


def test_the_vendor_may_try_the_address_and_its_word_is_in_no_log(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    knock = stage.us.ask(f"/{stage.mailer.system}/{WORD}", method="GET", listener="hooks")
    nobody = stage.us.ask(f"/nobody/{WORD}", method="GET", listener="hooks")
    assert (knock.status, nobody.status) == (200, 404)
    stage.post({"type": "unsubscribe"})
    assert WORD not in caplog.text
    assert WORD not in json.dumps([str(one.__dict__) for one in caplog.records], default=str)
    connector: Any = stage.us.app.systems[stage.mailer.system]
    assert connector.hook_is_off() is False
    account = stage.mailer.vendor.account
    if stage.mailer.system == "mailchimp":
        account.audiences["a2"].webhooks.clear()
    else:
        account.webhooks.clear()
    assert connector.hook_is_off() is True
