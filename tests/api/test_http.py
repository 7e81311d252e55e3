import socket
from contextlib import closing

import httpx2
import pytest

from chatrepl.api.http import build_http, timeouts
from chatrepl.demo.server import serve
from tests.api.helpers import run

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def test_connecting_has_a_limit_of_its_own_and_reading_outlasts_our_patience() -> None:
    assert timeouts(120).connect == 10
    assert timeouts(120).read == 125
    assert timeouts(2).connect == 2


def test_redirects_are_not_followed() -> None:
    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(302, headers={"location": "https://elsewhere.example"})

    async def work() -> int:
        async with build_http("https://x.example", 5, httpx2.MockTransport(answer)) as http:
            return (await http.get("https://x.example")).status_code

    assert run(work()) == 302


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://127.0.0.1:1"])
def test_a_client_connects_with_keepalive(url: str) -> None:
    async def work() -> None:
        async with build_http(url, 5) as http:
            await http.get(url)

    with pytest.raises(httpx2.ConnectError):
        run(work())


def test_proxies_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    async def work() -> None:
        async with build_http("https://api.test", 5) as http:
            await http.get("https://api.test")

    with pytest.raises(httpx2.ConnectError):
        run(work())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_never_reached_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:9")
    monkeypatch.setenv("ALL_PROXY", "http://proxy.invalid:9")

    async def work() -> int:
        with serve() as served:
            url = served.url.replace("127.0.0.1", host)
            async with build_http(url, 5) as http:
                return (await http.head(url)).status_code

    assert run(work()) == 200


def test_a_proxy_that_is_none_is_refused_when_the_client_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://x")
    with pytest.raises(ValueError, match="proxy"):
        build_http("https://api.test", 5)


def test_what_may_be_packed_does_not_depend_on_what_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("httpx2._client.ACCEPT_ENCODING", "gzip, deflate, br, zstd")
    http = build_http("http://127.0.0.1", 1.0)
    assert http.headers["accept-encoding"] == "gzip, deflate"
