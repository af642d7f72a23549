"""Pure decisions: values in, values out. No clock, no settings object, no I/O.

Terms, one line each:

* record: our view of one row or object in an outside system, canonical fields only
* ref: where a record lives: system, kind, id
* version: the outside system's own mark of a state of a record (ETag, stamp, hash); opaque
* cursor: where to go on reading, opaque; a *checkpoint* is a cursor made durable with its effects
* mirror: our last known copy of a record
* change: one field of one record, from what to what, by which rule, and why
* proposal: the changes of one record that a pass decided and nobody has applied yet
* plan: the proposals of one pass, with author and expiry
* finding: something a person should know
* outbox: changes on their way out, not yet confirmed; *settle*: find out what a lost answer meant
* tombstone: proof that a record was deleted; *redirect*: old id to the id that survives a merge
* suppression list: what the *ledger* of opt-out events adds up to
* provenance: where a value came from, when it was checked, how sure it is
"""
