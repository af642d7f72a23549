"""Web addresses and root domains: whose domain is it, and does it say whose record it is.

Not a look-up: a domain that is spelled right may not exist. The root domain is the part that is
registered (`firma.dk`, `firma.co.uk`), by the public suffix list that ships with its package; it
is never read off the last two labels, and never fetched.
"""

from __future__ import annotations

import pkgutil
import re
from functools import cache
from itertools import chain

from rules import tables
from rules.changes import Severity
from rules.formats.cells import LONGEST, Guess, guessed, kept, nothing, spelled, trimmed
from rules.formats.formatted import Formatted, Issue

VERSION = 2

_ASCII_HOST = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})"
)
_SETTLED = re.compile(
    r"https?://(?!ww\.|wwww)([a-z0-9][a-z0-9.-]*\.[a-z]{2,63})(?:/[!-~]+)?(?:\?[!-~]+)?"
)
_URL = re.compile(
    r"(?:(?P<scheme>https?):/{2,3})?(?P<host>[^\s/?#:@\\]+)(?::(?P<port>\d{1,5}))?"
    r"(?P<rest>[/?#]\S*)?",
    re.IGNORECASE | re.ASCII,
)
_ANY_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*:/{1,3})?(?P<host>[^\s/?#:@\\]+)[^\s@]*", re.IGNORECASE)
_BROKEN_SCHEME = re.compile(
    r"(?:(?:https?|htpps?|htp|httpp?s?|htttps?)\s*(?:[:;]?\s*[/\\]{1,3}|[:;])\s*(?:www\.(?=http))?)+",
    re.IGNORECASE,
)
_BROKEN_WWW = re.compile(r"(?:ww|wwww+)\.(?=.+\.)")
_SEVERAL = re.compile(r"\s*[;,|\s]\s*")
_DEFAULT_PORTS = {"http": "80", "https": "443"}


_IS_SUFFIX, _ALL_BELOW, _IS_ROOT = 1, 2, 4


@cache
def _suffixes() -> dict[str, int]:
    """The rules of the public suffix list in ASCII: `co.uk` is a suffix, of `*.ck` all names below
    are ones, but for `!www.ck`, which is a root domain.

    The package's own reader would make a tree of them, which takes ten times the memory.
    """
    from tldextract.suffix_list import extract_tlds_from_suffix_list

    snapshot = pkgutil.get_data("tldextract", ".tld_set_snapshot") or b""
    found: dict[str, int] = {}
    for rule in chain.from_iterable(extract_tlds_from_suffix_list(snapshot.decode())):
        name, kind = rule, _IS_SUFFIX
        if rule.startswith("*."):
            name, kind = rule[2:], _ALL_BELOW
        elif rule.startswith("!"):
            name, kind = rule[1:], _IS_ROOT
        name = ".".join(map(_ascii_label, name.split(".")))
        found[name] = found.get(name, 0) | kind
    return found


def _ascii_label(label: str) -> str:
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"


def root_of_host(host: str) -> str | None:
    """The root domain of a lower-case ASCII host; None when it has none."""
    suffixes = _suffixes()
    before, rest, tail = "", "", host
    while tail:
        kind = suffixes.get(tail)
        if kind is not None:
            if kind & _IS_ROOT:
                return tail
            if kind & _ALL_BELOW and rest:
                return before or None
            if kind & _IS_SUFFIX:
                return rest or None
        before, rest = rest, tail
        tail = tail.partition(".")[2]
    return None


def meant_host(host: str) -> str:
    """The host that was probably meant by one whose ending does not exist, or by a mail domain
    that begins with `www.`; empty when nothing is wrong with it that a slip explains."""
    if host.startswith("www.") and root_of_host(host[4:]):
        return host[4:]
    head, dot, top = host.rpartition(".")
    ending = tables.pairs("mail_slips").get(dot + top, "") if dot else ""
    return head + ending if ending and root_of_host(host) is None else ""


def ascii_host(host: str) -> str | None:
    """A host name in lower case and ASCII (IDN as `xn--…`), without a dot at the end; else None."""
    host = host.removesuffix(".").lower()
    if not host.isascii():
        import idna

        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    if len(host) > 253 or not _ASCII_HOST.fullmatch(host):
        return None
    return host


def root_domain(text: str) -> str | None:
    """The root domain of a web address, a host or an e-mail address; None when there is none.

    Private suffixes count (`firma.wixsite.com` is a root of its own, `wixsite.com` is none).
    The ASCII form, lower case.
    """
    if text.startswith("http"):
        found = _SETTLED.fullmatch(text)
        if found and is_plain_host(found[1]):
            return root_of_host(found[1])
    bare = trimmed(text)
    if len(bare) > 2000:
        return None
    if "@" in bare and "://" not in bare:
        bare = bare.rpartition("@")[2].rstrip(">.;, ")
    any_url = _ANY_URL.fullmatch(bare)
    host = ascii_host(any_url["host"]) if any_url else None
    return root_of_host(host) if host else None


_SHARED = tables.pairs("shared_domains")


def identifies_company(domain: str) -> bool:
    """Whether a root domain can say whose a record is: no free mail, host, directory or network."""
    return bool(domain) and domain.lower() not in _SHARED


def settled(text: str) -> bool:
    """A quick look: True only when `website(text)` would leave the cell alone and say nothing."""
    found = _SETTLED.fullmatch(text)
    if found is None:
        return False
    host = found[1]
    root = root_of_host(host) if is_plain_host(host) or ascii_host(host) == host else None
    return root is not None and root not in _SHARED


def is_plain_host(host: str) -> bool:
    """Whether letters, digits, dots and hyphens make a host name: no label is empty or begins or
    ends with a hyphen. False is not sure for long names."""
    return len(host) < 64 and not (".." in host or "-." in host or ".-" in host)


def usual(text: str) -> Guess | None:
    """A guess at the spelling and its reason; sure once it is `settled`. None: no guess."""
    bare = text.strip()
    slashes = bare.count("/")
    if slashes > 3 or "?" in bare or "#" in bare or len(text) > LONGEST:
        return None
    if slashes == 0:
        return "https://" + bare.lower(), "reason.website.scheme"
    if slashes == 2:
        return bare.lower(), "reason.website.spelling"
    if slashes == 3 and bare[-1] == "/":
        return bare[:-1].lower(), "reason.website.spelling"
    return None


def website(text: str) -> Formatted:
    """A web address: scheme and host in lower case, IDN as ASCII, `https://` where none was given.

    Path and query stay as they are; a lone slash at the end and the scheme's own port go. An
    address on somebody else's domain (a social network, a directory) is spelled like any other
    and noted, because it identifies no company. Total, idempotent.
    """
    if settled(text):
        return Formatted(text)
    return guessed(usual(text), settled) or unsettled(text)


def unsettled(text: str) -> Formatted:
    """`website` without its quick look, for who has looked already."""
    return nothing(text) or _read(text)


def _read(text: str) -> Formatted:
    bare = trimmed(text)
    found = _URL.fullmatch(bare)
    host = ascii_host(found["host"]) if found else None
    if found is None or host is None:
        return _refused(text, bare)
    root = root_of_host(host)
    meant = _meant_address(host, root)
    if meant:
        return kept(text, "website_typo", suggestion=bare.replace(found["host"], meant))
    if root is None:
        return kept(text, "website_domain_unknown")
    scheme, port, rest = (found["scheme"] or "").lower(), found["port"], found["rest"] or ""
    if port and _DEFAULT_PORTS.get(scheme) == str(int(port)):
        port = None
    if port and not scheme:
        return kept(text, "website_port")
    url = f"{scheme or 'https'}://{host}{':' + port if port else ''}{'' if rest == '/' else rest}"
    issues = () if identifies_company(root) else (_shared(root),)
    reason = "reason.website.scheme" if not scheme else "reason.website.spelling"
    return Formatted(url, "" if url == text else reason, issues=issues)


def _meant_address(host: str, root: str | None) -> str:
    """The host that was probably meant: an ending that exists, three w; empty when none is."""
    if root is None:
        return meant_host(host)
    slip = _BROKEN_WWW.match(host)
    return f"www.{host[slip.end() :]}" if slip and root != host else ""


def settled_domain(text: str) -> bool:
    """A quick look: True only when `domain(text)` would leave the cell alone and say nothing."""
    return (
        len(text) < 254
        and _ASCII_HOST.fullmatch(text) is not None
        and (root_of_host(text) == text and identifies_company(text))
    )


def domain(text: str) -> Formatted:
    """A root domain, from whatever web address, host or e-mail domain stands in the cell.

    The ASCII form in lower case. Total, idempotent.
    """
    if settled_domain(text):
        return Formatted(text)
    empty = nothing(text)
    if empty is not None:
        return empty
    root = root_domain(text)
    if root is None or "@" in text:
        return kept(text, "website_domain_unknown" if "." in text else "website_invalid")
    issues = () if identifies_company(root) else (_shared(root),)
    return Formatted(root, "" if root == text else "reason.website.root", issues=issues)


def root_of_website(site: str) -> Formatted:
    """The root domain that belongs beside a web address (R8); none beside a doubtful or shared one."""
    root = root_domain(site)
    if root and identifies_company(root) and (settled(site) or not website(site).issues):
        return spelled(root, "reason.website.root")
    return Formatted(None)


def _shared(root: str) -> Issue:
    return Issue("website_shared_host", Severity.NOTICE, {"text": root})


def _refused(text: str, bare: str) -> Formatted:
    """Why the cell is no web address, with a proposal where one typing error explains it."""
    if "@" in bare and not re.search(r"[\s/]", bare):
        return kept(text, "website_is_email")
    parts = [part for part in _SEVERAL.split(bare) if part not in {"", "/", "&", "og", "eller"}]
    if len(parts) > 1 and all(root_domain(part) for part in parts):
        return kept(text, "website_several")
    guess = _BROKEN_SCHEME.sub("https://", bare, count=1)
    spelt = guess.replace(",", ".")
    dotted = spelt.replace(" ", ".") if spelt.startswith("www ") else spelt
    for candidate in (guess, spelt, guess.replace(" ", ""), dotted):
        if candidate != bare and _URL.fullmatch(candidate) and root_domain(candidate):
            return kept(text, "website_typo", suggestion=candidate)
    return kept(text, "website_invalid")
