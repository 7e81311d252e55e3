"""Addresses passed on as they are: the service fetches them, chatrepl does not."""

from pathlib import PurePosixPath
from typing import Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from chatrepl.attachments.safe_read import shown
from chatrepl.attachments.sniff import FileKind
from chatrepl.core.errors import AttachmentError

_IMAGES: Final = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp"})
_MAX_LENGTH: Final = 8_000


def is_url(spec: str) -> bool:
    """Tell an address from a path; a drive letter is no scheme, `file:` is a path."""
    scheme, colon, rest = spec.partition("://")
    return bool(colon and rest) and len(scheme) > 1 and scheme.isalnum() and scheme != "file"


def url_kind(spec: str) -> FileKind:
    """Tell what an address leads to by the end of its path."""
    try:
        suffix = PurePosixPath(urlsplit(spec).path).suffix.lower()
    except ValueError:
        return FileKind.UNSUPPORTED
    if suffix in _IMAGES:
        return FileKind.IMAGE
    return FileKind.PDF if suffix == ".pdf" else FileKind.UNSUPPORTED


def checked_url(spec: str) -> str:
    """Check an address and return it without its fragment; raises `AttachmentError`."""
    parts = _split(spec)
    if parts.scheme not in {"http", "https"}:
        raise _refusal(spec, "only http and https addresses are understood")
    if not parts.hostname:
        raise _refusal(spec, "it names no host")
    if "@" in parts.netloc:
        raise _refusal(spec, "it carries a user name or password, which would be passed on")
    if len(spec) > _MAX_LENGTH or not spec.isprintable() or " " in spec:
        raise _refusal(spec, "it is no valid address")
    if url_kind(spec) is FileKind.UNSUPPORTED:
        raise _refusal(spec, "it does not end in .jpg, .png, .gif, .webp or .pdf")
    return urlunsplit(parts._replace(fragment=""))


def url_name(spec: str) -> str:
    """Name an address by the last part of its path and its host."""
    parts = _split(spec)
    return f"{PurePosixPath(parts.path).name or '/'} ({parts.hostname})"


def _split(spec: str) -> SplitResult:
    try:
        parts = urlsplit(spec)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        raise _refusal(spec, "it is no valid address") from None
    return parts


def _refusal(spec: str, why: str) -> AttachmentError:
    # A password in an address must not be shown, neither here nor in a log.
    return AttachmentError(
        f"{shown(_without_secrets(spec))} cannot be attached: {why}.",
        "Download it, and attach the file.",
    )


def _without_secrets(spec: str) -> str:
    scheme, colon, rest = spec.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{colon}{authority.rpartition('@')[2]}{slash}{path.partition('?')[0]}"
