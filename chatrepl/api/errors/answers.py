"""What the service answered instead of a reply, in our words.

`from_answer` is for an HTTP answer, `from_event` for an error inside a stream. A new kind of
refusal goes into `_KINDS`, into `_TYPES`, or, where only its words tell it, into `_by_words`.
Where a body hides its words is told in `foreign.py`. Failures that are no answer at all are in
`exceptions.py`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from chatrepl.api.address import Origin
from chatrepl.api.errors.foreign import Said, said_by, said_in
from chatrepl.api.errors.named import refused_words
from chatrepl.api.errors.permanent import is_no_model, permanent_kind
from chatrepl.api.errors.sizes import is_too_large
from chatrepl.api.retry import CAP_S, retry_after, should_retry, span
from chatrepl.core.errors import AGAIN, CAUSE, CHANGE, REFUSED, TOO_LONG, ApiError, ApiErrorKind
from chatrepl.core.value import frozen

_LONGEST: Final = 300  # of words that no API wrote
_LOGIN: Final = 401
_PROXY_LOGIN: Final = 407
_BY_MODEL: Final = frozenset({400, 422})
_KINDS: Final[Mapping[int, ApiErrorKind]] = {
    401: ApiErrorKind.AUTH,
    402: ApiErrorKind.BILLING,
    403: ApiErrorKind.PERMISSION,
    404: ApiErrorKind.NOT_FOUND,
    _PROXY_LOGIN: ApiErrorKind.CONNECTION,
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
_THINGS: Final = r"\b(file|container|skill|thread|batch|document|image)\b"  # a request names
_SPEND_CODES: Final = frozenset({"enforced_spend_limit_reached", "contract_spend_limit_reached"})


@frozen
class Refusal:
    """An error answer: its status, what it says, and its words made fit to be shown."""

    status: int
    said: Said
    words: str


def request_id_in(headers: Mapping[str, str]) -> str | None:
    """Read the id that an answer goes by, in the service's header or the one that gateways use."""
    return headers.get("request-id") or headers.get("x-request-id")


def from_answer(status: int, headers: Mapping[str, str], body: bytes, origin: Origin) -> ApiError:
    """Turn an HTTP answer that is no success into our error. `headers` must ignore case."""
    if 300 <= status < 400:
        return _redirected(status, headers, origin)
    body = origin.hide(body)
    said = said_in(body)
    error = _make(status, said, request_id_in(headers), origin)
    error.answer = refused_words(body)
    scheme = headers.get("www-authenticate", "").strip().partition(" ")[0].lower()
    if status == _LOGIN and scheme == "basic" and (said.form == "page" or not said.words):
        error.message = f"{origin.host} wants a name and a password (401)."
        error.hint = "base_url may hold them: https://NAME:PASSWORD@HOST."
    return _paced(error, headers)


def from_event(data: object, request_id: str | None, origin: Origin) -> ApiError:
    """Turn an error event inside a stream into our error; its type tells what it is."""
    said = said_by(data)
    if said.words or said.type:
        return _make(200, said, request_id, origin)
    return ApiError(
        ApiErrorKind.STREAM,
        "The service broke off its answer with an error it did not explain.",
        request_id=request_id,
    )


def from_other_content(
    content_type: str, headers: Mapping[str, str], body: bytes, origin: Origin
) -> ApiError:
    """Say what came with a success status where an event stream was expected."""
    request_id = origin.clean(request_id_in(headers) or "") or None
    said = said_in(body)
    words = _shown(said, origin)
    if said.is_error:
        return _make(200, said, request_id, origin)
    if said.form == "page" or "html" in content_type:
        message, hint = _page(words, f"{origin.host} answered with a web page{{}}, not a reply.")
    else:
        reason = f": {words}" if words else "."
        what = content_type or "something else"
        message = f"{origin.host} answered with {what} instead of a stream{reason}"
        hint = "Check base_url: it may not be a Messages API."
    return ApiError(
        ApiErrorKind.STREAM, message, hint, retryable=False, status=200, request_id=request_id
    )


def _page(title: str, message: str) -> tuple[str, str]:
    named = f" titled “{title}”" if title else ""
    return message.format(
        named
    ), "Perhaps a proxy, a login page of this network, or a wrong base_url."


def _shown(said: Said, origin: Origin) -> str:
    words = origin.clean(said.words)
    is_short = said.form == "json" or len(words) <= _LONGEST
    return words if is_short else f"{words[: _LONGEST - 1]}…"


def _kind(refusal: Refusal, model: str) -> ApiErrorKind:
    if model and refusal.status in _BY_MODEL and is_no_model(refusal.words, model):
        return ApiErrorKind.NOT_FOUND
    special = _by_words(refusal, refusal.words.lower())
    if special is not None:
        return special
    by_type = _TYPES.get(refusal.said.type)
    by_status = _KINDS.get(refusal.status)
    if by_status is None and refusal.status >= 500:
        by_status = ApiErrorKind.SERVER
    if by_status is None and refusal.status >= 400:
        by_status = ApiErrorKind.INVALID
    if refusal.status < 400:
        return by_type or ApiErrorKind.STREAM
    return by_status or by_type or ApiErrorKind.INVALID


def _by_words(refusal: Refusal, words: str) -> ApiErrorKind | None:
    if refusal.said.code in _SPEND_CODES or "api usage limits" in words:
        return ApiErrorKind.SPEND_LIMIT
    if refusal.status in {200, 400, 422}:
        if is_too_large(refusal.said.type, refusal.said.code, words):
            return ApiErrorKind.TOO_LARGE
        if "credit balance" in words:
            return ApiErrorKind.BILLING
    if refusal.status in {500, 501, 502, 503}:
        return permanent_kind(refusal.words)
    return None


def _make(status: int, said: Said, request_id: str | None, origin: Origin) -> ApiError:
    refusal = Refusal(status, said, _shown(said, origin))
    kind = _kind(refusal, origin.model)
    message, hint = _WORDS[kind](refusal.words, refusal, origin)
    error = ApiError(
        kind,
        message,
        hint,
        type=origin.clean(said.type) or None,
        status=status,
        request_id=origin.clean(request_id or said.request_id or "") or None,
        retryable=False if status == _PROXY_LOGIN else None,
    )
    error.answer = refusal.words
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


def _auth(words: str, refusal: Refusal, origin: Origin) -> tuple[str, str]:
    if refusal.said.form == "page":
        return _in_place(words, refusal, origin)
    reason = f": {words}" if words else "."
    if origin.source.startswith("no key"):
        return f"This server wants a key{reason}", "api_key_command in config.toml gives one."
    source = f" from {origin.source}" if origin.source else ""
    return f"The key{source} was refused{reason}", CAUSE


def _permission(words: str, refusal: Refusal, origin: Origin) -> tuple[str, str]:
    reason = f": {words}" if words else "."
    match refusal.said.form:
        case "page":
            return _in_place(words, refusal, origin)
        case "text" if words:  # no API speaks so: perhaps it never came to one
            hint = "Perhaps a proxy of this network; else check what the key may do."
            return f"{origin.host} does not allow this ({refusal.status}){reason}", hint
        case _:
            return f"This key may not do that{reason}", "Check the key's rights."


def _in_place(title: str, refusal: Refusal, origin: Origin) -> tuple[str, str]:
    """Say that a page answered; nobody looked at the key."""
    where = f"in place of {origin.host} ({refusal.status})."
    return _page(title, f"A web page{{}} answered {where}")


def _not_found(words: str, refusal: Refusal, origin: Origin) -> tuple[str, str]:
    reason = f": {words}" if words else "."
    path = urlsplit(origin.url).path.rstrip("/")
    if path.endswith(("/v1", "/messages")):
        message = f"{origin.host} has nothing at the address that base_url makes{reason}"
        return message, "Take /v1 and what follows away from base_url; it is added by itself."
    is_bare = words.rstrip(".").lower() in {"", f"model: {origin.model}".lower()}
    is_of_model = "model" in words.lower() or refusal.status in _BY_MODEL
    if origin.model and (is_of_model or (is_bare and refusal.said.type)):
        message = f"{origin.host} has no model {origin.model}{'.' if is_bare else reason}"
        return message, "/models lists them."
    if refusal.said.type == "not_found_error" and re.search(_THINGS, words, re.IGNORECASE):
        return words, CHANGE
    hint = f"Check base_url: {path}/v1/messages is what is asked for." if path else ""
    return f"{origin.host} has no Messages API at that address{reason}", hint or "Check base_url."


def _too_large(words: str, refusal: Refusal, _origin: Origin) -> tuple[str, str]:
    reason, low = f": {words}" if words else ".", words.lower()
    if refusal.status == 413:
        return f"The request is too large (413){reason}", "/detach or /drop makes it smaller."
    if re.search(r"too (many|much) (media|images|documents|pdfs|pages|files|attachments)", low):
        return f"Too much is attached{reason}", "Attach less, or /drop an older turn."
    if "image" in low or "dimension" in low:
        return f"An image is too large{reason}", "Send a smaller one, or /drop an older turn."
    if "pdf" in low:
        return f"A PDF is too large{reason}", "Attach fewer pages, or /drop an older turn."
    if "max_tokens" in low:
        room = "Ask for a shorter reply; /compact or /truncate makes room."
        return f"The reply would not fit into the model's window{reason}", room
    return f"{TOO_LONG}{reason}", "/compact or /truncate makes room."


def _named(message: str, hint: str) -> _Words:
    """Say our own sentence first, and the service's after it where it adds something."""

    def words(reason: str, refusal: Refusal, _origin: Origin) -> tuple[str, str]:
        status = f" ({refusal.status})" if refusal.status >= 400 else ""
        reason = reason.removeprefix(f"{refusal.status} ")  # as the titles of pages begin
        is_bare = reason.rstrip(".").lower() in {"", "overloaded", "internal server error", "error"}
        return f"{message}{status}." if is_bare else f"{message}{status}: {reason}", hint

    return words


_WORDS: Final[Mapping[ApiErrorKind, _Words]] = {
    ApiErrorKind.AUTH: _auth,
    ApiErrorKind.PERMISSION: _permission,
    ApiErrorKind.BILLING: _named("The service asks for payment", "See your account's billing."),
    ApiErrorKind.INVALID: _named(REFUSED, CHANGE),
    ApiErrorKind.NOT_FOUND: _not_found,
    ApiErrorKind.TOO_LARGE: _too_large,
    ApiErrorKind.RATE_LIMIT: _named("The rate limit is reached", AGAIN),
    ApiErrorKind.SPEND_LIMIT: _named(
        "The spend limit of this account is reached", "Raise it there; waiting does not help."
    ),
    ApiErrorKind.OVERLOADED: _named("The service is overloaded", AGAIN),
    ApiErrorKind.SERVER: _named("The service failed", AGAIN),
    ApiErrorKind.CONNECTION: _named(
        "The proxy wants a name and a password", "HTTP_PROXY=http://NAME:PASSWORD@HOST:PORT"
    ),
    ApiErrorKind.TIMEOUT: _named("The service took too long", AGAIN),
    ApiErrorKind.STREAM: _named("The service broke off its answer", AGAIN),
}
