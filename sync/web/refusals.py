"""What is answered when something is wrong: a status, a code that stays, what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Scope

from sync.texts import Texts


class Refused(Exception):
    """A request that is not carried out. `code` is a text key, with `.remedy` beside it."""

    def __init__(
        self, status: int, code: str, headers: Mapping[str, str] | None = None, **details: object
    ) -> None:
        super().__init__(code)
        self.status, self.code = status, code
        self.headers = dict(headers or {})
        self.details = details

    def told(self, texts: Texts) -> dict[str, str]:
        """Code, message and remedy."""
        return told(texts, self.code, **self.details)

    def answer(self, texts: Texts) -> Response:
        """The same as an answer."""
        return as_json({"error": self.told(texts)}, self.status, self.headers)


def told(texts: Texts, code: str, /, **details: object) -> dict[str, str]:
    """An error as JSON has it. No value of the request is in it."""
    remedy = f"{code}.remedy"
    return {
        "code": code.rpartition(".")[2],
        "message": texts.get(code, **details),
        "remedy": texts.get(remedy, **details),
    }


def as_json(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    body = orjson.dumps(content, option=orjson.OPT_UTC_Z)
    return Response(body, status, headers, media_type="application/json")


def texts_for(scope: Scope, usual: str) -> Texts:
    """In the language that whoever asks likes better; `usual` when he does not say."""
    accepted = next((v for n, v in scope["headers"] if n == b"accept-language"), b"")
    return Texts(spoken(accepted.decode("latin-1"), usual))


def spoken(accepted: str, usual: str = "en") -> str:
    """Danish or English, whichever an Accept-Language header likes better; `usual` when neither."""
    best, most = usual, 0.0
    for part in accepted[:1000].split(","):
        name, _, weight = part.partition(";")
        lang = name.strip().lower()[:2]
        quality = _quality(weight)
        # Norwegians and Swedes read Danish more easily than English.
        lang = "da" if lang in {"nb", "nn", "no", "sv"} else lang
        if lang in {"da", "en"} and quality > most:
            best, most = lang, quality
    return best


def _quality(text: str) -> float:
    name, _, value = text.partition("=")
    if not name.strip():
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
