"""Whether we were called by a name of this machine: a browser may lead a made-up name here."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_here(host: str) -> bool:
    """Of the header `Host`: an address of this machine."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
