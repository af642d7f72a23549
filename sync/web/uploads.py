"""A form with a file in it, up to a size; read once it is known who sends it."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from sync.web.refusals import Refused

MOST_BYTES: Final = 100_000_000
SECONDS: Final = 600
"""So long sending it may take."""
_MOST_FIELDS: Final = 20
_LONGEST_FIELD: Final = 10_000
_ODD: Final = re.compile(r"[^\w.\- ()]+")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent. `name` is one that leads nowhere: no folder, no beginning dot."""

    name: str
    size: int
    file: Any

    def write(self, path: Path) -> None:
        """Write it there, for its owner only."""
        self.file.seek(0)
        path.touch(mode=0o600)
        with path.open("wb") as out:
            shutil.copyfileobj(self.file, out, 1 << 20)


def plain_name(name: str) -> str:
    """What a browser calls a file, as a name in a folder of ours."""
    last = re.split(r"[\\/]", name)[-1]
    return _ODD.sub("_", last).lstrip(". ")[-100:] or "list.csv"


async def read(request: Request) -> tuple[Mapping[str, str], Upload | None]:
    """Fields and file; Refused for anything else, and for too much. The caller closes the form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise Refused(415, "page.no_form")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > MOST_BYTES:
        raise _too_large()
    limit = _Limit(request.receive)
    limited = Request(request.scope, limit.receive)
    try:
        async with asyncio.timeout(SECONDS):
            form = await limited.form(
                max_files=1, max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD
            )
    except (MultiPartException, HTTPException, ClientDisconnect, TimeoutError, UnicodeDecodeError):
        raise _too_large() if limit.is_past else Refused(422, "page.no_form") from None
    fields = {name: text for name, text in form.multi_items() if isinstance(text, str)}
    files = [one for _, one in form.multi_items() if isinstance(one, UploadFile)]
    if not files or not files[0].filename:
        await form.close()
        return fields, None
    one = files[0]
    return fields, Upload(plain_name(one.filename or ""), one.size or 0, one.file)


def _too_large() -> Refused:
    return Refused(413, "page.too_large", most=MOST_BYTES // 1_000_000)


class _Limit:
    """The same body, but broken off once it is too large: a length may be a lie."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._seen = receive, 0

    @property
    def is_past(self) -> bool:
        """Whether it was too large."""
        return self._seen > MOST_BYTES

    async def receive(self) -> Message:
        """The next part. What the parser's own error says has it close what it holds."""
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self.is_past:
            raise MultiPartException("too large")
        return message
