import pytest

from chatrepl.api.address import (
    DEFAULT_URL,
    check_address,
    chosen_url,
    is_loopback,
    is_official,
    service_url,
)
from chatrepl.core.errors import ConfigError
from chatrepl.core.settings import Settings

ENVIRON = {"ANTHROPIC_BASE_URL": " https://env.example "}


def test_the_settings_win_over_the_environment_and_that_over_the_default() -> None:
    assert chosen_url(Settings(base_url="https://own.example"), ENVIRON) == "https://own.example"
    assert chosen_url(Settings(), ENVIRON) == "https://env.example"
    assert not chosen_url(Settings(), {"ANTHROPIC_BASE_URL": ""})
    assert service_url(Settings(), {}) == DEFAULT_URL


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True), ("demo.localhost", True), ("127.0.0.1", True), ("127.9.9.9", True),
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
    "url",
    ["", "example.com", "ftp://x", "http://", "https://h:port", "https://h:99999", "https://a b",
     "https://[::1", "http://user@:80", "https://h\n"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="no address"):
        check_address(url, with_key=False)


def test_a_password_in_an_address_is_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        check_address("ftp://me:pw@host", with_key=False)
    assert "pw" not in caught.value.message


def test_the_service_s_own_hosts_are_known() -> None:
    assert is_official("https://api.anthropic.com/v1")
    assert not is_official("https://anthropic.com.evil.example")
    assert not is_official("https://[bad")
