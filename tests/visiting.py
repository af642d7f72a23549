"""Somebody at the page, over real HTTP: keeps cookies, reads stamps out of forms, sends forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest
from argon2 import PasswordHasher
from listening import Answer, Listening

from rules.rights import Role
from sync.people import passwords, users

PASSWORD = "gryde kamel plov sne"  # noqa: S105
SETTINGS = '[page]\nport = 0\n[files]\nroot = "{root}"\n'
_STAMP = re.compile(r'name="stamp" value="([^"]*)"')


def over(folder: Path, rows: Sequence[str]) -> str:
    """A folder with one list, and the settings of a page over it."""
    lists = folder / "lists"
    lists.mkdir()
    (lists / "kontakter.csv").write_text("\n".join(rows) + "\n")
    return SETTINGS.format(root=lists)


@contextmanager
def quick_passwords() -> Iterator[None]:
    """Hashes that cost next to nothing, where it is not they that are tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: PasswordHasher(1, 8, 1))
        passwords._nobodys.cache_clear()
        yield
    passwords._nobodys.cache_clear()


@dataclass
class Visit:
    """One browser. `fields` of a form take the stamp of the page that was looked at last."""

    site: Listening
    lang: str = "en"
    cookies: dict[str, str] = field(default_factory=dict)
    stamp: str = ""

    def get(self, path: str, **headers: str) -> Answer:
        """Look at a page."""
        return self._kept(self.site.ask(path, listener="page", **self._headers(headers)))

    def post(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> Answer:
        """Send a form."""
        body = urlencode({"stamp": self.stamp, **(fields or {})}).encode()
        headers.setdefault("content_type", "application/x-www-form-urlencoded")
        return self._kept(
            self.site.ask(path, body, method="POST", listener="page", **self._headers(headers))
        )

    def sign_in(self, name: str, password: str = PASSWORD) -> Answer:
        """At the door."""
        self.get("/sign-in")
        answer = self.post("/sign-in", {"name": name, "password": password})
        if answer.status == 303:
            self.get("/")
        return answer

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        own = {"accept_language": self.lang} | ({"cookie": kept} if kept else {})
        return own | more

    def _kept(self, answer: Answer) -> Answer:
        for line in answer.set_cookies:
            for name, one in SimpleCookie(line).items():
                if one.value:
                    self.cookies[name] = one.value
                else:
                    self.cookies.pop(name, None)
        found = _STAMP.search(answer.text) if answer.headers.get("content-type", "").startswith(
            "text/html"
        ) else None  # fmt: skip
        if found:
            self.stamp = unescape(found[1])
        return answer


def person(site: Listening, name: str, *roles: Role) -> Visit:
    """Somebody new, signed in."""
    users.add(site.app, name, roles or (Role.VIEWER,), PASSWORD, "tester")
    visit = Visit(site)
    assert visit.sign_in(name).status == 303
    return visit
