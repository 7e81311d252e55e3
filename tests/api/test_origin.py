import pytest

from chatrepl.api.address import Origin, for_model


@pytest.mark.parametrize(
    ("url", "host", "address"),
    [
        ("https://api.anthropic.com", "api.anthropic.com", "api.anthropic.com:443"),
        ("http://localhost:8080/v1", "localhost:8080", "localhost:8080"),
        ("http://localhost", "localhost", "localhost:80"),
        ("http://[::1]:8080", "[::1]:8080", "[::1]:8080"),
        ("https://[::1]", "[::1]", "[::1]:443"),
        ("https://me:pw@gateway:99999", "https://me:pw@gateway:99999", None),
    ],
)
def test_an_origin_names_its_host(url: str, host: str, address: str | None) -> None:
    assert Origin(url).host == host
    if address is not None:
        assert Origin(url).address == address


def test_foreign_words_come_on_one_line_without_secrets_and_not_too_long() -> None:
    said = Origin(secrets=("hush-hush",)).clean("a\n b hush-hush\r\n" + "x" * 900)
    assert said.startswith("a b [hidden] xx")
    assert len(said) == 600


def test_an_origin_takes_the_model_of_a_request() -> None:
    assert for_model(Origin("https://h", source="s"), "m") == Origin("https://h", "m", "s")
