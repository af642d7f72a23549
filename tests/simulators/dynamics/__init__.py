"""Dynamics 365 on this machine: Dataverse's Web API v9.2 and Entra ID's token endpoint, with real state.

The words: an *org* is one environment with its rows and rights, a *row* what the API calls entity,
a *version* the number that every write gives a row (its ETag), a *link* an address of the next page
or of the next changes. `Org` is the state as other users see it; `Site` serves it on loopback.
"""

from simulators.dynamics.org import Org, Refused
from simulators.dynamics.site import HOST, LOGIN, Fault, Site

__all__ = ["HOST", "LOGIN", "Fault", "Org", "Refused", "Site"]
