import json
import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.secrets import (
    HIDDEN,
    Veil,
    bare_url,
    is_secret,
    is_secret_header,
    keys_in,
    redact,
    redact_json,
    secrets_of,
    without_keys,
)

KEYS = st.text("abcdefXYZ0123456789_-", min_size=8, max_size=60).map("sk-ant-".__add__)
OWN = "own+key/with-signs_0123"
LONG = "Zq9" * 20
KINDS = {
    f"sk-ant-api03-{LONG}": "an Anthropic key",
    f"sk-{LONG}": "an API key",
    f"sk-proj-{LONG}": "an API key",
    f"sk-or-v1-{LONG}": "an API key",
    "AKIA" + "QJ7Z" * 4: "an AWS key",
    "ASIA" + "QJ7Z" * 4: "an AWS key",
    f"sk-proj-{LONG[:9]}-{LONG[:5]}_{LONG[:16]}": "an API key",
    f"aws_secret_access_key = {LONG[:40]}": "an AWS key",
    f"AWS_SECRET_ACCESS_KEY={LONG[:38]}/+": "an AWS key",
    f"ghp_{LONG}": "a GitHub token",
    f"gho_{LONG}": "a GitHub token",
    f"ghs_{LONG}": "a GitHub token",
    f"github_pat_{LONG}_{LONG}": "a GitHub token",
    f"glpat-{LONG}": "a GitLab token",
    "xoxb-12345-67890-abcdef": "a Slack token",
    "xoxp-12345-67890-abcdef": "a Slack token",
    "xapp-1-A0B1-2345678-abc": "a Slack token",
    f"AIza{LONG}"[:39]: "a Google key",
    f"ya29.{LONG}": "a Google token",
    f"hf_{LONG}": "a Hugging Face token",
    f"npm_{LONG}": "an npm token",
    f"pypi-AgEIcHlwaS5vcmc{LONG}": "a PyPI token",
    f"sk_live_{LONG}": "a Stripe key",
    f"SG.{LONG}.{LONG}": "a SendGrid key",
    f"gsk_{LONG}": "an API key",
    f"xai-{LONG}": "an API key",
    f"DefaultEndpointsProtocol=https;AccountKey={LONG}==": "an Azure key",
    f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{LONG}": "a login token",
    "-----BEGIN PRIVATE KEY-----\nMIIE": "a private key",
    "-----BEGIN RSA PRIVATE KEY-----": "a private key",
    "-----BEGIN OPENSSH PRIVATE KEY-----": "a private key",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----": "a private key",
    f"AGE-SECRET-KEY-1{'QJ7Z' * 12}": "a private key",
}
HARMLESS = (
    "Set ANTHROPIC_API_KEY to sk-ant-... and go on; sk-ant-your-key-here stands for it.",
    "sk-ant-api03-xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    '<i class="sk-cube-grid sk-folding-cube sk-circle-fade-dot-in-a-long-row"></i>',
    "a task-oriented risk-assessment-of-everything-that-we-discussed-yesterday-evening-2026",
    "Wir fahren mit dem Rad nach Köln. 我们明天见。 שלום",
    "def ghost_writer(gh_user: str) -> str: return f'{gh_user}_ghp'",
    "AKIABARA is a town; ASIA is large; THE AKIAS CAME IN 1920 AND STAYED",
    "commit 3f786850e387550fdab836ed7e6dc881de23001b by a@b.example",
    "uuid 123e4567-e89b-12d3-a456-426614174000, sha256 " + "ab12" * 16,
    "data:image/png;base64," + "iVBORw0KGgoAAAANSUhEUgAA" * 20,
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----BEGIN PUBLIC KEY-----",
    'the eyJ at the beginning of a token is base64 for {" as in eyJhbGciOi…',
    "hf_hub_download(repo_id='a/b'); npm_config_cache=/tmp; xoxo, SG.Net",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ9f3W me@here",
)


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


@pytest.mark.parametrize(
    "around", ["{}", "use {}, please", '{{"k": "{}"}}', "export K={}\n", "({})"]
)
@pytest.mark.parametrize("key", KINDS)
def test_each_kind_of_key_is_known_wherever_it_stands_and_is_hidden(key: str, around: str) -> None:
    text = around.format(key)
    assert set(keys_in(text).values()) == {KINDS[key]}
    assert all(found in text for found in keys_in(text))
    assert not any(found in redact(text) for found in keys_in(text))
    assert is_secret("note", key)


@pytest.mark.parametrize("text", HARMLESS)
def test_prose_and_code_hold_no_key(text: str) -> None:
    assert keys_in(text) == {}


def test_the_key_of_this_chat_is_known_whatever_it_looks_like() -> None:
    assert keys_in(f"is {OWN} right?", ("", "x", OWN)) == {OWN: "the key of this chat"}
    key = f"sk-ant-{LONG}"
    both = {key: "the key of this chat", f"ghp_{LONG}": "a GitHub token"}
    assert keys_in(f"{key} and ghp_{LONG}", (key,)) == both
    assert keys_in("none of it", ("none",)) == {}


@pytest.mark.parametrize(
    "piece", ["sk-ant-", "sk-", "sk-a-", "eyJ", "eyJa.", "xoxb-", "SG.", "ghp_", "-----BEGIN A "]
)
def test_a_text_made_to_be_slow_is_looked_through_at_once(piece: str) -> None:
    text = piece * (400_000 // len(piece))
    begun = time.process_time()
    keys_in(text)
    redact(text)
    short = time.process_time() - begun
    begun = time.process_time()
    keys_in(text * 4)
    redact(text * 4)
    assert time.process_time() - begun < 12 * short + 0.2


def _written(text: str, how: int) -> str:
    """Write JSON as some other encoder may."""
    match how:
        case 0:
            return json.dumps(text)
        case 1:
            return json.dumps(text, ensure_ascii=False).replace("/", "\\/")
        case _:
            return '"' + "".join(f"\\u{ord(c):04X}" for c in text) + '"'


@given(st.text(), st.text(), st.sampled_from(range(3)), st.sampled_from(["key", "value", "deep"]))
def test_our_secret_never_comes_in_with_json(before: str, after: str, how: int, at: str) -> None:
    text = _written(before.replace("\ud800", "") + OWN + after, how)
    body = {"key": f"{{{text}: 1}}", "value": f'{{"a": {text}}}', "deep": f"[[{text}]]"}[at]
    read: Any = json.loads(redact_json(body.encode("utf-8", "surrogatepass"), [OWN]))
    assert OWN not in repr(read)
    assert HIDDEN in repr(read)


@given(
    st.recursive(
        st.text() | st.integers() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_without_a_secret_says_the_same_afterwards(value: Any) -> None:
    for ascii_only in (True, False):
        body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        assert json.loads(redact_json(body, [OWN]).decode("utf-8", "surrogatepass")) == value
    assert redact_json(body, ["none"]) == body


def test_a_secret_with_quotes_is_found_as_json_writes_it() -> None:
    secret = 'a"quote\\d secret'
    assert redact_json(json.dumps([secret]).encode(), [secret]) == b'["[hidden]"]'


@pytest.mark.parametrize(
    ("name", "value", "is_it"),
    [
        ("X-Team", "blue", False),
        ("x-region", "eu-west", False),
        ("x-version", "2026-11-28", False),
        ("anthropic-beta", "interleaved-thinking-2025-05-14,other-2026-01-01", False),
        ("anthropic-beta", f"sk-ant-{LONG}", True),
        ("x-api-key", "k", True),
        ("cookie", "a=b", True),
        ("x-gate", "my-secret", True),
        ("x-gate", "hunter2", True),
        ("x-gate", "Basic abc", True),
        ("x-gate", "Zm9vYmFyOmJheg==", True),
        ("x-empty", "", False),
    ],
)
def test_a_header_is_secret_unless_it_is_plainly_a_word(name: str, value: str, is_it: bool) -> None:
    assert is_secret_header(name, value) is is_it
    assert (value in set(secrets_of([(name, value)]))) is is_it


def test_the_secret_of_a_header_is_also_what_follows_the_name_of_its_kind() -> None:
    assert list(secrets_of([("authorization", "Bearer abc")])) == ["Bearer abc", "abc"]


def test_what_is_no_text_is_no_secret() -> None:
    assert not is_secret("api_key", None)
    assert not is_secret("api_key", 5)


@pytest.mark.parametrize(
    ("url", "bare", "marked"),
    [
        ("https://h/v1", "https://h/v1", "https://h/v1"),
        ("https://me:pw@h:1/v1@2", "https://h:1/v1@2", "https://*@h:1/v1@2"),
        ("http://h/?key=abc", "http://h/", "http://h/?*"),
        ("https://u:p@s@h", "https://h", "https://*@h"),
        ("no address", "no address", "no address"),
        ("", "", ""),
    ],
)
def test_an_address_is_shown_without_login_and_query(url: str, bare: str, marked: str) -> None:
    assert bare_url(url) == bare
    assert bare_url(url, "*") == marked


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("vault: token f00dfeed1234 has expired", f"vault: token {HIDDEN} has expired"),
        ("op read --account=abc123def456", f"op read {HIDDEN}"),
        ("no such entry: op://vault/anthropic", "no such entry: op://vault/anthropic"),
        ("cat /run/secrets/key2", "cat /run/secrets/key2"),
        ("sh ~/bin/key-of-2026", "sh ~/bin/key-of-2026"),
        ("sh ./bin/key-of-2026", "sh ./bin/key-of-2026"),
        ("1234567890 bytes", "1234567890 bytes"),
        ("pass a1b2c3d4", "pass a1b2c3d4"),
    ],
)
def test_of_a_programs_words_those_of_letters_and_digits_may_be_a_key(
    words: str, shown: str
) -> None:
    assert without_keys(words) == shown


@given(st.text("own+key/with-signs_0123x", max_size=40), st.text(max_size=5), st.data())
def test_a_secret_in_pieces_never_comes_out(before: str, after: str, data: st.DataObject) -> None:
    whole = before + OWN + after + OWN[:7]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)))))
    veil, held, out = Veil(["none", OWN, OWN[:12]]), "", ""
    for start, stop in pairwise([0, *cuts, len(whole)]):
        text = veil.hide(held + whole[start:stop])
        open_end = veil.open_end(text)
        held = text[len(text) - open_end :]
        out += text[: len(text) - open_end]
        assert open_end < len(OWN)
    out += held
    assert OWN[:12] not in out
    assert HIDDEN in out
    assert out.endswith(after + OWN[:7])
