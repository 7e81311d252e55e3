"""Send a single shot's request before the SDK is loaded.

Importing the SDK takes about a second. The request it would send is known to the byte, so it
leaves at once, where it is plain even before the HTTP client is loaded. What comes back goes
through the same reader and the same words for errors as everything else. Later requests go through
the HTTP client, with the same headers. Anything out of the ordinary is left to the SDK.

What this room imports, the service waits for; `answer` alone may load what is slow.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from chatrepl.api.address import Origin, for_model
from chatrepl.api.headstart.headers import sdk_headers
from chatrepl.api.headstart.wire import OpenSocket, PlainRequest, plain
from chatrepl.api.outgoing import CONNECT_TIMEOUT_S, MESSAGES, SLACK_S, beta_header, streaming
from chatrepl.api.route import Route
from chatrepl.core.errors import AGAIN, ApiError, ApiErrorKind
from chatrepl.core.exchange.request import Request
from chatrepl.core.value import frozen

_PLAIN: Final = frozenset({"key", "token", "open", "headers"})


@frozen
class HeadStart:
    """What the SDK would send along a route, known without it."""

    route: Route
    headers: Mapping[str, str]

    @property
    def needs_http(self) -> bool:
        """Whether already a small request wants the HTTP client."""
        return self.plain(b"") is None

    async def send(self, request: Request, *, at_once: bool) -> "SentAhead":
        """Put a request on the wire, where it is to leave `at_once` and is plain enough for that.

        Raises ApiError where no connection comes about in time.
        """
        body = streaming(request)
        origin = for_model(self.route.origin, request.model)
        ahead = replace(self, headers={**self.headers, **beta_header(request, self.headers)})
        written = ahead.plain(body) if at_once else None
        if written is None:
            return SentAhead(ahead, body, origin)
        try:
            socket = await written.send(min(CONNECT_TIMEOUT_S, self.route.timeout_s))
        except TimeoutError:
            raise not_in_time(origin) from None
        return SentAhead(ahead, body, origin, socket)

    def plain(self, body: bytes, *, way_is_known: bool = False) -> PlainRequest | None:
        """Write a request down; None where the HTTP client has to."""
        url = self.route.url.rstrip("/")
        return plain(url, MESSAGES, self.headers, body, way_is_known=way_is_known)


@frozen
class SentAhead:
    """A request that is on its way through `socket`; without one, the HTTP client is to send it."""

    start: HeadStart
    body: bytes
    origin: Origin
    socket: OpenSocket | None = None


def not_in_time(origin: Origin) -> ApiError:
    """Say that no connection came about."""
    return ApiError(ApiErrorKind.TIMEOUT, f"{origin.host} did not answer in time.", AGAIN)


def head_start(route: Route) -> HeadStart | None:
    """Make ready for a route; None where only the SDK knows what it would send."""
    if not route.plainly or route.credentials.kind not in _PLAIN or route.custom:
        return None
    headers = sdk_headers(route.credentials.secret, route.timeout_s + SLACK_S)
    if headers is None:
        return None
    return HeadStart(route, headers | {name.lower(): text for name, text in route.headers.items()})
