"""One module per format: text as people type it in, the canonical form out.

Every format is pure, total (never raises) and idempotent, and returns a `Formatted`.
"""
