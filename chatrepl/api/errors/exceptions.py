"""Failures that are no answer of the service: turned into our errors by their root causes.

What a library raises is told to us by whoever calls it (`Faults`), so that nothing slow is imported
here. A cause that deserves words of its own goes into `_cause`.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Iterator
from typing import Final, TypeAlias, TypeVar

from chatrepl.api.address import Origin
from chatrepl.api.errors.answers import from_answer
from chatrepl.api.proxies import Proxy, proxy_for
from chatrepl.core.errors import AGAIN, CAUSE, ApiError, ApiErrorKind, ChatreplError
from chatrepl.core.value import frozen

Awaited = TypeVar("Awaited")
Raised: TypeAlias = tuple[type[Exception], ...]
_EARLIEST: Final = 1_750_000_000.0  # a clock before mid-2025 is wrong
_LATEST: Final = 2_200_000_000.0  # so is one after 2039
_WANTS_LOGIN: Final = ("407", "Invalid username/password")
_NO_ENTRY: Final = ("403", *_WANTS_LOGIN)
_CERT_DATES: Final = frozenset({9, 10})  # OpenSSL: not yet valid, expired


@frozen
class Faults:
    """What one way to the service may raise, and which of it means what.

    `raised` is what is to be caught; the others name causes inside of it.
    """

    raised: Raised
    proxy: Raised = ()
    connecting: Raised = ()
    address: Raised = ()
    credentials: Raised = ()
    unwritable: Raised = ()
    timeout: Raised = ()
    closed: Raised = ()


def from_exception(
    error: BaseException, origin: Origin, faults: Faults, *, begun: bool = False
) -> ApiError:
    """Turn anything that was raised on a way to the service into our error.

    `begun` says that the answer had begun: then it was broken off.
    """
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None)
    if response is not None and isinstance(status, int) and not begun:
        if status >= 300:
            return from_answer(status, response.headers, response.content, origin)
        return _unreadable(origin)
    chain = list(_causes(error))
    if begun:
        return _torn(chain, faults)
    proxy = proxy_for(origin.url)
    on_the_way = None if proxy is None else _on_the_way(chain, proxy, origin, faults)
    return on_the_way or _cause(chain, origin, faults) or _silent(chain, proxy, origin, faults)


async def in_words(
    answer: Awaitable[Awaited], origin: Origin, faults: Faults, seconds: float
) -> Awaited:
    """Wait for the beginning of an answer, so long at most; whatever goes wrong is an ApiError."""
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError:
        raise timed_out(origin, seconds, begun=False) from None
    except faults.raised as error:
        raise from_exception(error, origin, faults) from error


def timed_out(origin: Origin, seconds: float, *, begun: bool) -> ApiError:
    """Say that nothing came for too long."""
    waited = f"for {round(seconds)} s"
    message = (
        f"The answer stopped coming: nothing {waited}."
        if begun
        else f"{origin.host} did not answer {waited}{_through(proxy_for(origin.url))}."
    )
    return ApiError(ApiErrorKind.TIMEOUT, message, AGAIN)


def _through(proxy: Proxy | None) -> str:
    return "" if proxy is None else f" through the proxy {proxy}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Walk an exception, its causes and the members of groups; the outermost comes first."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        link = waiting.pop(0)
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        if isinstance(link, BaseExceptionGroup):
            waiting.extend(link.exceptions)
        waiting.extend((link.__cause__, link.__context__))


def _on_the_way(
    chain: list[BaseException], proxy: Proxy, origin: Origin, faults: Faults
) -> ApiError | None:
    """Blame the proxy for what happens before it has opened the way."""
    if _first(chain, (ChatreplError, ssl.SSLCertVerificationError)):
        return None
    if refused := _first(chain, faults.proxy):
        reason = origin.clean(str(refused))
        error = _away(f"The proxy {proxy} refused the connection: {reason}", proxy.hint)
        error.retryable = not reason.startswith(_NO_ENTRY)
        if reason.startswith(_WANTS_LOGIN):
            error.hint = f"It wants a login: {proxy.variable}=http://NAME:PASSWORD@HOST:PORT."
        return error
    if _first(chain, (socket.gaierror,)):
        return _away(f"The proxy {proxy} cannot be found: no such host.", proxy.hint)
    if _first(chain, (ConnectionRefusedError,)):
        return _away(f"The proxy {proxy} does not answer: connection refused.", proxy.hint)
    if _first(chain, (ssl.SSLError,)):
        return _away(f"No secure connection through the proxy {proxy} could be made.", proxy.hint)
    if not _first(chain, faults.connecting):
        return None
    if _first(chain, faults.timeout):
        message = f"The proxy {proxy} did not answer in time."
        return ApiError(ApiErrorKind.TIMEOUT, message, proxy.hint)
    return _away(f"The proxy {proxy} cannot be reached.", proxy.hint)


def _cause(chain: list[BaseException], origin: Origin, faults: Faults) -> ApiError | None:
    for link in chain:
        match link:
            case ChatreplError():
                return link if isinstance(link, ApiError) else None
            case socket.gaierror():
                return _away(f"{origin.host} cannot be reached: no such host.", CAUSE)
            case ConnectionRefusedError():
                return _away(f"{origin.address} cannot be reached: connection refused.", CAUSE)
            case ssl.SSLCertVerificationError():
                return _certificate(link, origin)
            case _:
                pass
    if _first(chain, (ssl.SSLError,)):
        message = f"No secure connection to {origin.address} could be made."
        return _away(message, "Check base_url: https or http, and the port.")
    if _first(chain, faults.address):
        message = f"{origin.clean(origin.url)} is no address that can be reached."
        return _wrong(message, "Check base_url: it begins with https:// or http://.")
    return _unsent(chain, origin, faults)


def _unsent(chain: list[BaseException], origin: Origin, faults: Faults) -> ApiError | None:
    if _first(chain, faults.credentials):
        reason = origin.clean(str(chain[0]))
        return ApiError(ApiErrorKind.AUTH, f"The credentials could not be read: {reason}")
    if isinstance(chain[0], TypeError) and "authentication" in str(chain[0]):
        return ApiError(ApiErrorKind.AUTH, "There are no credentials.", "Set ANTHROPIC_API_KEY.")
    if _first(chain, faults.unwritable) or isinstance(chain[0], TypeError | ValueError):
        message = f"The request could not be written: {origin.clean(str(chain[-1]))}"
        return _wrong(message, "Check the headers and base_url in the configuration.")
    return None


def _torn(chain: list[BaseException], faults: Faults) -> ApiError:
    if _first(chain, faults.timeout):
        return ApiError(ApiErrorKind.TIMEOUT, "The answer stopped coming.", AGAIN)
    message = "The connection broke before the answer was complete."
    return ApiError(ApiErrorKind.STREAM, message, AGAIN)


def _silent(
    chain: list[BaseException], proxy: Proxy | None, origin: Origin, faults: Faults
) -> ApiError:
    if _first(chain, faults.timeout):
        message = f"{origin.host} did not answer in time{_through(proxy)}."
        return ApiError(ApiErrorKind.TIMEOUT, message, AGAIN)
    if not _first(chain, (ConnectionError, *faults.closed)):
        return _away(f"{origin.address} cannot be reached{_through(proxy)}.", CAUSE)
    if proxy is not None:
        message = f"The way to {origin.address}{_through(proxy)} was closed at once."
        return _away(message, proxy.hint)
    return _away(f"{origin.address} closed the connection without an answer.", AGAIN)


def _first(chain: list[BaseException], kinds: Raised) -> BaseException | None:
    return next((link for link in chain if isinstance(link, kinds)), None)


def _certificate(error: ssl.SSLCertVerificationError, origin: Origin) -> ApiError:
    reason = origin.clean(error.verify_message or "it could not be verified").rstrip(".")
    message = f"The certificate of {origin.host} was not accepted: {reason}."
    hint = "A proxy may be in between; SSL_CERT_FILE names a certificate bundle to trust."
    now = time.time()
    if not _EARLIEST < now < _LATEST or error.verify_code in _CERT_DATES:
        hint = f"Is the clock right? It says {time.strftime('%Y-%m-%d', time.gmtime(now))}."
    return ApiError(ApiErrorKind.CONNECTION, message, hint, retryable=False)


def _unreadable(origin: Origin) -> ApiError:
    message = f"The answer of {origin.host} could not be read."
    return ApiError(ApiErrorKind.STREAM, message, "Check base_url: it may not be a Messages API.")


def _away(message: str, hint: str) -> ApiError:
    return ApiError(ApiErrorKind.CONNECTION, message, hint)


def _wrong(message: str, hint: str) -> ApiError:
    error = ApiError(ApiErrorKind.INVALID, message, hint)
    error.exit_code = 2
    return error
