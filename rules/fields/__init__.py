"""The rows of the field catalogue, one module per layer; `rules.catalogue` puts them together."""
