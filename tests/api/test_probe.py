import asyncio

import httpx2
import pytest

from chatrepl.api.client import connect
from chatrepl.api.probe import Probe, probe
from chatrepl.core.errors import ApiError
from chatrepl.demo.server import serve
from tests.api.helpers import route


def _probe(url: str, http: httpx2.AsyncClient, now: float) -> Probe:
    async def work() -> Probe:
        on = route(url)
        async with http:
            return await probe(connect(on, http=http), http, on, lambda: now)

    return asyncio.run(work())


def test_a_service_tells_its_models() -> None:
    with serve() as served:
        found = _probe(served.url, httpx2.AsyncClient(), 0.0)

    assert found.models
    assert found.seconds == 0


def test_the_clocks_are_compared() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        date = {"date": "Thu, 01 Jan 1970 00:02:00 GMT"}
        return httpx2.Response(200, headers=date, json={"data": [{"id": "m"}]})

    found = _probe(
        "https://api.test", httpx2.AsyncClient(transport=httpx2.MockTransport(answer)), 0
    )

    assert found.ahead_s == 120


def test_a_service_without_a_list_of_models_is_there_all_the_same() -> None:
    absent = httpx2.MockTransport(lambda _: httpx2.Response(404, json={"detail": "Not Found"}))
    found = _probe("https://api.test", httpx2.AsyncClient(transport=absent), 0)

    assert found.models == ()
    assert found.lacking is not None
    assert "no list of models" in found.lacking.message


def test_a_service_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ApiError):
        _probe("http://127.0.0.1:9", httpx2.AsyncClient(), 0.0)
