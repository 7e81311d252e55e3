import re
import socket

import pytest

from chatrepl.api.address import (
    check_address,
    chosen_url,
    elsewhere,
    is_allowed,
    is_in_the_open,
    is_local,
    is_loopback,
    is_official,
    service_url,
)
from chatrepl.core.catalog import OFFICIAL
from chatrepl.core.errors import ConfigError
from chatrepl.core.settings import Settings

ENVIRON = {"ANTHROPIC_BASE_URL": " https://env.example "}


def test_the_settings_win_over_the_environment_and_that_over_the_default() -> None:
    assert chosen_url(Settings(base_url="https://own.example"), ENVIRON) == "https://own.example"
    assert chosen_url(Settings(), ENVIRON) == "https://env.example"
    assert not chosen_url(Settings(), {"ANTHROPIC_BASE_URL": ""})
    assert service_url(Settings(), {}) == OFFICIAL


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True), ("127.0.0.1", True), ("127.9.9.9", True),
        ("::1", True), ("localhost.evil.example", False), ("127.0.0.1.evil.example", False),
        ("10.0.0.1", False), ("0.0.0.0", False), ("evil.example", False), ("", False),
    ],
)  # fmt: skip
def test_this_machine_is_told_from_names_that_look_like_it(host: str, here: bool) -> None:
    assert is_loopback(host) is here
    for url in (f"http://[{host}]:80/" if ":" in host else f"http://{host}:80/",):
        if not host:
            continue
        if here:
            check_address(url, with_key=True)
        else:
            with pytest.raises(ConfigError, match="plain http"):
                check_address(url, with_key=True)
        check_address(url, with_key=False)
        check_address(url.replace("http:", "https:"), with_key=True)


@pytest.mark.parametrize(
    ("answers", "here"),
    [
        (["127.0.0.1"], True), (["::1", "127.0.0.1"], True), (["10.0.0.1"], False),
        (["127.0.0.1", "203.0.113.5"], False), ([], False),
    ],
)  # fmt: skip
def test_a_name_under_localhost_is_looked_up(
    answers: list[str], here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def look_up(name: str, _port: None) -> list[tuple[object, ...]]:
        asked.append(name)
        if not answers:
            raise socket.gaierror
        return [(0, 0, 0, "", (address, 0)) for address in answers]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    name = f"{here}-{len(answers)}.localhost".lower()
    assert is_loopback(name) is is_local(f"http://{name}:80/x") is here
    assert is_in_the_open(f"http://{name}") is not here
    assert asked == [name]


@pytest.mark.parametrize(
    ("url", "hosts", "may"),
    [
        ("http://litellm:4000", ["litellm"], True),
        ("http://litellm:4000", ["LiteLLM:4000"], True),
        ("http://litellm:4000", ["litellm:80", "other"], False),
        ("http://evil.litellm:4000", ["litellm"], False),
        ("http://[fd00::1]:80", ["fd00::1"], True),
        ("http://[fd00::1]:80", ["[fd00::1]"], True),
        ("http://me:pw@litellm", ["litellm"], True),
        ("http://litellm@evil", ["litellm"], False),
        ("http://litellm", [], False),
    ],
)
def test_plain_http_goes_to_hosts_that_are_named(url: str, hosts: list[str], may: bool) -> None:
    assert is_allowed(url, hosts) is may
    if may:
        check_address(url, with_key=True, allowed=hosts)
        return
    with pytest.raises(ConfigError, match="over plain http") as caught:
        check_address(url, with_key=True, allowed=hosts)
    assert "allow_http" in caught.value.hint


@pytest.mark.parametrize(
    "url",
    ["", "example.com", "ftp://x", "http://", "https://h:port", "https://h:99999", "https://a b",
     "https://[::1", "http://user@:80", "https://h\n"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="no address"):
        check_address(url, with_key=False)


def test_a_password_in_an_address_is_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        check_address("ftp://me:pw@host?key=q1w2", with_key=False)
    assert not {"pw", "q1w2"} & set(re.split(r"\W", caught.value.message))


def test_the_service_s_own_hosts_are_known() -> None:
    assert is_official("https://api.anthropic.com/v1")
    assert not is_official("https://anthropic.com.evil.example")
    assert not is_official("https://[bad")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("", ""),
        ("https://api.anthropic.com/", ""),
        ("https://gate.example/v1", "gate.example"),
        ("http://me:pw@127.0.0.1:8080?k=v", "127.0.0.1:8080"),
        ("https://anthropic.com.evil.example", "anthropic.com.evil.example"),
        ("https://me:pw@h:port?k=v", "https://h:port"),
    ],
)
def test_a_host_that_is_not_the_service_s_own_is_named(url: str, host: str) -> None:
    assert elsewhere(url) == host
