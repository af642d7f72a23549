"""Who may be called: lists checked and released, registers, and contacts that should not have been."""
