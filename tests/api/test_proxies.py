"""A proxy on the way: chosen as the HTTP client does, and blamed for what is its own."""

import contextlib
import gc
import socket
import ssl
import struct
import threading
from collections.abc import Iterator

import httpx2
import pytest

from chatrepl.api.address import Origin
from chatrepl.api.errors.exceptions import from_exception
from chatrepl.api.http import FAULTS, open_http
from chatrepl.api.proxies import Proxy, proxies, proxy_for
from chatrepl.core.errors import ApiError, ConfigError
from chatrepl.demo.server import serve
from tests.api.helpers import ask, reply, route, run
from tests.faults.raw import answering, sends

FAR = "https://far.invalid"
SECRET = "pass-of-proxy"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{kind}_proxy", raising=False)
        monkeypatch.delenv(f"{kind}_proxy".upper(), raising=False)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_is_named_by_its_variable_and_without_its_password(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, f"http://me:{SECRET}@proxy.test:3128/")
    assert proxy_for(FAR) == Proxy(variable, "proxy.test:3128")
    assert str(proxy_for(FAR)) == f"proxy.test:3128 ({variable})"
    assert proxy_for("https://127.0.0.1:1") is None


def test_what_is_for_the_scheme_comes_before_what_is_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "a.test:1")
    monkeypatch.setenv("HTTP_PROXY", "[::1]:2")
    assert proxy_for("http://far.invalid") == Proxy("HTTP_PROXY", "[::1]:2")
    assert proxy_for(FAR) == Proxy("ALL_PROXY", "a.test:1")


@pytest.mark.parametrize(
    "text", [f"me:{SECRET}", f"http://me:{SECRET}", f"x://{SECRET}:{SECRET}/a"]
)
def test_what_may_be_a_password_is_not_named(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", text)
    assert str(proxies()["all"][1]) == "of ALL_PROXY"


@pytest.mark.parametrize(
    ("spared", "url", "is_spared"),
    [
        ("*", FAR, True),
        ("a.test, far.invalid", FAR, True),
        ("invalid", FAR, True),
        ("FAR.invalid", FAR, True),
        (".far.invalid", "https://one.far.invalid", True),
        ("*.far.invalid", "https://one.far.invalid", True),
        ("far.invalid:8443", "https://far.invalid:8443", True),
        ("far.invalid:8443", FAR, False),
        ("ar.invalid", FAR, False),
        ("10.0.0.7", "http://10.0.0.7:80", True),
        ("10.0.0.7", "http://10.0.0.70", False),
        ("fd00::1", "http://[fd00::1]:80", True),
        ("", FAR, False),
        (",", FAR, False),
    ],
)
def test_whom_no_proxy_spares_the_http_client_spares_too(
    spared: str, url: str, is_spared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.test:1")
    monkeypatch.setenv("NO_PROXY", spared)
    assert (proxy_for(url) is None) == is_spared
    client = open_http(route(url))
    way = client._transport_for_url(httpx2.URL(url))
    assert ("Proxy" not in type(way._pool).__name__) == is_spared  # type: ignore[attr-defined]
    run(client.aclose())


@pytest.mark.parametrize(
    "text",
    ["htp://proxy.test:1", "http://proxy.test:abc", "socks4://proxy.test:1", "http://[::1", "\x01",
     f"http://me:{SECRET}/x@proxy.test:1", f"me:{SECRET}", f"bad://me:{SECRET}@proxy.test:1"],
)  # fmt: skip
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "all_proxy"])
def test_a_proxy_that_is_mistyped_is_a_matter_of_configuration(
    text: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(ConfigError) as raised:
        open_http(route(FAR))
    assert raised.value.exit_code == 2
    assert raised.value.message.startswith(f"{variable} names no proxy that can be used")
    assert SECRET not in raised.value.message
    assert "socks5://" in raised.value.hint


def asked(proxy: str, monkeypatch: pytest.MonkeyPatch, url: str = FAR) -> ApiError:
    """Ask through a proxy; give the error."""
    monkeypatch.setenv("ALL_PROXY", proxy)
    _, error = run(ask(route(url, 2.0), "hello"))
    assert error is not None
    assert SECRET not in f"{error.message}{error.hint}"
    assert error.exit_code == 4
    return error


@pytest.mark.parametrize("scheme", ["http", "https", "socks5", "socks5h"])
@pytest.mark.parametrize("url", [FAR, "http://far.invalid"])
def test_a_proxy_that_is_down_is_blamed_and_not_the_service(
    scheme: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    on = route(url.replace("http:", "https:"))
    error = asked(f"{scheme}://me:{SECRET}@127.0.0.1:{port}", monkeypatch, on.url)
    assert error.message == (
        f"The proxy 127.0.0.1:{port} (ALL_PROXY) does not answer: connection refused."
    )
    assert error.hint.startswith("Check ALL_PROXY; NO_PROXY")


def test_a_proxy_that_has_no_address_is_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    error = asked("http://proxy.invalid:3128", monkeypatch)
    assert (
        error.message == "The proxy proxy.invalid:3128 (ALL_PROXY) cannot be found: no such host."
    )


@pytest.mark.parametrize(
    ("reply_line", "words", "hint", "retryable"),
    [
        (
            b"407 Login Please",
            "refused the connection: 407 Login Please",
            "It wants a login",
            False,
        ),
        (b"403 Forbidden", "refused the connection: 403 Forbidden", "Check ALL_PROXY", False),
        (b"502 Bad Gateway", "refused the connection: 502 Bad Gateway", "Check ALL_PROXY", True),
    ],
)
def test_a_proxy_that_refuses_is_blamed(
    reply_line: bytes, words: str, hint: str, retryable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = b"HTTP/1.1 " + reply_line + b"\r\ncontent-length: 0\r\n\r\n"
    with answering(sends(line)) as url:
        error = asked(url.replace("//", f"//me:{SECRET}@"), monkeypatch)
    assert words in error.message
    assert error.message.startswith("The proxy 127.0.0.1:")
    assert error.hint.startswith(hint)
    assert error.retryable == retryable


@contextlib.contextmanager
def greeting(data: bytes, *, hangs: bool) -> Iterator[str]:
    """Something that speaks first, whoever comes, and then hangs up or hangs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        peers: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    peers.append(server.accept()[0])
                    peers[-1].sendall(data)
                    if not hangs:
                        peers[-1].close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for peer in peers:
            peer.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # see below
@pytest.mark.parametrize("hangs", [False, True])
@pytest.mark.parametrize("data", [b"", b"SSH-2.0-OpenSSH\r\n", b"\5\xff", b"\0" * 40])
@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
def test_what_is_no_proxy_is_named(
    data: bytes, scheme: str, hangs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with greeting(data, hangs=hangs) as address:
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://{address}")
        _, error = run(ask(route(FAR, 0.5), "hello"))
    assert error is not None
    assert f"proxy {address} (ALL_PROXY)" in error.message
    assert error.exit_code == 4
    del error  # it holds on to the socket, which the HTTP library leaves open if a SOCKS proxy
    gc.collect()  # is none


def test_what_the_service_does_behind_a_proxy_is_not_blamed_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.test:1")
    bad = ssl.SSLCertVerificationError(1, "no")
    bad.verify_code, bad.verify_message = 18, "self-signed"
    for fault, words in (
        (bad, "The certificate of far.invalid"),
        (httpx2.ReadTimeout("slow"), "far.invalid did not answer"),
        (OSError("odd"), "far.invalid:443 cannot be reached"),
    ):
        assert words in from_exception(fault, Origin(FAR), FAULTS).message
    slow = from_exception(httpx2.ConnectTimeout("slow"), Origin(FAR), FAULTS)
    assert slow.message == "The proxy proxy.test:1 (ALL_PROXY) did not answer in time."
    lost = from_exception(httpx2.ConnectError("no route"), Origin(FAR), FAULTS)
    assert lost.message == "The proxy proxy.test:1 (ALL_PROXY) cannot be reached."


@contextlib.contextmanager
def socks(target: int, seen: list[bytes]) -> Iterator[str]:
    """A SOCKS5 proxy of one connection: whatever is asked for, it leads to `target`."""

    def talk(peer: socket.socket) -> None:
        peer.recv(2)  # more is there: version and methods
        peer.recv(255)
        peer.sendall(b"\5\0")
        head = peer.recv(4)
        name = peer.recv(peer.recv(1)[0]) if head[3] == 3 else peer.recv(4)
        port = struct.unpack("!H", peer.recv(2))[0]
        seen.append(name + b":%d" % port)
        peer.sendall(b"\5\0\0\1" + b"\0" * 6)
        with socket.create_connection(("127.0.0.1", target)) as inner:
            back = threading.Thread(target=pump, args=(inner, peer), daemon=True)
            back.start()
            pump(peer, inner)
            back.join(5)

    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                peer, _ = server.accept()
                with peer:
                    talk(peer)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"socks5h://127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def test_a_socks_proxy_leads_to_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    with serve() as served, socks(int(served.url.rpartition(":")[2]), seen) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy)
        events, error = run(ask(route("http://far.invalid"), "hello"))
    assert error is None
    assert reply(events).complete
    assert seen == [b"far.invalid:80"]
