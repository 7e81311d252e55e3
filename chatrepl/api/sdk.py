"""The only module that knows the anthropic SDK, which sends what only it knows how to.

That is what takes its credentials from profiles or an identity, or headers from the environment:
finding, renewing and joining these is the SDK's.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast

import anthropic
import httpx2

from chatrepl.api.address import Origin
from chatrepl.api.credentials import Credentials
from chatrepl.api.errors.exceptions import from_exception
from chatrepl.api.http import FAULTS as HTTP_FAULTS
from chatrepl.api.outgoing import Upload
from chatrepl.api.route import Route

FAULTS: Final = replace(
    HTTP_FAULTS,
    raised=(*HTTP_FAULTS.raised, anthropic.AnthropicError, TypeError),
    credentials=(anthropic.CredentialsError,),
    timeout=(*HTTP_FAULTS.timeout, anthropic.APITimeoutError),
)
_UNUSED: Final = "none"  # keeps the SDK from looking for credentials; it is not sent


class SdkCarrier:
    """Has the SDK make the requests: credentials, headers, refusals."""

    faults = FAULTS

    def __init__(self, route: Route, http: httpx2.AsyncClient) -> None:
        """Make the SDK ready for a route, to send with `http`. Raises ApiError."""
        try:
            self._sdk = anthropic.AsyncAnthropic(
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
        self._route = route

    @property
    def origin(self) -> Origin:
        """Who is asked, also where a profile chooses."""
        origin = self._route.origin
        return origin if self._route.url else replace(origin, url=str(self._sdk.base_url))

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of every request, those of ANTHROPIC_CUSTOM_HEADERS among them."""
        named = self._sdk.default_headers.items()
        return {name: text for name, text in named if isinstance(text, str)}

    async def send(
        self,
        method: str,
        path: str,
        body: bytes | Upload | None,
        headers: Mapping[str, str],
        *,
        stream: bool,
    ) -> httpx2.Response:
        more: dict[str, Any] = {
            "cast_to": httpx2.Response,
            "options": {"headers": headers},
            "stream": stream,
            "stream_cls": anthropic.AsyncStream[Any] if stream else None,
        }
        if method == "GET":
            return cast("httpx2.Response", await self._sdk.get(path, **more))
        return cast("httpx2.Response", await self._sdk.post(path, content=body, **more))

    async def close(self) -> None:
        await self._sdk.close()


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
    if route.credentials.kind in {"open", "headers"}:
        return {"Authorization": anthropic.Omit(), **route.headers}
    return dict(route.headers)
