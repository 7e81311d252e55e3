"""The headers of the service: those it asks for, and those it sends."""

from collections.abc import Mapping
from datetime import UTC, datetime

from chatrepl.demo.wire import ApiFault, invalid

ORGANIZATION = "00000000-0000-4000-8000-00000000demo"
_LIMITS = {
    "requests": 4000,
    "tokens": 2_400_000,
    "input-tokens": 2_000_000,
    "output-tokens": 400_000,
}


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(now: float) -> str:
    """Return seconds since 1970 as headers write them; `email.utils` is slow to import."""
    at = datetime.fromtimestamp(now, UTC)
    return f"{_DAYS[at.weekday()]}, {at.day:02d} {_MONTHS[at.month - 1]} {at:%Y %H:%M:%S} GMT"


def check_headers(headers: Mapping[str, str]) -> None:
    """Check credentials and version; raises the service's 400, 401 or 403.

    A key with "bad" in it is refused, one with "forbidden" may do nothing.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    key = token if scheme.lower() == "bearer" else headers.get("x-api-key", "")
    if not key.strip():
        raise ApiFault(401, "x-api-key header is required")
    if "bad" in key:
        raise ApiFault(401, "invalid x-api-key")
    if "forbidden" in key:
        raise ApiFault(403, "Your API key does not have permission to use the specified resource.")
    if not headers.get("anthropic-version"):
        raise invalid("anthropic-version: header is required")


def own_headers(request_id: str, now: float, requests: int) -> dict[str, str]:
    """Return the headers every answer carries."""
    reset = datetime.fromtimestamp(now + 60, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    headers = {
        "date": http_date(now),
        "request-id": request_id,
        "anthropic-organization-id": ORGANIZATION,
        "server": "chatrepl-demo",
    }
    for name, limit in _LIMITS.items():
        used = requests % 60 if name == "requests" else 0
        headers[f"anthropic-ratelimit-{name}-limit"] = str(limit)
        headers[f"anthropic-ratelimit-{name}-remaining"] = str(limit - used)
        headers[f"anthropic-ratelimit-{name}-reset"] = reset
    return headers
