"""Which proxy stands between us and a server: named where something fails on the way there."""

import os
from urllib.parse import urlsplit

from chatrepl.api.address import is_local
from chatrepl.core.value import frozen


@frozen
class Proxy:
    """A proxy, without its password, and the variable that names it."""

    variable: str
    address: str

    def __str__(self) -> str:
        return f"{self.address} ({self.variable})" if self.address else f"of {self.variable}"

    @property
    def hint(self) -> str:
        return f"Check {self.variable}; NO_PROXY lists hosts that need no proxy."


def proxies() -> dict[str, tuple[str, Proxy]]:
    """Give the proxies that are set, by the scheme they are for: their text, and what they are."""
    from urllib.request import getproxies  # slow to load, and seldom needed

    return {
        kind: (text, Proxy(_variable(kind), _address(text)))
        for kind, text in getproxies().items()
        if kind in {"http", "https", "all"} and text
    }


def proxy_for(url: str) -> Proxy | None:
    """Give the proxy on the way to `url`, chosen as the HTTP client does."""
    return chosen(url)[1]


def chosen(url: str) -> tuple[str, Proxy | None]:
    """Give the proxy on the way to `url`, and its text, which may hold a password."""
    there = proxies()
    if not there or is_local(url) or _is_spared(url):
        return "", None
    return there.get(urlsplit(url).scheme) or there.get("all") or ("", None)


def _variable(kind: str) -> str:
    names = (f"{kind}_proxy", f"{kind.upper()}_PROXY")
    return next((name for name in names if os.environ.get(name)), "the system's settings")


def _address(text: str) -> str:
    """Give host and port; nothing where what stands there may be a password."""
    host = text.rpartition("://")[2].rpartition("@")[2].partition("/")[0]
    port = host.rpartition("]")[2].partition(":")[2]
    return host if host.isprintable() and (not port or port.isdecimal()) else ""


def _is_spared(url: str) -> bool:
    from urllib.request import getproxies

    parts = urlsplit(url)
    host = parts.hostname or ""
    names = {host, f"{host}:{parts.port}"}
    for entry in getproxies().get("no", "").split(","):
        spared = entry.strip().rpartition("://")[2].strip("[]").lower()
        if spared == "*" or spared in names:
            return True
        domain = spared.lstrip("*").lstrip(".")
        if domain and any(name.endswith(f".{domain}") for name in names):
            return True
    return False
