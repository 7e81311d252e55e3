"""The address of the service, and whether a key may be sent there.

Where a request went and what it asked for: what an error message needs to be of use.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from chatrepl.core.catalog import OFFICIAL
from chatrepl.core.errors import ConfigError
from chatrepl.core.secrets import HIDDEN, bare_url, redact, redact_json
from chatrepl.core.settings import Settings
from chatrepl.core.value import frozen


def chosen_url(settings: Settings, environ: Mapping[str, str]) -> str:
    """Give the address somebody chose, in the settings or the environment; empty if nobody did."""
    return settings.base_url.strip() or environ.get("ANTHROPIC_BASE_URL", "").strip()


def service_url(settings: Settings, environ: Mapping[str, str]) -> str:
    """Give the address of the service."""
    return chosen_url(settings, environ) or OFFICIAL


def is_official(url: str) -> bool:
    """Tell whether this is the service of Anthropic itself, which always wants a key."""
    host = _host(url)
    return host == "anthropic.com" or host.endswith(".anthropic.com")


def elsewhere(url: str) -> str:
    """Give the host of an address somebody chose where it is not the service's own; else nothing.

    One whose host cannot be told is shown without its login and query.
    """
    return "" if not url or is_official(url) else Origin(bare_url(url)).host


def check_address(url: str, *, with_key: bool, allowed: Iterable[str] = ()) -> None:
    """Raise ConfigError where `url` is no address, or no place to send a key to.

    Over plain http a key goes to this machine only, and to hosts that are `allowed`.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in {"http", "https"} or any(c.isspace() for c in url):
        clean, hint = (
            Origin().clean(bare_url(url, HIDDEN)),
            "It looks like https://host or http://localhost:8080.",
        )
        raise ConfigError(f"base_url {clean} is no address of a server.", hint)
    if with_key and is_in_the_open(url) and not is_allowed(url, allowed):
        raise ConfigError(
            f"A key is not sent to {host} over plain http: anybody on the way could read it.",
            f'Use https, or a tunnel to localhost; or allow_http = ["{host}"] in config.toml.',
        )


def is_in_the_open(url: str) -> bool:
    """Tell whether anybody on the way may read what is sent to `url`."""
    return urlsplit(url).scheme == "http" and not is_local(url)


def is_allowed(url: str, hosts: Iterable[str]) -> bool:
    """Tell whether keys go to `url` in the open, as its host is among `hosts`, or with its port."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    names = {host, f"[{host}]", parts.netloc.rpartition("@")[2].lower()}
    is_named = not names.isdisjoint(name.strip().lower() for name in hosts)
    return is_named and is_in_the_open(url)


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine; a name under localhost is looked up."""
    if host == "localhost":
        return True
    if host.endswith(".localhost"):
        return _leads_here(host)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@cache
def _leads_here(name: str) -> bool:
    """Tell whether all addresses of a name are this machine's: name servers say anything."""
    import socket  # such names are rare

    try:
        answers = socket.getaddrinfo(name, None)
    except (OSError, UnicodeError):
        return False
    return all(is_loopback(str(address[0])) for *_, address in answers)


def is_local(url: str) -> bool:
    """Tell whether `url` is on this machine."""
    return is_loopback(_host(url))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


CHILD_PATH: Final = "/chatrepl-local"  # where a server of `--local` answers


@frozen
class Origin:
    """One request's address, model, the source of its key, and what must never be shown."""

    url: str = OFFICIAL
    model: str = ""
    source: str = ""
    secrets: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """The host, with the port where it is not the usual one."""
        try:
            parts = urlsplit(self.url)
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return self.url
        name = parts.hostname or self.url
        return f"[{name}]{port}" if ":" in (parts.hostname or "") else f"{name}{port}"

    @property
    def address(self) -> str:
        """The host and always the port."""
        usual = ":80" if self.url.startswith("http:") else ":443"
        host = self.host
        return host if ":" in host.rpartition("]")[2] else host + usual

    def clean(self, text: str) -> str:
        """Make a foreign text fit for one line of a message: no secrets, no line breaks."""
        flat = " ".join(redact(text, self.secrets).split())
        return flat if len(flat) <= 600 else flat[:599] + "…"

    def hide(self, data: bytes) -> bytes:
        """Take our own secrets out of JSON that came from there, before anybody reads it."""
        return redact_json(data, self.secrets)


def for_model(origin: Origin, model: str) -> Origin:
    """Give the origin of a request for `model`."""
    return replace(origin, model=model)
