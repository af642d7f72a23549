"""Sources of facts: registers and vendors that are asked about a company, a number or an address.

    source      the one protocol, and how a source is described
    registry    which ones there are
    cvr         the Danish company register
    zerobounce  whether e-mail addresses work; so does
    neverbounce
    twilio      whether phone numbers exist; by the number plan
    numverify
    verifying   what verifiers have in common

A source is asked and never written to. What it may be asked, when and for how much is decided by
who asks (`sync.enrichment.enriching`).
"""
