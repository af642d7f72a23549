"""What OpenRefine and dedupe ask of us and bring back: reconciliation, cleaning steps, labelled pairs."""
