"""What the service asks about trying again: `retry-after` in all its forms, `x-should-retry`."""

import math
import time
from collections.abc import Mapping
from typing import Final

CAP_S: Final = 60.0
_FOR_EVER_S: Final = 86_400.0 * 366


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how long to wait, in seconds; None where nothing was said that makes sense.

    A date is measured against the answer's own date, so that a wrong clock here does no harm.
    """
    wish = _number(headers.get("retry-after-ms"))
    if wish is not None:
        return wish / 1000
    text = headers.get("retry-after")
    wish = _number(text)
    return wish if wish is not None else _until(text, headers.get("date"))


def should_retry(headers: Mapping[str, str]) -> bool | None:
    """Read the service's own word on whether to send the request again."""
    return {"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower())


def span(seconds: float) -> str:
    """Say a time in words, in its largest fitting unit."""
    if seconds < 120:
        return f"{math.ceil(seconds)} s"
    if seconds < 7200:
        return f"{math.ceil(seconds / 60)} min"
    if seconds < 172_800:
        return f"{math.ceil(seconds / 3600)} h"
    return f"{math.ceil(seconds / 86_400)} days" if seconds < _FOR_EVER_S else "more than a year"


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if value >= 0 else None  # a NaN is not


def _until(text: str | None, now: str | None) -> float | None:
    then = _seconds(text)
    if then is None:
        return None
    since = _seconds(now)
    left = then - (time.time() if since is None else since)
    return left if left >= 0 else None


def _seconds(date: str | None) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(date or "").timestamp()
    except (ValueError, OverflowError, OSError):
        return None
