"""The address of the service, and whether a key may be sent there."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from chatrepl.api.origin import DEFAULT_URL, Origin
from chatrepl.core.errors import ConfigError
from chatrepl.core.settings import Settings


def chosen_url(settings: Settings, environ: Mapping[str, str]) -> str:
    """Give the address somebody chose, in the settings or the environment; empty if nobody did."""
    return settings.base_url.strip() or environ.get("ANTHROPIC_BASE_URL", "").strip()


def service_url(settings: Settings, environ: Mapping[str, str]) -> str:
    """Give the address of the service."""
    return chosen_url(settings, environ) or DEFAULT_URL


def is_official(url: str) -> bool:
    """Tell whether this is the service of Anthropic itself, which always wants a key."""
    host = _host(url)
    return host == "anthropic.com" or host.endswith(".anthropic.com")


def check_address(url: str, *, with_key: bool) -> None:
    """Raise ConfigError where `url` is no address, or no place to send a key to."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in {"http", "https"} or any(c.isspace() for c in url):
        shown, hint = Origin().clean(url), "It looks like https://host or http://localhost:8080."
        raise ConfigError(f"base_url {shown} is no address of a server.", hint)
    if with_key and parts.scheme == "http" and not is_loopback(host):
        raise ConfigError(
            f"A key is not sent to {host} over plain http: anybody on the way could read it.",
            "Use https, or a tunnel to localhost.",
        )


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_local(url: str) -> bool:
    """Tell whether `url` is on this machine."""
    return is_loopback(_host(url))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
