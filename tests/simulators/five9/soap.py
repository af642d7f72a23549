"""Envelopes of SOAP 1.1, document/literal, and the description of the service for stock clients.

Only the operation's element has the namespace, its children have none (elementFormDefault
unqualified). Names and order of elements are those of the vendor's AdminWebService, v13.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

NS: Final = "http://service.admin.ws.five9.com/"
SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
PATH: Final = "/wsadmin/v13/AdminWebService"

# By type: (name, type, how often: 1, ? or *) of each element, in order. Types of XML Schema have "x:".
TYPES: Final[Mapping[str, Sequence[tuple[str, str, str]]]] = {
    "fieldEntry": (("columnNumber", "x:int", "1"), ("fieldName", "x:string", "?"),
                   ("key", "x:boolean", "1")),
    "stringArray": (("item", "x:string", "*"),),
    "importData": (("values", "stringArray", "*"),),
    "recordData": (("fields", "x:string", "*"),),
    "importIdentifier": (("identifier", "x:string", "?"),),
    "listUpdateSettings": (
        ("allowDataCleanup", "x:boolean", "?"), ("failOnFieldParseError", "x:boolean", "?"),
        ("fieldsMapping", "fieldEntry", "*"), ("separator", "x:string", "?"),
        ("skipHeaderLine", "x:boolean", "1"), ("cleanListBeforeUpdate", "x:boolean", "1"),
        ("crmAddMode", "x:string", "?"), ("crmUpdateMode", "x:string", "?"),
        ("listAddMode", "x:string", "?"),
    ),
    "listDeleteSettings": (
        ("allowDataCleanup", "x:boolean", "?"), ("failOnFieldParseError", "x:boolean", "?"),
        ("fieldsMapping", "fieldEntry", "*"), ("separator", "x:string", "?"),
        ("skipHeaderLine", "x:boolean", "1"), ("listDeleteMode", "x:string", "?"),
    ),
    "importTrouble": (("key", "x:string", "*"), ("kind", "x:string", "?"),
                      ("rowNumber", "x:int", "1"), ("troubleMessage", "x:string", "?")),
    "listImportResult": (
        ("failureMessage", "x:string", "?"), ("importTroubles", "importTrouble", "*"),
        ("success", "x:boolean", "?"), ("uploadErrorsCount", "x:int", "1"),
        ("listName", "x:string", "?"), ("listRecordsDeleted", "x:int", "1"),
        ("listRecordsInserted", "x:int", "1"),
    ),
    "listInfo": (("name", "x:string", "?"), ("size", "x:int", "1")),
    "disposition": (("description", "x:string", "?"), ("name", "x:string", "?"),
                    ("type", "x:string", "?")),
    "criterion": (("field", "x:string", "?"), ("value", "x:string", "?")),
    "crmLookupCriteria": (("contactIdField", "x:string", "?"), ("criteria", "criterion", "*")),
    "dataList": (("data", "x:string", "*"),),
    "contactRecord": (("values", "dataList", "?"),),
    "contactRecords": (("fields", "x:string", "*"), ("records", "contactRecord", "*")),
    "reportTimeCriteria": (("end", "x:dateTime", "?"), ("start", "x:dateTime", "?")),
    "customReportCriteria": (("time", "reportTimeCriteria", "?"),),
    "callCounterState": (("limit", "x:int", "1"), ("operationType", "x:string", "?"),
                         ("value", "x:int", "1")),
    "limitTimeoutState": (("callCounterStates", "callCounterState", "*"), ("timeout", "x:int", "1")),
}  # fmt: skip

_LIST: Final = ("listName", "x:string", "?")
OPERATIONS: Final[Mapping[str, tuple[Sequence[tuple[str, str, str]], tuple[str, str] | None]]] = {
    "addNumbersToDnc": ((("numbers", "x:string", "*"),), ("x:int", "1")),
    "removeNumbersFromDnc": ((("numbers", "x:string", "*"),), ("x:int", "1")),
    "checkDncForNumbers": ((("numbers", "x:string", "*"),), ("x:string", "*")),
    "getListsInfo": ((("listNamePattern", "x:string", "?"),), ("listInfo", "*")),
    "addToList": ((_LIST, ("listUpdateSettings", "listUpdateSettings", "?"),
                   ("importData", "importData", "?")), ("importIdentifier", "?")),
    "deleteFromList": ((_LIST, ("listDeleteSettings", "listDeleteSettings", "?"),
                        ("importData", "importData", "?")), ("importIdentifier", "?")),
    "deleteRecordFromList": ((_LIST, ("listDeleteSettings", "listDeleteSettings", "?"),
                              ("record", "recordData", "?")), ("listImportResult", "?")),
    "isImportRunning": ((("identifier", "importIdentifier", "?"), ("waitTime", "x:long", "?")),
                        ("x:boolean", "1")),
    "getListImportResult": ((("identifier", "importIdentifier", "?"),), ("listImportResult", "?")),
    "getContactRecords": ((("lookupCriteria", "crmLookupCriteria", "?"),), ("contactRecords", "?")),
    "getDispositions": ((("dispositionNamePattern", "x:string", "?"),), ("disposition", "*")),
    "runReport": ((("folderName", "x:string", "?"), ("reportName", "x:string", "?"),
                   ("criteria", "customReportCriteria", "?")), ("x:string", "?")),
    "isReportRunning": ((("identifier", "x:string", "?"), ("timeout", "x:long", "1")),
                        ("x:boolean", "1")),
    "getReportResultCsv": ((("identifier", "x:string", "?"),), ("x:string", "?")),
    "getCallCountersState": ((), ("limitTimeoutState", "*")),
    "closeSession": ((), None),
}  # fmt: skip
"""By operation: its arguments, and (type, how often) of what it returns."""


class Fault(Exception):
    """A typed fault: `name` is the element in the detail, `values` what stands in it."""

    def __init__(self, name: str, **values: Any) -> None:
        super().__init__(name)
        self.name, self.values = name, values


def read(raw: bytes) -> tuple[str, ET.Element]:
    """The operation of an envelope, by namespaces and not by prefixes, and its element."""
    body = ET.fromstring(raw).find(f"{{{SOAP}}}Body")  # noqa: S314 - our own tests write it
    if body is None or len(body) != 1 or not body[0].tag.startswith(f"{{{NS}}}"):
        raise Fault("MissedArgumentFault", message="no operation")
    return body[0].tag.removeprefix(f"{{{NS}}}"), body[0]


def written(operation: str, result: Any) -> str:
    """The envelope of an answer. A list is repeated, a mapping nested, nothing left out."""
    inner = _elements("return", result)
    name = f"ns2:{operation}Response"
    return _envelope(f'<{name} xmlns:ns2="{NS}">{inner}</{name}>')


def refused(fault: Fault) -> str:
    """The envelope of a fault."""
    inner = "".join(_elements(name, value) for name, value in sorted(fault.values.items()))
    name = f"ns2:{fault.name}"
    return _envelope(
        "<env:Fault><faultcode>env:Server</faultcode><faultstring>(free text)</faultstring>"
        f'<detail><{name} xmlns:ns2="{NS}">{inner}</{name}></detail></env:Fault>'
    )


def _envelope(inner: str) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><env:Envelope xmlns:env="{SOAP}">'
        f"<env:Body>{inner}</env:Body></env:Envelope>"
    )


def _elements(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        inner = "".join(_elements(one, held) for one, held in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(_elements(name, one) for one in value)
    else:
        inner = str(value).lower() if isinstance(value, bool) else escape(str(value))
    return f"<{name}>{inner}</{name}>"


def wsdl(address: str) -> str:
    """A description of these operations alone: the vendor's own is a megabyte and needs the internet."""
    types = "".join(_type(name, parts) for name, parts in TYPES.items())
    elements, messages, ports, bindings = [], [], [], []
    for name, (taken, given) in OPERATIONS.items():
        back = [("return", *given)] if given else []
        types += _type(name, taken) + _type(f"{name}Response", back)
        for one in (name, f"{name}Response"):
            elements.append(f'<x:element name="{one}" type="t:{one}"/>')
            messages.append(
                f'<message name="{one}"><part name="parameters" element="t:{one}"/></message>'
            )
        ways = (("input", name), ("output", f"{name}Response"))
        inner = "".join(f'<{way} message="t:{one}"/>' for way, one in ways)
        ports.append(f'<operation name="{name}">{inner}</operation>')
        body = "".join(f'<{way}><s:body use="literal"/></{way}>' for way, _ in ways)
        bindings.append(f'<operation name="{name}"><s:operation soapAction=""/>{body}</operation>')
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:t="{NS}" targetNamespace="{NS}"'
        ' xmlns:x="http://www.w3.org/2001/XMLSchema" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/">'
        f'<types><x:schema targetNamespace="{NS}" elementFormDefault="unqualified">'
        f"{types}{''.join(elements)}</x:schema></types>{''.join(messages)}"
        f'<portType name="WsAdmin">{"".join(ports)}</portType>'
        '<binding name="WsAdminServiceSoapBinding" type="t:WsAdmin">'
        '<s:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>'
        f'{"".join(bindings)}</binding><service name="WsAdminService">'
        f'<port name="WsAdminPort" binding="t:WsAdminServiceSoapBinding">'
        f'<s:address location="{address}{PATH}"/></port></service></definitions>'
    )


def _type(name: str, parts: Sequence[tuple[str, str, str]]) -> str:
    least, most = {"1": 1, "?": 0, "*": 0}, {"1": "1", "?": "1", "*": "unbounded"}
    inner = "".join(
        f'<x:element name="{one}" type="{kind if kind.startswith("x:") else f"t:{kind}"}"'
        f' minOccurs="{least[often]}" maxOccurs="{most[often]}"/>'
        for one, kind, often in parts
    )
    return f'<x:complexType name="{name}"><x:sequence>{inner}</x:sequence></x:complexType>'
