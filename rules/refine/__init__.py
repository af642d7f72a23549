"""What OpenRefine and dedupe ask of the rules: candidates with a score, cleaning steps, labelled pairs."""
