"""The bins that sizes are sorted into: without gap or overlap, so that each number has one.

Employees: the intervals of the business register (CVR), codes ANTAL_0_0 … ANTAL_1000_999999.
Revenue: the usual bins of Danish sales lists, in million kroner; a convention, set otherwise in
the settings. Each holds its lower bound and reaches up to, not including, the next one's.
"""

from __future__ import annotations

from rules.fields.field import Choice

EMPLOYEES: tuple[Choice, ...] = (
    Choice("0", "0", "0", ("ANTAL_0_0",)),
    Choice("1", "1", "1", ("ANTAL_1_1",)),
    Choice("2-4", "2-4", "2-4", ("ANTAL_2_4",)),
    Choice("5-9", "5-9", "5-9", ("ANTAL_5_9",)),
    Choice("10-19", "10-19", "10-19", ("ANTAL_10_19",)),
    Choice("20-49", "20-49", "20-49", ("ANTAL_20_49",)),
    Choice("50-99", "50-99", "50-99", ("ANTAL_50_99",)),
    Choice("100-199", "100-199", "100-199", ("ANTAL_100_199",)),
    Choice("200-499", "200-499", "200-499", ("ANTAL_200_499",)),
    Choice("500-999", "500-999", "500-999", ("ANTAL_500_999",)),
    Choice("1000+", "1000 og flere", "1000 or more", ("ANTAL_1000_999999", "ANTAL_1000_")),
)

_MILLIONS = ("0-1", "1-5", "5-10", "10-25", "25-50", "50-100", "100-250", "250-500", "500-1000")

REVENUE: tuple[Choice, ...] = (
    *(Choice(bin_, f"{bin_} mio. kr.", f"DKK {bin_} million") for bin_ in _MILLIONS),
    Choice("1000+", "over 1000 mio. kr.", "over DKK 1000 million"),
)
