"""Take secrets out of texts that came from elsewhere and are about to be shown or stored."""

import re
from collections.abc import Iterable
from typing import Final

HIDDEN: Final = "[hidden]"
_PATTERNS: Final = (
    r"sk-ant-[A-Za-z0-9_-]+",
    r"(?i)(?<=bearer )[A-Za-z0-9._~+/=-]{6,}",
    r"(?<=://)[^/@\s]+(?=@)",
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Hide API keys, bearer tokens, passwords in URLs, and each of `secrets`."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, HIDDEN)
    for pattern in _PATTERNS:
        text = re.sub(pattern, HIDDEN, text)
    return text
