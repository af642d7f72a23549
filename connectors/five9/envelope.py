"""Envelopes of SOAP 1.1: a request as text, an answer as elements. Pure.

Written by hand and not by a SOAP client: the vendor's description of the service is a megabyte,
needs a sign-in, and imports a schema from somebody else's host. What is sent begins with the same
letters each time, so that the dry run's allow-list can tell operations apart with certainty.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

NS: Final = "http://service.admin.ws.five9.com/"
SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
HEAD: Final = f'<s:Envelope xmlns:s="{SOAP}" xmlns:f="{NS}"><s:Body><f:'  # and the operation's name
_DOCTYPE: Final = "<!DOCTYPE"

Said = Mapping[str, Any]
"""Elements by name, in the order of the vendor's types. A list is repeated, a mapping nested."""


class NotSoap(ValueError):
    """What came is no envelope."""


def request(operation: str, said: Said) -> bytes:
    """An envelope with one operation in it."""
    inner = "".join(_element(name, value) for name, value in said.items())
    return f"{HEAD}{operation}>{inner}</f:{operation}></s:Body></s:Envelope>".encode()


def _element(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        inner = "".join(_element(one, held) for one, held in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(_element(name, one) for one in value)
    else:
        inner = str(value).lower() if isinstance(value, bool) else escape(str(value))
    return f"<{name}>{inner}</{name}>"


def opened(raw: bytes) -> ET.Element:
    """What the body of an envelope holds: the answer of an operation, or a fault; `NotSoap`."""
    try:
        text = raw.decode("utf-8-sig")
        # SOAP forbids document types (1.1, section 3), and they are how an answer swells.
        if _DOCTYPE in text:
            raise NotSoap("document type")
        body = ET.fromstring(text).find(f"{{{SOAP}}}Body")  # noqa: S314 - no document type in it
    except (UnicodeDecodeError, ET.ParseError) as error:
        raise NotSoap(type(error).__name__) from error
    if body is None or len(body) != 1:
        raise NotSoap("no body")
    return body[0]


def fault_of(element: ET.Element) -> tuple[str, Mapping[str, str]] | None:
    """The name of a typed fault and what stands in it; None for what is no fault."""
    if element.tag != f"{{{SOAP}}}Fault":
        return None
    detail = element.find("detail")
    if detail is None or not len(detail):
        return "", {}
    return local(detail[0]), {local(one): one.text or "" for one in detail[0]}


def local(element: ET.Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def texts(answer: ET.Element) -> list[str]:
    """Each `return` as text: none where nothing is returned."""
    return [one.text or "" for one in answer.findall("return")]
