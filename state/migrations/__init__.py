"""The steps from one version of the tables to the next; `state.schema` runs them."""
