"""The way to a server that a proxy opens, without an HTTP library: all on it is sealed by TLS."""

import base64
import sys
from typing import Final
from urllib.parse import unquote, urlsplit

from chatrepl.api.proxies import Proxy, chosen
from chatrepl.core.value import frozen

_USUAL_PORT: Final = 80


@frozen
class Tunnel:
    """A proxy that opens ways, and the login for it, which nobody else gets."""

    proxy: Proxy
    host: str
    port: int
    login: str = ""

    def opening(self, host: str, port: int) -> bytes:
        """Write the request for a way to `host`."""
        there = f"{host}:{port}"
        login = f"Proxy-Authorization: Basic {self.login}\r\n" if self.login else ""
        return f"CONNECT {there} HTTP/1.1\r\nHost: {there}\r\nAccept: */*\r\n{login}\r\n".encode()


@frozen
class Way:
    """How a server is reached: through a `tunnel`, or without one."""

    tunnel: Tunnel | None = None


def way_to(url: str) -> Way | None:
    """Settle the way to `url` as the HTTP client does; None where only that knows it."""
    if sys.platform != "linux":  # elsewhere the system may know of more
        return None
    text, proxy = chosen(url)
    if proxy is None:
        return Way()
    tunnel = _tunnel(text, proxy) if url.startswith("https:") else None
    return None if tunnel is None else Way(tunnel)


def _tunnel(text: str, proxy: Proxy) -> Tunnel | None:
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme != "http" or not host or not host.isascii():
        return None
    name = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    login = "" if name == ":" else base64.b64encode(name.encode()).decode()
    return Tunnel(proxy, host, _USUAL_PORT if port is None else port, login)
