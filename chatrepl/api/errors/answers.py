"""What the service answered instead of a reply, in our words.

`from_answer` is for an HTTP answer, `from_event` for an error inside a stream. A new kind of
refusal goes into `_KINDS`, into `_TYPES`, or, where only its words tell it, into `_by_words`.
Failures that are no answer at all are in `exceptions.py`.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from chatrepl.api.address import Origin
from chatrepl.api.errors.named import refused_words
from chatrepl.api.errors.permanent import permanent_kind
from chatrepl.api.retry import CAP_S, retry_after, should_retry, span
from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.value import frozen

_TITLE: Final = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_KINDS: Final[Mapping[int, ApiErrorKind]] = {
    401: ApiErrorKind.AUTH,
    402: ApiErrorKind.BILLING,
    403: ApiErrorKind.PERMISSION,
    404: ApiErrorKind.NOT_FOUND,
    408: ApiErrorKind.TIMEOUT,
    409: ApiErrorKind.SERVER,
    413: ApiErrorKind.TOO_LARGE,
    429: ApiErrorKind.RATE_LIMIT,
    504: ApiErrorKind.TIMEOUT,
    529: ApiErrorKind.OVERLOADED,
}
_TYPES: Final[Mapping[str, ApiErrorKind]] = {
    "authentication_error": ApiErrorKind.AUTH,
    "billing_error": ApiErrorKind.BILLING,
    "permission_error": ApiErrorKind.PERMISSION,
    "not_found_error": ApiErrorKind.NOT_FOUND,
    "invalid_request_error": ApiErrorKind.INVALID,
    "request_too_large": ApiErrorKind.TOO_LARGE,
    "rate_limit_error": ApiErrorKind.RATE_LIMIT,
    "timeout_error": ApiErrorKind.TIMEOUT,
    "conflict_error": ApiErrorKind.SERVER,
    "api_error": ApiErrorKind.SERVER,
    "overloaded_error": ApiErrorKind.OVERLOADED,
}
_SPEND_CODES: Final = frozenset({"enforced_spend_limit_reached", "contract_spend_limit_reached"})


@frozen
class Refusal:
    """The parts of an error answer, as far as they were there."""

    status: int
    type: str = ""
    words: str = ""
    code: str = ""
    request_id: str | None = None
    spoken: bool = False  # the body was an error object of the Messages API


def from_answer(status: int, headers: Mapping[str, str], body: bytes, origin: Origin) -> ApiError:
    """Turn an HTTP answer that is no success into our error. `headers` must ignore case."""
    if 300 <= status < 400:
        return _redirected(status, headers, origin)
    error = _make(_parse(status, headers, body), origin)
    error.answer = refused_words(body)
    return _paced(error, headers)


def from_event(data: object, request_id: str | None, origin: Origin) -> ApiError:
    """Turn an error event inside a stream into our error; its type tells what it is."""
    refusal = _read(200, data, request_id)
    if not refusal.spoken:
        return ApiError(
            ApiErrorKind.STREAM,
            "The service broke off its answer with an error it did not explain.",
            request_id=request_id,
        )
    return _make(refusal, origin)


def from_other_content(
    content_type: str, headers: Mapping[str, str], body: bytes, origin: Origin
) -> ApiError:
    """Say what came with a success status where an event stream was expected."""
    request_id = headers.get("request-id")
    text = body.decode("utf-8", "replace")
    spoken = _read(200, _json(text), request_id)
    if spoken.spoken:
        return _make(spoken, origin)
    if "html" in content_type or text.lstrip()[:1] == "<":
        heading = _TITLE.search(text)
        title = origin.clean(heading.group(1))[:80] if heading else ""
        named = f" titled “{title}”" if title else ""
        message = f"{origin.host} answered with a web page{named}, not with a reply."
        hint = "Perhaps a login page of this network, or a wrong base_url."
        return ApiError(ApiErrorKind.STREAM, message, hint, retryable=False, status=200)
    message = f"{origin.host} answered with {content_type or 'something'} instead of a stream."
    hint = "Check base_url: it may not be a Messages API."
    return ApiError(
        ApiErrorKind.STREAM, message, hint, retryable=False, status=200, request_id=request_id
    )


def _parse(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    return _read(status, _json(body.decode("utf-8", "replace")), headers.get("request-id"))


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _read(status: int, data: object, request_id: str | None) -> Refusal:
    outer: Mapping[str, Any] = data if isinstance(data, dict) else {}
    inner = outer.get("error")
    if isinstance(inner, str):  # some gateways say no more
        return Refusal(status, words=inner, request_id=request_id, spoken=True)
    if not isinstance(inner, dict):
        return Refusal(status, request_id=request_id)
    details = inner.get("details")
    code = details.get("error_code") if isinstance(details, dict) else None
    return Refusal(
        status,
        _text(inner.get("type")),
        _text(inner.get("message")),
        _text(code),
        request_id or _text(outer.get("request_id")) or None,
        spoken=True,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _kind(refusal: Refusal) -> ApiErrorKind:
    words = refusal.words.lower()
    special = _by_words(refusal, words)
    if special is not None:
        return special
    by_type = _TYPES.get(refusal.type)
    by_status = _KINDS.get(refusal.status)
    if by_status is None and refusal.status >= 500:
        by_status = ApiErrorKind.SERVER
    if by_status is None and refusal.status >= 400:
        by_status = ApiErrorKind.INVALID
    if refusal.status < 400:
        return by_type or ApiErrorKind.STREAM
    return by_status or by_type or ApiErrorKind.INVALID


def _by_words(refusal: Refusal, words: str) -> ApiErrorKind | None:
    if refusal.code in _SPEND_CODES or "api usage limits" in words:
        return ApiErrorKind.SPEND_LIMIT
    if refusal.status in {200, 400}:
        if "prompt is too long" in words or "context window" in words:
            return ApiErrorKind.TOO_LARGE
        if refusal.code == "image_dimensions_too_large" or "exceed max allowed size" in words:
            return ApiErrorKind.TOO_LARGE
        if "exceed context limit" in words or "pdf pages" in words:
            return ApiErrorKind.TOO_LARGE
        if "image exceeds" in words or "exceeds the maximum size" in words:
            return ApiErrorKind.TOO_LARGE
        if "credit balance" in words:
            return ApiErrorKind.BILLING
    if refusal.status in {500, 501, 502, 503}:
        return permanent_kind(refusal.words)
    return None


def _make(refusal: Refusal, origin: Origin) -> ApiError:
    kind = _kind(refusal)
    words = origin.clean(refusal.words)
    message, hint = _WORDS[kind](words, refusal, origin)
    error = ApiError(
        kind,
        message,
        hint,
        type=refusal.type or None,
        status=refusal.status,
        request_id=refusal.request_id,
    )
    if kind is ApiErrorKind.NOT_FOUND:
        error.exit_code = 2
    return error


def _paced(error: ApiError, headers: Mapping[str, str]) -> ApiError:
    """Add what the service says about trying again."""
    error.retry_after_s = retry_after(headers)
    wish = should_retry(headers)
    if wish is not None and error.kind is not ApiErrorKind.SPEND_LIMIT:
        error.retryable = wish
    if error.retryable and error.retry_after_s is not None and error.retry_after_s > CAP_S:
        error.hint = f"It asks to wait {span(error.retry_after_s)}; ask again then."
    return error


def _redirected(status: int, headers: Mapping[str, str], origin: Origin) -> ApiError:
    target = Origin(headers.get("location", "")).host
    to = f" to {origin.clean(target)}" if target else ""
    return ApiError(
        ApiErrorKind.CONNECTION,
        f"{origin.host} sends us elsewhere{to}; it was not followed.",
        "Perhaps a proxy or a login page, or a wrong base_url.",
        status=status,
        retryable=False,
    )


_Words = Callable[[str, Refusal, Origin], tuple[str, str]]


def _auth(words: str, _refusal: Refusal, origin: Origin) -> tuple[str, str]:
    source = f" from {origin.source}" if origin.source else ""
    reason = f": {words}" if words else "."
    return f"The API key{source} was refused{reason}", "Check it, or run chatrepl --doctor."


def _not_found(words: str, refusal: Refusal, origin: Origin) -> tuple[str, str]:
    if origin.url.rstrip("/").endswith(("/v1", "/messages")):
        words = f"{origin.host} has nothing at the address that base_url makes."
        return words, "Take /v1 and what follows away from base_url; it is added by itself."
    if origin.model and (refusal.type == "not_found_error" or "model" in words.lower()):
        message = f"{origin.host} has no model {origin.model}."
        return message, "chatrepl --models lists what there is."
    reason = f": {words}" if words else "."
    return f"{origin.host} has no Messages API at that address{reason}", "Check base_url."


def _too_large(words: str, refusal: Refusal, _origin: Origin) -> tuple[str, str]:
    if refusal.status == 413:
        hint = "Attach less, or /detach and /drop what is not needed."
        return words or "The request is larger than the service takes.", hint
    if "image" in words.lower() or "dimension" in words.lower():
        return words, "Send a smaller image, or drop older ones with /drop."
    if "pdf" in words.lower():
        return words, "Attach fewer pages, or drop older ones with /drop."
    if "max_tokens" in words:
        return words, "Ask for a shorter reply, or /truncate and /compact make room."
    return words, "/truncate or /compact makes room."


def _plain(otherwise: str, hint: str) -> _Words:
    def words(reason: str, refusal: Refusal, _origin: Origin) -> tuple[str, str]:
        if not reason and refusal.status >= 400:
            return f"{otherwise} ({refusal.status}).", hint
        return reason or f"{otherwise}.", hint

    return words


def _named(message: str, hint: str) -> _Words:
    """Say our own sentence first, and the service's after it where it adds something."""

    def words(reason: str, refusal: Refusal, _origin: Origin) -> tuple[str, str]:
        status = f" ({refusal.status})" if refusal.status >= 400 else ""
        is_bare = reason.rstrip(".").lower() in {"", "overloaded", "internal server error", "error"}
        return f"{message}{status}." if is_bare else f"{message}{status}: {reason}", hint

    return words


_AGAIN: Final = "Nothing is lost; try again in a moment."
_WORDS: Final[Mapping[ApiErrorKind, _Words]] = {
    ApiErrorKind.AUTH: _auth,
    ApiErrorKind.PERMISSION: _named("The service does not allow this", "Check the key's rights."),
    ApiErrorKind.BILLING: _plain("The service asks for payment", "See your account's billing."),
    ApiErrorKind.INVALID: _plain(
        "The service refused the request", "Nothing is lost; change it and send it again."
    ),
    ApiErrorKind.NOT_FOUND: _not_found,
    ApiErrorKind.TOO_LARGE: _too_large,
    ApiErrorKind.RATE_LIMIT: _named("The rate limit is reached", _AGAIN),
    ApiErrorKind.SPEND_LIMIT: _plain(
        "The spend limit is reached", "Waiting does not help; raise it in your account."
    ),
    ApiErrorKind.OVERLOADED: _named("The service is overloaded", _AGAIN),
    ApiErrorKind.SERVER: _named("The service failed", _AGAIN),
    ApiErrorKind.CONNECTION: _named("The service is out of reach", _AGAIN),
    ApiErrorKind.TIMEOUT: _named("The service took too long", _AGAIN),
    ApiErrorKind.STREAM: _named("The service broke off its answer", _AGAIN),
}
