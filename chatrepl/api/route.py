"""Where requests go: the real service, another server, the demo engine."""

import os
from collections.abc import Mapping
from typing import Final

from chatrepl.api.address import Origin, check_address, chosen_url, service_url
from chatrepl.api.credentials import Credentials, obtain
from chatrepl.core.settings import Settings
from chatrepl.core.value import frozen

DEMO: Final = Credentials("key", "the demo engine", "demo")
DEMO_URL: Final = "http://demo.localhost"


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
    return Route(DEMO_URL, DEMO, {}, settings.timeout_s)
