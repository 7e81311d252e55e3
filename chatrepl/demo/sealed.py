"""What only the engine can read and nobody may change: signatures and encrypted content."""

import base64
import hashlib
import json

from chatrepl.demo.wire import canonical


def digest(data: bytes) -> str:
    """Return a short hash."""
    return hashlib.sha256(data).hexdigest()[:24]


def pack(claims: dict[str, str]) -> str:
    """Return claims as one opaque word."""
    return base64.b64encode(canonical({**claims, "seal": _proof(claims)})).decode()


def unpack(word: str) -> dict[str, str] | None:
    """Return the claims of an opaque word, or None where it is not one of ours."""
    try:
        claims = json.loads(base64.b64decode(word, validate=True))
        proof = claims.pop("seal")
    except (ValueError, AttributeError, KeyError, TypeError):
        return None
    return claims if proof == _proof(claims) else None


def _proof(claims: dict[str, str]) -> str:
    return digest(b"sealed by the demo engine" + canonical(claims))


def seal(*parts: str) -> str:
    """Return an opaque word that belongs to these texts and to no others."""
    return pack({"of": digest(canonical(parts))})


def belongs(word: object, *parts: object) -> bool:
    """Return whether `seal` made the word for these texts."""
    claims = unpack(word) if isinstance(word, str) else None
    return claims == {"of": digest(canonical(parts))}
