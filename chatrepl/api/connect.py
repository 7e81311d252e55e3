"""From settings and credentials to a client: the real service, another server, the demo engine."""

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from chatrepl.api.address import Origin, check_address, chosen_url, service_url
from chatrepl.api.credentials import Credentials, obtain
from chatrepl.core.errors import ConfigError
from chatrepl.core.settings import Settings
from chatrepl.core.value import frozen

if TYPE_CHECKING:
    import httpx2

    from chatrepl.api.client import Client

DEMO: Final = Credentials("key", "the demo engine", "demo")
_DEMO_URL: Final = "http://demo.localhost"
_UNUSED: Final = "none"  # keeps the SDK from looking for credentials; it is not sent
_HINTS: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")


@frozen
class Route:
    """Where requests go and what proves who asks: settled before anything slow is loaded.

    `url` is empty where the SDK's profile is to choose it; `custom` says that the environment
    adds headers of its own.
    """

    url: str
    credentials: Credentials
    headers: Mapping[str, str]
    timeout_s: float
    custom: bool = False

    @property
    def origin(self) -> Origin:
        """What error messages may say about this route."""
        secret = "" if self.credentials == DEMO else self.credentials.secret  # a word of its pages
        hidden = (secret, *self.headers.values()) if secret else tuple(self.headers.values())
        origin = Origin(source=self.credentials.source, secrets=hidden)
        return Origin(self.url, "", origin.source, hidden) if self.url else origin


def plan_route(
    settings: Settings, credentials: Credentials, environ: Mapping[str, str] = os.environ
) -> Route:
    """Settle where requests go. May run `api_key_command`.

    Raises ConfigError for an address that is none or is not safe, ApiError for a bad key.
    """
    url = service_url(settings, environ)
    check_address(url, with_key=credentials.kind != "open")
    if credentials.kind == "profile" and not chosen_url(settings, environ):
        url = ""
    custom = bool(environ.get("ANTHROPIC_CUSTOM_HEADERS"))
    return Route(url, obtain(credentials), settings.headers, settings.timeout_s, custom)


def demo_route(settings: Settings) -> Route:
    """Settle that requests go to the embedded engine."""
    return Route(_DEMO_URL, DEMO, {}, settings.timeout_s)


def open_http(
    route: Route, transport: "httpx2.AsyncBaseTransport | None" = None
) -> "httpx2.AsyncClient":
    """Make the HTTP client. Raises ConfigError where the environment spoils it."""
    from chatrepl.api.http import build_http

    try:
        return build_http(route.url, route.timeout_s, transport)
    except (ValueError, ImportError, OSError) as error:
        raise _spoilt(error, route) from error


def connect(
    route: Route,
    *,
    http: "httpx2.AsyncClient | None" = None,
    transport: "httpx2.AsyncBaseTransport | None" = None,
) -> "Client":
    """Make a client; imports the SDK. `http` is one that was already opened for this route.

    Raises ApiError or ConfigError where credentials or the environment are not usable.
    """
    import anthropic

    from chatrepl.api.client import FAULTS, Client
    from chatrepl.api.errors.exceptions import from_exception
    from chatrepl.api.reader import ReadLimits

    http = http or open_http(route, transport)
    _hush()
    try:
        sdk = anthropic.AsyncAnthropic(
            **_proof(route.credentials),
            base_url=route.url or None,
            timeout=http.timeout,
            max_retries=0,
            open_telemetry=False,
            http_client=http,
            default_headers=_headers(route),
        )
    except FAULTS.raised as error:
        raise from_exception(error, route.origin, FAULTS) from error
    origin = route.origin if route.url else Origin(str(sdk.base_url), "", route.origin.source)
    return Client(sdk, http, origin, ReadLimits(route.timeout_s))


def _proof(credentials: Credentials) -> dict[str, Any]:
    match credentials.kind:
        case "token":
            return {"auth_token": credentials.secret}
        case "key":
            return {"api_key": credentials.secret}
        case "open" | "headers":
            return {"api_key": _UNUSED}
        case _:
            return {}


def _headers(route: Route) -> dict[str, Any]:
    """Give the headers to add; `Omit` takes the SDK's own away."""
    import anthropic

    if route.credentials.kind in {"open", "headers"}:
        return {"Authorization": anthropic.Omit(), **route.headers}
    return dict(route.headers)


def _hush() -> None:
    """Keep the SDK's log from the terminal, unless somebody wants it."""
    logger = logging.getLogger("anthropic")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _spoilt(error: Exception, route: Route) -> ConfigError:
    present = [name for name in _HINTS if os.environ.get(name) or os.environ.get(name.lower())]
    named = f"Check {', '.join(present)}." if present else "Check the proxy and certificates."
    if isinstance(error, OSError):
        return ConfigError(f"The certificates could not be read: {error.strerror or error}.", named)
    reason = route.origin.clean(str(error))
    return ConfigError(f"The network settings of the environment are not usable: {reason}", named)
