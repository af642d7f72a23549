"""Hypothesis profiles: `--hypothesis-profile=NAME`, else HYPOTHESIS_PROFILE, else ci or dev.

dev       quick, random
ci        the same examples every time, so that a red build is about the change
nightly   many examples, random: to find
replay    one failing example at a time, told in full
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, Verbosity, settings

_SLOW = [HealthCheck.too_slow]

settings.register_profile("dev", max_examples=60, deadline=None, suppress_health_check=_SLOW)
settings.register_profile(
    "ci", max_examples=60, deadline=None, derandomize=True, suppress_health_check=_SLOW
)
settings.register_profile("nightly", max_examples=1000, deadline=None, suppress_health_check=_SLOW)
settings.register_profile(
    "replay",
    max_examples=200,
    deadline=None,
    verbosity=Verbosity.verbose,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "dev")
)
