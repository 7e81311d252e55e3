"""One plain request on the wire, in bytes, before any HTTP library is loaded.

Loading httpx2 takes longer than the request needs to reach the service, so a plain one is written
to a socket of our own. Only what is beyond doubt goes this way: HTTP without proxy or oddities, and
not much of it. Everything else, and whatever cannot even be connected, is left to the HTTP client;
a test compares what arrives.

Whose certificates are trusted, settled as the HTTP client would, before that is loaded.
"""

import asyncio
import os
import re
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from chatrepl.api.outgoing import ENCODINGS, socket_options
from chatrepl.core.catalog import USUAL_PORTS
from chatrepl.core.value import frozen

_PLAIN_URL: Final = re.compile(
    r"(https?)://([a-z0-9.-]+)(:[1-9]\d*)?((?:/[\w~-][\w.~-]*)*)/?", re.ASCII
)
_PLAIN_VALUE: Final = re.compile(r"[!-~]([ -~]*[!-~])?")
_PLAIN_NAME: Final = re.compile(r"[a-z0-9-]+")
_RESERVED: Final = frozenset(
    {"accept-encoding", "connection", "content-length", "cookie", "host", "transfer-encoding"}
)
_MOST_BYTES: Final = 32_768  # fits into the socket's buffer: the kernel sends it on its own
_NEXT_ADDRESS_S: Final = 0.25
_LAST_PORT: Final = 65_535


@frozen
class OpenSocket:
    """A connection on which `request` was sent."""

    request: "PlainRequest"
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@frozen
class PlainRequest:
    """One request, written out."""

    scheme: str
    host: str
    port: int
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    async def send(self, connect_s: float) -> OpenSocket | None:
        """Put it on the wire; None where nothing was sent. Raises TimeoutError."""
        try:
            async with asyncio.timeout(connect_s):
                reader, writer = await self._connect()
        except TimeoutError:
            raise
        except OSError:  # also where the peer's certificate is not trusted
            return None
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        writer.write(f"POST {self.target} HTTP/1.1\r\n{head}\r\n".encode() + self.body)
        return OpenSocket(self, reader, writer)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context = trusted() if self.scheme == "https" else None
        if self.scheme == "https" and context is None:
            raise ssl.SSLError("only the HTTP client knows whom to trust")
        reader, writer = await asyncio.open_connection(
            self.host, self.port, ssl=context, happy_eyeballs_delay=_NEXT_ADDRESS_S
        )
        try:
            for option in socket_options():
                writer.get_extra_info("socket").setsockopt(*option)
        except OSError:  # it is gone already
            writer.transport.abort()
            raise
        return reader, writer


def plain(url: str, path: str, headers: Mapping[str, str], body: bytes) -> PlainRequest | None:
    """Write out a request to `path` under `url` as the HTTP client would; None where it might not.

    The names of `headers` are in lower case.
    """
    parts = _PLAIN_URL.fullmatch(url)
    fits = len(body) <= _MOST_BYTES and all(
        _PLAIN_NAME.fullmatch(name) and _PLAIN_VALUE.fullmatch(value)
        for name, value in headers.items()
    )
    if parts is None or not fits or _RESERVED.intersection(headers) or not _is_direct():
        return None
    scheme, host, port, base = parts.groups()
    usual = USUAL_PORTS[scheme]
    number = int(port[1:]) if port else usual
    if port == f":{usual}" or number > _LAST_PORT:
        return None
    ours = {
        "Host": f"{host}{port or ''}",
        "Accept-Encoding": ENCODINGS,
        "Connection": "keep-alive",
    }
    length = {"Content-Length": str(len(body))}
    return PlainRequest(
        scheme, host, number, f"{base}{path}", tuple((ours | dict(headers) | length).items()), body
    )


def _is_direct() -> bool:
    """Tell whether surely no proxy is set; elsewhere the system's own settings may name one."""
    named = any(key.lower().endswith("_proxy") and value for key, value in os.environ.items())
    return sys.platform == "linux" and not named


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
