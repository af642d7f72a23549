"""Checks: what is missing, old or unproven in a record. They find, and change nothing.

check       a look at one record that may leave findings; made once per kind and set of fields
desk        the record on the table, what was found in it, and when to look again
moment      how far a record has come (R26): entry, call list, hand-off, close
evidence    what makes a yes, a no or a lawful basis provable: date, source, reference

A check is told which fields a list has a column for. What a list cannot say is said once about
the list (`columns`), not once about each of its records.
"""
