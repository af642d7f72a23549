"""The commands: each parses its arguments, calls one function and shows what it returns.

Nothing heavy is imported at the top of these modules, and they hold no words: see `localised`.
"""
