"""Outside systems as the settings name them: set up, mapped, provisioned, tried out, paid for."""
