"""One plain request on the wire before any HTTP library is loaded; its answer is read afterwards.

Only what is beyond doubt goes this way: HTTP without proxy or oddities, and not much of it.
Everything else, and whatever cannot even be connected, is left to the HTTP client; a test compares
what arrives. `h11` is loaded while the service thinks.

Whose certificates are trusted, settled as the HTTP client would, before that is loaded.
"""

import asyncio
import os
import re
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chatrepl.core.value import frozen

if TYPE_CHECKING:
    from h11 import Connection


_PLAIN_URL: Final = re.compile(
    r"(https?)://([a-z0-9.-]+)(:[1-9]\d*)?((?:/[\w~-][\w.~-]*)*)/?", re.ASCII
)
_PLAIN_VALUE: Final = re.compile(r"[!-~]([ -~]*[!-~])?")
_PLAIN_NAME: Final = re.compile(r"[a-z0-9-]+")
_RESERVED: Final = frozenset(
    {"accept-encoding", "connection", "content-length", "cookie", "host", "transfer-encoding"}
)
_CODECS: Final = ("brotli", "brotlicffi", "zstandard", "backports.zstd", "compression.zstd")
_MOST_BYTES: Final = 32_768  # fits into the socket's buffer: the kernel sends it on its own
_NEXT_ADDRESS_S: Final = 0.25
_CHUNK: Final = 65_536
_LAST_PORT: Final = 65_535
_USUAL_PORTS: Final = {"http": 80, "https": 443}


class RawAnswer:
    """An open answer, as the reader wants it."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: "Connection"
    ) -> None:
        """`state` has been told of the request."""
        self.status_code = 0
        self.headers: Mapping[str, str] = {}
        self._reader, self._writer, self._state = reader, writer, state

    async def begin(self) -> None:
        """Read the answer's head. Raises OSError or EOFError where there is none."""
        from h11 import Response

        while not isinstance(event := await self._next(), Response):
            pass  # an interim answer
        self.status_code = event.status_code
        found: dict[str, str] = {}
        for name, value in event.headers:
            key, text = name.decode("ascii"), value.decode("latin-1")
            found[key] = f"{found[key]}, {text}" if key in found else text
        self.headers = found

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        """Yield the content. Raises OSError or EOFError where it breaks off."""
        from h11 import Data

        while isinstance(event := await self._next(), Data):
            yield bytes(event.data)

    async def aclose(self) -> None:
        """Close the connection at once."""
        self._writer.transport.abort()

    async def _next(self) -> object:
        from h11 import NEED_DATA, RemoteProtocolError

        try:
            while (event := self._state.next_event()) is NEED_DATA:
                self._state.receive_data(await self._reader.read(_CHUNK))
        except RemoteProtocolError as error:
            raise EOFError(str(error)) from error
        return event


@frozen
class PlainSocket:
    """One request, written out."""

    scheme: str
    host: str
    port: int
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    async def send(self, connect_s: float) -> RawAnswer | None:
        """Put it on the wire; None where nothing was sent.

        Raises OSError, or what the HTTP client raises where no connection comes about in time.
        """
        try:
            async with asyncio.timeout(connect_s):
                opened = await self._connect()
        except TimeoutError as error:
            from httpx2 import ConnectTimeout

            raise ConnectTimeout(str(error)) from error
        except OSError:  # also where the peer's certificate is not trusted
            return None
        if opened is None:
            return None
        reader, writer = opened
        try:
            for option in socket_options():
                writer.get_extra_info("socket").setsockopt(*option)
            head = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
            writer.write(f"POST {self.target} HTTP/1.1\r\n{head}\r\n".encode() + self.body)
            return RawAnswer(reader, writer, self._told())
        except BaseException:
            writer.transport.abort()
            raise

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        context = None
        if self.scheme == "https":
            context = trusted()
            if context is None:
                return None
        return await asyncio.open_connection(
            self.host, self.port, ssl=context, happy_eyeballs_delay=_NEXT_ADDRESS_S
        )

    def _told(self) -> "Connection":
        """Tell the protocol's state what was sent."""
        import h11

        state = h11.Connection(h11.CLIENT)
        state.send(h11.Request(method="POST", target=self.target, headers=list(self.headers)))
        state.send(h11.Data(self.body))
        state.send(h11.EndOfMessage())
        return state


def plain(url: str, path: str, headers: Mapping[str, str], body: bytes) -> PlainSocket | None:
    """Write out a request to `path` under `url` as the HTTP client would; None where it might not.

    The names of `headers` are in lower case.
    """
    found = _PLAIN_URL.fullmatch(url)
    fit = len(body) <= _MOST_BYTES and all(
        _PLAIN_NAME.fullmatch(name) and _PLAIN_VALUE.fullmatch(value)
        for name, value in headers.items()
    )
    if found is None or not fit or _RESERVED.intersection(headers) or not _is_direct():
        return None
    scheme, host, port, base = found.groups()
    usual = _USUAL_PORTS[scheme]
    number = int(port[1:]) if port else usual
    if port == f":{usual}" or number > _LAST_PORT or any(map(_is_there, _CODECS)):
        return None
    ours = {
        "Host": f"{host}{port or ''}",
        "Accept-Encoding": "gzip, deflate",
        "Connection": "keep-alive",
    }
    length = {"Content-Length": str(len(body))}
    return PlainSocket(
        scheme, host, number, f"{base}{path}", tuple((ours | dict(headers) | length).items()), body
    )


def _is_direct() -> bool:
    """Tell whether surely no proxy is set; elsewhere the system's own settings may name one."""
    named = any(key.lower().endswith("_proxy") and value for key, value in os.environ.items())
    return sys.platform == "linux" and not named


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def socket_options() -> list[tuple[int, int, int]]:
    """Ask the kernel to notice a dead peer during long thinking, and routers to keep the path."""
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 60), ("TCP_KEEPCNT", 5)):
        number = getattr(socket, name, None)
        if number is not None:
            options.append((socket.IPPROTO_TCP, number, value))
    return options


_HASHED: Final = r"[0-9a-fA-F]{8}\.\d"
_PROTOCOL: Final = "http/1.1"


def trusted() -> ssl.SSLContext | None:
    """Give what a TLS connection is opened with; None where only the HTTP client would know.

    Raises OSError where the environment names certificates that cannot be read.
    """
    context = _from_environment() or _from_openssl()
    if context is not None:
        context.set_alpn_protocols([_PROTOCOL])
    return context


def _from_environment() -> ssl.SSLContext | None:
    if file := os.environ.get("SSL_CERT_FILE"):
        return ssl.create_default_context(cafile=file)
    if folder := os.environ.get("SSL_CERT_DIR"):
        return ssl.create_default_context(capath=folder)
    return None


def _from_openssl() -> ssl.SSLContext | None:
    """Trust whom OpenSSL was built to trust; a folder of certificates is read when needed."""
    paths = ssl.get_default_verify_paths()
    file, folder = Path(paths.openssl_cafile), Path(paths.openssl_capath)
    has_file, has_folder = file.is_file(), folder.is_dir()
    if not has_file and not (has_folder and _is_hashed(folder)):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(file if has_file else None, folder if has_folder else None)
    return context


def _is_hashed(folder: Path) -> bool:
    return any(re.fullmatch(_HASHED, item.name) for item in folder.iterdir())
