"""The one HTTP client of a process: all that sends shares it and its connections."""

import os
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final
from urllib.request import getproxies

import httpx2
import socksio

from chatrepl.api.address import is_local
from chatrepl.api.bodies import LIST_BYTES, bounded, last_words, sliced
from chatrepl.api.errors.exceptions import Faults
from chatrepl.api.errors.foreign import ERROR_BYTES
from chatrepl.api.outgoing import CONNECT_TIMEOUT_S, ENCODINGS, MESSAGES, SLACK_S, socket_options
from chatrepl.api.proxies import proxies
from chatrepl.api.route import Route
from chatrepl.core.errors import ConfigError

FAULTS: Final = Faults(
    (
        httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL,
        socksio.SOCKSError, OSError, EOFError, ValueError, AssertionError,
    ),
    proxy=(httpx2.ProxyError, socksio.SOCKSError),
    connecting=(httpx2.ConnectError, httpx2.ConnectTimeout),
    address=(httpx2.UnsupportedProtocol, httpx2.InvalidURL),
    unwritable=(httpx2.LocalProtocolError,),
    timeout=(httpx2.TimeoutException,),
    closed=(httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError, httpx2.CloseError),
)  # fmt: skip
_STREAMED: Final = (MESSAGES, "/results")  # what is read as it comes
_CERTIFICATES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_KEEPALIVE_S: Final = 600.0
_LIMITS: Final = httpx2.Limits(
    max_connections=20, max_keepalive_connections=5, keepalive_expiry=_KEEPALIVE_S
)


def timeouts(timeout_s: float) -> httpx2.Timeout:
    """Give the limits of single socket operations, a little longer than our own patience."""
    return httpx2.Timeout(timeout_s + SLACK_S, connect=min(CONNECT_TIMEOUT_S, timeout_s))


def _limits(width: int) -> httpx2.Limits:
    """Give the limits for `width` requests at once; 0 stands for a talk with one at a time."""
    if not width:
        return _LIMITS
    return httpx2.Limits(
        max_connections=width, max_keepalive_connections=width, keepalive_expiry=_KEEPALIVE_S
    )


def build_http(
    base_url: str,
    timeout_s: float,
    transport: httpx2.AsyncBaseTransport | None = None,
    width: int = 0,
) -> httpx2.AsyncClient:
    """Make the client. Proxies and certificates come from the environment, redirects are not taken.

    This machine is reached without a proxy: a key for it leaves it no other way.
    Raises ValueError, InvalidURL, ImportError or OSError where the environment names an impossible
    proxy or certificate file.
    """
    verify: ssl.SSLContext | bool = True
    if base_url.startswith("http:"):
        verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and costs nothing to make
    if transport is None and (is_local(base_url) or not getproxies()):
        transport = httpx2.AsyncHTTPTransport(
            verify=verify, limits=_limits(width), socket_options=socket_options()
        )
    client = httpx2.AsyncClient(
        transport=transport,
        limits=_limits(width),
        timeout=timeouts(timeout_s),
        follow_redirects=False,
        event_hooks={"response": [_bound]},
    )
    client.headers["Accept-Encoding"] = ENCODINGS
    return client


class _Slices(httpx2.AsyncByteStream):
    """A body in small slices."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in sliced(aiter(self._stream)):
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound(response: httpx2.Response) -> None:
    """Read a body that is no reply before anybody reads it without a bound."""
    asked, stream = response.request, response.stream
    is_reply = response.is_success and asked.url.path.endswith(_STREAMED)
    if is_reply or asked.method == "HEAD" or not isinstance(stream, httpx2.AsyncByteStream):
        return
    body = httpx2.Response(response.status_code, headers=response.headers, stream=_Slices(stream))
    chunks = body.aiter_bytes()
    try:
        if response.is_success:
            content = await bounded(chunks, LIST_BYTES)
        else:
            content = await last_words(chunks, ERROR_BYTES, FAULTS.raised)
    finally:
        await body.aclose()
    response.headers.pop("content-encoding", None)
    response.stream = httpx2.ByteStream(content)


async def open_connection(http: httpx2.AsyncClient, url: str) -> None:
    """Open a connection that the next request to `url` will find open. Never fails."""
    try:
        await http.head(url)
    except FAULTS.raised:
        return


def listen(http: httpx2.AsyncClient, heard: Callable[[int, Mapping[str, str]], None]) -> None:
    """Let somebody hear the status and the headers of every answer."""

    async def hear(response: httpx2.Response) -> None:
        heard(response.status_code, response.headers)

    http.event_hooks = {"response": [hear, *http.event_hooks["response"]]}


def open_http(
    route: Route, transport: httpx2.AsyncBaseTransport | None = None, width: int = 0
) -> httpx2.AsyncClient:
    """Make the HTTP client. Raises ConfigError where the environment spoils it."""
    try:
        return build_http(route.url, route.timeout_s, transport, width)
    except (ValueError, httpx2.InvalidURL, ImportError, OSError) as error:
        raise _spoilt(error, route) from error


def _spoilt(error: Exception, route: Route) -> ConfigError:
    if isinstance(error, OSError):
        present = [name for name in _CERTIFICATES if os.environ.get(name)]
        named = f"Check {', '.join(present)}." if present else "Check the system's certificates."
        return ConfigError(f"The certificates could not be read: {error.strerror or error}.", named)
    for text, proxy in proxies().values():
        try:
            httpx2.Proxy(text if "://" in text else f"http://{text}")
        except (ValueError, httpx2.InvalidURL):
            what = f": {proxy.address}" if proxy.address else ""
            message = f"{proxy.variable} names no proxy that can be used{what}."
            return ConfigError(message, "It looks like http://host:port or socks5://host:port.")
    reason = route.origin.clean(str(error))
    return ConfigError(f"The network settings of the environment are not usable: {reason}")
