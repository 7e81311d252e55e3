import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from anthropic import AsyncAnthropic

from chatrepl.api.client import connect
from chatrepl.api.credentials import Credentials, find
from chatrepl.api.http import open_http
from chatrepl.api.route import Route, custom_headers, demo_route, plan_route
from chatrepl.core.errors import ApiError, ApiErrorKind, ConfigError
from chatrepl.core.settings import Settings
from chatrepl.demo.engine import Engine
from chatrepl.demo.server import serve
from chatrepl.demo.transport import DemoTransport
from tests.api.helpers import KEY, ask, reply, request, route, run

NONE: Mapping[str, str] = {}


def key(secret: str = KEY) -> Credentials:
    return Credentials("key", "ANTHROPIC_API_KEY", secret)


def sent(on: Route) -> httpx2.Request:
    """Return what a client on this route would send."""
    seen: list[httpx2.Request] = []

    def answer(asked: httpx2.Request) -> httpx2.Response:
        seen.append(asked)
        return httpx2.Response(200, json={"input_tokens": 1})

    async def work() -> None:
        client = connect(on, transport=httpx2.MockTransport(answer))
        await client.count_tokens(request())
        await client.aclose()

    run(work())
    return seen[0]


def test_the_demo_engine_answers_through_the_same_client() -> None:
    events, error = run(ask(demo_route(Settings()), "hello", transport=DemoTransport(Engine())))
    assert error is None
    assert reply(events).complete


def test_the_route_takes_address_headers_and_patience_from_the_settings() -> None:
    settings = Settings(base_url="https://own.example/x", headers={"X-A": "1"}, timeout_s=7.0)
    planned = plan_route(settings, key(), NONE)
    assert planned == Route("https://own.example/x", key(), {"X-A": "1"}, 7.0)
    request = sent(planned)
    assert str(request.url) == "https://own.example/x/v1/messages/count_tokens"
    assert request.headers["x-a"] == "1"
    assert request.headers["authorization"] == f"Bearer {KEY}"


def test_the_environment_chooses_the_address_where_the_settings_do_not() -> None:
    environ = {"ANTHROPIC_BASE_URL": "https://env.example", "ANTHROPIC_CUSTOM_HEADERS": "A: b"}
    planned = plan_route(Settings(), key(), environ)
    assert planned.url == "https://env.example"
    assert planned.custom
    assert plan_route(Settings(), key(), NONE).url == "https://api.anthropic.com"


def test_the_header_that_tells_who_asks_is_named_as_it_goes_out() -> None:
    local = Settings(base_url="http://localhost:1")
    own = Settings(base_url="https://own.example", headers={"X-Api-Key": "k"})
    named = [
        plan_route(settings, credentials, NONE, taken).proof
        for settings, credentials, taken in (
            (local, key(), ""),
            (local, key(), "x-api-key"),
            (local, Credentials("open", "none"), ""),
            (own, Credentials("headers", "mine"), ""),
            (Settings(), Credentials("profile", "p"), ""),
        )
    ]  # fmt: skip
    assert named == ["authorization", "x-api-key", "", "x-api-key", "authorization"]


def test_the_headers_of_the_environment_are_read_as_the_sdk_reads_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "X-A: 1: 2 \nnothing\n  x-b:3\n")
    sdk = AsyncAnthropic(api_key=KEY).default_headers
    headers = custom_headers()
    assert headers == {"X-A": "1: 2", "x-b": "3"}
    assert headers.items() <= sdk.items()
    assert custom_headers(NONE) == {}


def test_a_key_does_not_leave_over_plain_http() -> None:
    settings = Settings(base_url="http://192.168.1.5:8080")
    with pytest.raises(ConfigError, match="plain http"):
        plan_route(settings, key(), NONE)
    assert plan_route(settings, Credentials("open", "none"), NONE).url == settings.base_url


@pytest.mark.parametrize(
    ("settings", "environ", "goes"),
    [
        ({"headers": {"api-key": "k"}}, {}, False),
        ({"headers": {"x-team": "blue"}}, {}, False),
        ({"headers": {"anthropic-beta": "one-1"}}, {}, True),
        ({}, {"ANTHROPIC_CUSTOM_HEADERS": "X-A: b"}, False),
        ({"base_url": "http://me:pw@192.168.1.5"}, {}, False),
        ({"headers": {"api-key": "k"}, "allow_http": ("192.168.1.5",)}, {}, True),
    ],
)
def test_any_header_may_be_a_key_over_plain_http(
    settings: dict[str, Any], environ: dict[str, str], goes: bool
) -> None:
    chosen = Settings(**{"base_url": "http://192.168.1.5:8080", **settings})
    if goes:
        assert plan_route(chosen, Credentials("open", "none"), environ).url == chosen.base_url
        return
    with pytest.raises(ConfigError, match="plain http"):
        plan_route(chosen, Credentials("open", "none"), environ)


def test_all_that_proves_who_asks_is_secret() -> None:
    on = Route(
        "https://me:p%40ss@h.example?key=query-key",
        Credentials("key", "k", KEY),
        {"X-Gate": "Zm9vOmJhcg==", "x-team": "blue"},
        5,
        "X-Own: from the environment 1\nnonsense",
    )
    words = f"{KEY} p@ss p%40ss query-key bWU6cEBzcw== Zm9vOmJhcg== from the environment 1 blue"
    assert on.origin.clean(words) == " ".join(["[hidden]"] * 7 + ["blue"])


def test_a_command_s_key_is_fetched_when_the_route_is_planned() -> None:
    command = Credentials("command", "api_key_command", f"echo {KEY}")
    assert plan_route(Settings(), command, NONE).credentials.secret == KEY
    with pytest.raises(ApiError):
        plan_route(Settings(), key("bad key"), NONE)


def test_each_kind_of_credentials_sends_what_it_should() -> None:
    token = Route("https://h.example", Credentials("token", "t", "tok-1234"), {}, 5)
    assert sent(token).headers["authorization"] == "Bearer tok-1234"
    bare = Route("https://h.example", Credentials("open", "o"), {}, 5)
    assert "authorization" not in sent(bare).headers
    own = Route("https://h.example", Credentials("headers", "h"), {"X-Api-Key": "k"}, 5)
    assert "authorization" not in sent(own).headers
    assert sent(own).headers["x-api-key"] == "k"
    own = Route("https://h.example", Credentials("headers", "h"), {"Authorization": "Basic x"}, 5)
    assert sent(own).headers["authorization"] == "Basic x"


def _profile(folder: Path, **more: Any) -> dict[str, str]:
    for name in ("configs", "credentials"):
        (folder / name).mkdir()
    config = {"version": "1.0", "authentication": {"type": "user_oauth"}, **more}
    (folder / "configs" / "default.json").write_text(json.dumps(config))
    secret = {"version": "1.0", "type": "oauth_token", "access_token": "tok-from-profile"}
    path = folder / "credentials" / "default.json"
    path.write_text(json.dumps(secret))
    path.chmod(0o600)
    return {"ANTHROPIC_CONFIG_DIR": str(folder)}


def test_a_profile_on_disk_is_read_by_the_sdk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = _profile(tmp_path, base_url="https://profile.example")
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path))
    found = find(Settings(), environ)
    assert found is not None
    planned = plan_route(Settings(), found, environ)
    assert not planned.url
    asked = sent(planned)
    assert asked.url.host == "profile.example"
    assert asked.headers["authorization"] == "Bearer tok-from-profile"


def test_a_broken_profile_has_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path))
    found = find(Settings(), {"ANTHROPIC_CONFIG_DIR": str(tmp_path)})
    assert found is not None
    with pytest.raises(ApiError) as caught:
        sent(plan_route(Settings(), found, NONE))
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("name", "value", "url"),
    [
        ("ALL_PROXY", "gopher://me:pw@x", "https://h.example"),
        ("SSL_CERT_FILE", "/no/such/file", "https://h.example"),
    ],
)
def test_an_environment_that_spoils_the_connection_is_named(
    name: str, value: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        open_http(route(url))
    assert name in caught.value.message + caught.value.hint
    assert "pw" not in caught.value.message + caught.value.hint


def test_a_header_that_cannot_be_written_is_an_error_with_words() -> None:
    with serve(Engine()) as served:
        _, error = run(ask(route(served.url, headers={"X-Odd": "a\nb"}), "hello"))
        assert error is not None
        assert error.exit_code == 2
        assert not error.retryable


def test_secrets_of_the_route_are_known_to_its_errors() -> None:
    on = route("https://h.example", headers={"X-Gate": "gate-secret"})
    assert on.origin.clean(f"{KEY} gate-secret") == "[hidden] [hidden]"
    assert KEY not in repr(on)


@pytest.mark.parametrize(
    ("kind", "headers", "other"),
    [
        ("key", {}, {"x-api-key": KEY}),
        ("token", {"A": "b"}, {"a": "b", "x-api-key": KEY}),
        ("headers", {"X-Api-Key": "k"}, {"authorization": "Bearer k"}),
        ("headers", {"Authorization": "Bearer k"}, {"x-api-key": "k"}),
        ("headers", {"Authorization": "Bearer k", "X-Api-Key": "k"}, None),
        ("open", {}, None),
        ("profile", {}, None),
    ],
)
def test_a_key_has_one_other_header_to_go_in(
    kind: Any, headers: dict[str, str], other: dict[str, str] | None
) -> None:
    secret = KEY if kind in {"key", "token"} else ""
    at = Route("https://gateway.test", Credentials(kind, "a test", secret), headers, 5.0)
    swapped = at.with_other_header()
    assert (swapped.headers if swapped else None) == other
    if swapped is not None:
        assert swapped.key_header != at.key_header
        assert KEY not in swapped.origin.clean(f"refused: {KEY}")
        again = swapped.with_other_header()
        assert again is not None
        assert again.key_header == at.key_header
    for url in ("", "https://api.anthropic.com", "https://eu.anthropic.com/v1"):
        assert replace(at, url=url).with_other_header() is None


@pytest.mark.parametrize(("before", "sent"), [("", "authorization"), ("x-api-key", "x-api-key")])
def test_a_key_goes_in_the_header_that_the_server_took_it_in_before(before: str, sent: str) -> None:
    settings = Settings(base_url="https://gateway.test")
    assert plan_route(settings, key(), NONE, before).key_header == sent
    official = plan_route(Settings(), key(), NONE, "x-api-key")
    assert official.key_header == "authorization"


@pytest.mark.parametrize(
    ("status", "words", "seen"),
    [
        (401, "x-api-key header is required", False),
        (401, "", False),
        (401, "Unauthorized", False),
        (401, "Missing API key", False),
        (401, "invalid x-api-key", True),
        (401, "Incorrect API key provided", True),
        (401, "this key was revoked", True),
        (403, "x-api-key header is required", True),
    ],
)
def test_a_key_that_was_seen_and_refused_is_not_sent_again(
    status: int, words: str, seen: bool
) -> None:
    error = ApiError(ApiErrorKind.AUTH, words, status=status)
    error.answer = words
    assert (route("https://gateway.test").not_seen(error) is None) == seen
