import asyncio
import json
import platform
import sys
from types import SimpleNamespace

import anthropic
import httpx2
import pytest

from chatrepl.api.headstart import headers as module
from chatrepl.api.headstart.headers import sdk_headers
from chatrepl.core.wire import encode
from tests.api.helpers import KEY, request

OK = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=b"")


def _sent_by_the_sdk(body: dict[str, object]) -> httpx2.Request:
    seen: list[httpx2.Request] = []

    def answer(asked: httpx2.Request) -> httpx2.Response:
        seen.append(asked)
        return httpx2.Response(200, headers=OK.headers, content=b"")

    async def work() -> None:
        transport = httpx2.MockTransport(answer)
        async with httpx2.AsyncClient(transport=transport, timeout=77.0) as http:
            sdk = anthropic.AsyncAnthropic(api_key=KEY, http_client=http, timeout=http.timeout)
            stream = await sdk.messages.create(stream=True, **body)  # type: ignore[call-overload]
            await stream.close()

    asyncio.run(work())
    return seen[0]


def test_the_headers_are_those_of_the_sdk_s_own_call() -> None:
    asked = request("héllo", system="s", cache_control={"type": "ephemeral"})
    sent = _sent_by_the_sdk(asked.body())
    ours = sdk_headers(KEY, 77.0)
    assert ours is not None
    carried = {"host", "accept-encoding", "connection", "content-length"}
    assert ours == {name: value for name, value in sent.headers.items() if name not in carried}
    assert sent.method == "POST"
    assert sent.url.path == "/v1/messages"


def test_the_body_means_what_the_sdk_s_own_call_would_send() -> None:
    asked = request("héllo", system="s", cache_control={"type": "ephemeral"})
    sent = _sent_by_the_sdk(asked.body())
    assert json.loads(sent.content) == {**asked.body(), "stream": True}
    assert encode(json.loads(sent.content)).encode() == sent.content  # the SDK's own compactness


def test_without_a_key_none_is_sent() -> None:
    assert "authorization" not in (sdk_headers("", 1.0) or {"authorization": ""})


def _asks_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "implementation", SimpleNamespace(name="pypy"))


def test_the_platform_module_would_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = sdk_headers(KEY, 1.0)
    _asks_platform(monkeypatch)
    assert sdk_headers(KEY, 1.0) == ours


@pytest.mark.parametrize("what", ["system", "machine"])
def test_on_a_machine_nobody_knows_the_sdk_has_to_speak(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _asks_platform(monkeypatch)
    monkeypatch.setattr(platform, what, lambda: "strange")
    assert sdk_headers(KEY, 1.0) is None


def test_an_sdk_that_looks_different_has_to_speak_for_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _name: None)
    assert sdk_headers(KEY, 1.0) is None
