from hypothesis import given
from hypothesis import strategies as st

from chatrepl.api.address import HIDDEN, redact

KEYS = st.text("abcdefXYZ0123456789_-", min_size=8, max_size=60).map("sk-ant-".__add__)


@given(st.text(), KEYS, st.text())
def test_no_key_survives_anywhere_in_a_text(before: str, key: str, after: str) -> None:
    assert key not in redact(f"{before} {key} {after}")


@given(st.text(min_size=4), st.text(), st.text())
def test_the_secret_itself_is_hidden_whatever_it_looks_like(
    secret: str, before: str, after: str
) -> None:
    hidden = redact(before + secret + after, [secret])
    assert secret not in hidden or secret in HIDDEN or secret in before + HIDDEN + after


def test_bearer_tokens_and_passwords_in_addresses_are_hidden() -> None:
    said = redact("Authorization: Bearer abc.def-123 via http://user:pass@proxy:3128/x")
    assert said == f"Authorization: Bearer {HIDDEN} via http://{HIDDEN}@proxy:3128/x"


def test_an_ordinary_text_is_left_alone() -> None:
    words = "The bearer of news wrote to a@b.example; see https://host/path."
    assert redact(words, ["", "a"]) == words
