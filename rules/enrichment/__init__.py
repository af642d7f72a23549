"""Enrichment: which company a record is, what the sources know of it, and what of that is proposed.

    record      the one shape in which every source answers
    identity    what a record says of its company, and the keys to ask by
    matching    which company a record is (root domain, then CVR number; names only propose)
    policy      whose value for which field, and over what
    standing    status, legal form and protection, as the law reads them

Pure: no source is asked here, nothing is bought and nothing stored.
"""
