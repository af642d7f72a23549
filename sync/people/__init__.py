"""Who may sign in, and which programs may ask."""
