"""Where requests go: the real service, another server, the demo engine."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from chatrepl.api.address import (
    Origin,
    check_address,
    chosen_url,
    is_official,
    service_url,
)
from chatrepl.api.credentials import Credentials, obtain
from chatrepl.core.catalog import OFFICIAL
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.secrets import OPEN, secrets_of
from chatrepl.core.settings import Settings
from chatrepl.core.value import frozen

_UNAUTHORIZED: Final = 401
_SEEN: Final = re.compile(
    r"invalid|incorrect|wrong|revoked|expired|disabled|denied|no such|not valid|fail|unknown"
)
VERSION: Final = "anthropic-version"
FIRST_VERSION: Final = "2023-06-01"
_NAMES_VERSION: Final = re.compile(r"(anthropic|api)[ _-]?version")
DEMO: Final = Credentials("key", "the demo engine", "demo")
DEMO_URL: Final = "http://demo.localhost"


@frozen
class Route:
    """Where requests go and what proves who asks: settled before anything slow is loaded.

    `url` is empty where the SDK's profile is to choose it; `custom` holds the headers that the
    environment adds, a line each. `plainly` lets requests go without the SDK, where that is no
    different.
    """

    url: str
    credentials: Credentials
    headers: Mapping[str, str]
    timeout_s: float
    custom: str = ""
    plainly: bool = True

    @property
    def origin(self) -> Origin:
        """What error messages may say about this route."""
        return Origin(self.url or OFFICIAL, "", self.credentials.source, self.secrets)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What is never to be shown or kept: the key, and what else proves who asks."""
        if self.credentials == DEMO:  # a word of its pages
            return ()
        lines = (line.partition(":") for line in self.custom.splitlines())
        added = ((name.strip(), value.strip()) for name, _, value in lines)
        secret = secrets_of((*self.headers.items(), *added))
        mine = (self.credentials.secret, *secret, *_secrets_in(self.url))
        return tuple(dict.fromkeys(filter(None, mine)))

    @property
    def key_header(self) -> str:
        """The header that the key goes in; empty where there is none, or the SDK chooses it."""
        if self.credentials.kind in {"key", "token"}:
            return "authorization"
        named = {name.lower() for name in self.headers} & {"authorization", "x-api-key"}
        return named.pop() if len(named) == 1 else ""

    @property
    def proof(self) -> str:
        """The header that tells who asks, as it goes out; empty where nothing does."""
        return self.key_header or ("" if self.credentials.kind == "open" else "authorization")

    def not_seen(self, error: ApiError) -> "Route | None":
        """Give the route to try where a refusal may mean that the key was not seen; else None.

        A key that was called invalid was seen. Those who say nothing may not have looked here.
        """
        seen = error.status != _UNAUTHORIZED or _SEEN.search(error.answer.casefold())
        return None if seen else self.with_other_header()

    def older(self, error: ApiError) -> "Route | None":
        """Give the route in the API's first version where a refusal names the version; else None.

        A version that the user chose stays.
        """
        words = (error.answer or error.message).casefold()
        is_named = error.kind is ApiErrorKind.INVALID and _NAMES_VERSION.search(words)
        is_ours = VERSION not in {name.lower() for name in self.headers}
        if not (is_named and is_ours and self.url) or is_official(self.url):
            return None
        return replace(self, headers={**self.headers, VERSION: FIRST_VERSION})

    def with_other_header(self) -> "Route | None":
        """Give the route with the key in the other header that servers look for it in.

        None where there is no such key, and for the official service, which looks in both.
        """
        if not self.key_header or not self.url or is_official(self.url):
            return None
        sent = {name.lower(): text for name, text in self.headers.items()}
        key = self.credentials.secret or sent.pop(self.key_header)
        if self.key_header == "x-api-key":
            sent["authorization"] = f"Bearer {key}"
        else:
            sent["x-api-key"] = key.removeprefix("Bearer ")
        shown = replace(self.credentials, kind="headers", secret="")
        return replace(self, credentials=shown, headers=sent)


def _adds(headers: Mapping[str, str]) -> bool:
    """Tell whether any header may hold a secret: all may but those that say what is wanted."""
    return any(name.lower() not in OPEN for name in headers)


def _secrets_in(url: str) -> Iterator[str]:
    """Give what an address holds that is not for everybody, also as it is sent."""
    parts = urlsplit(url)
    yield from (value for _, value in parse_qsl(parts.query))
    if password := unquote(parts.password or ""):
        from base64 import b64encode

        yield from (password, parts.password or "")
        yield b64encode(f"{unquote(parts.username or '')}:{password}".encode()).decode()


def plan_route(
    settings: Settings,
    credentials: Credentials,
    environ: Mapping[str, str] = os.environ,
    key_header: str = "",
    version: str = "",
) -> Route:
    """Settle where requests go.

    `key_header` is the one that this server took the key in before, `version` the one of the API
    that it knew, where these are not the usual ones.
    May run `api_key_command`. Raises ConfigError for an address that is none or is not safe,
    ApiError for a bad key.
    """
    url = service_url(settings, environ)
    custom = environ.get("ANTHROPIC_CUSTOM_HEADERS", "")
    proves = credentials.kind != "open" or custom or _adds(settings.headers) or "@" in url
    check_address(url, with_key=bool(proves), allowed=settings.allow_http)
    if credentials.kind == "profile" and not chosen_url(settings, environ):
        url = ""
    named = {name.lower() for name in settings.headers}
    older = {VERSION: version} if version and VERSION not in named else {}
    headers = {**settings.headers, **older}
    route = Route(
        url, obtain(credentials), headers, settings.timeout_s, custom, settings.head_start
    )
    other = route.with_other_header() if key_header else None
    return other if other is not None and other.key_header == key_header else route


def custom_headers(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Read the headers that the SDK adds to each request because the environment names them."""
    lines = environ.get("ANTHROPIC_CUSTOM_HEADERS", "").split("\n")
    parts = (line.partition(":") for line in lines)
    return {name.strip(): text.strip() for name, colon, text in parts if colon}


def demo_route(settings: Settings) -> Route:
    """Settle that requests go to the embedded engine."""
    return Route(DEMO_URL, DEMO, {}, settings.timeout_s, plainly=settings.head_start)
