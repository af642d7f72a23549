"""Which end point answers which path."""

from __future__ import annotations

from collections.abc import Callable

from simulators.salesforce import reads, writes
from simulators.salesforce.desk import Answer

_ID = r"([A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?)"
ROUTES: list[tuple[str, str, Callable[..., Answer]]] = [
    ("GET", r"query(All)?/(01g\w+)-(\d+)", reads.query_more),
    ("GET", r"query(All)?", reads.query),
    ("GET", r"sobjects", reads.everything),
    ("GET", r"sobjects/(\w+)/describe", reads.describe),
    ("GET", r"sobjects/(\w+)/deleted", reads.deleted),
    ("GET", r"sobjects/(\w+)/updated", reads.updated),
    ("GET", rf"sobjects/(\w+)/{_ID}", reads.show),
    ("PATCH", rf"sobjects/FieldPermissions/{_ID}", writes.change_grant),
    ("PATCH", rf"sobjects/(\w+)/{_ID}", writes.patch),
    ("DELETE", rf"sobjects/(\w+)/{_ID}", writes.delete),
    ("POST", r"sobjects/(\w+)", writes.create),
    ("POST", r"composite/sobjects/(\w+)", reads.retrieve),
    ("PATCH", r"composite/sobjects", writes.collection),
    ("POST", r"composite/sobjects", writes.make),
    ("PATCH", r"composite/sobjects/(\w+)/(\w+)", writes.upsert),
    ("POST", r"composite", writes.composite),
    ("GET", r"limits", reads.limits),
    ("GET", r"limits/recordCount", reads.counts),
    ("POST", r"jobs/query", reads.bulk_begin),
    ("GET", r"jobs/query/(\w+)", reads.bulk_look),
    ("GET", r"jobs/query/(\w+)/results", reads.bulk_results),
    ("POST", r"tooling/sobjects/CustomField", writes.add_field),
    ("GET", r"tooling/query", writes.find_field),
    ("GET", r"tooling/sobjects/CustomField/([\w.]+)", writes.show_field),
    ("PATCH", r"tooling/sobjects/CustomField/([\w.]+)", writes.change_field),
]
