"""One module per outside system: it speaks that system's language and translates to records."""
