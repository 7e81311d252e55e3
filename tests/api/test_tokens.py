import base64
import hashlib
import importlib
import inspect
import socket
import threading
import zlib
from importlib.resources import files

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatrepl.api import tokens
from chatrepl.api.tokens import PIECE_CHARS, SHORT_CHARS, Counter, ranks
from tests.core.replay import samples

PUBLISHED = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"


@pytest.fixture(scope="module")
def counter() -> Counter:
    made = Counter()
    made.load()
    return made


def test_the_ranks_are_the_published_ones() -> None:
    lines = (f"{base64.b64encode(t).decode()} {rank}\n" for t, rank in ranks().items())
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == PUBLISHED


def test_the_pattern_is_the_published_one() -> None:
    published = importlib.import_module("tiktoken_ext.openai_public")
    assert tokens._PATTERN in inspect.getsource(published.cl100k_base)


def test_the_data_carries_its_licence() -> None:
    notice = files("chatrepl").joinpath("data/NOTICE.txt").read_text("utf-8")
    assert "MIT" in notice
    assert "OpenAI" in notice


def test_texts_have_the_known_counts(counter: Counter) -> None:
    for sample in samples():
        assert counter.count(str(sample["text"])) == sample["cl100k"]


def test_no_socket_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    assert Counter().count("hello") == 1


def test_nothing_is_loaded_before_it_is_needed() -> None:
    made = Counter()
    for _ in range(3):
        assert made.count("a") == 1
        assert not made.ready
    assert made.count("a") == 1
    assert made.ready


def test_a_long_text_loads_the_whole() -> None:
    made = Counter()
    made.count("x" * SHORT_CHARS)
    assert not made.ready
    made.count("x" * (SHORT_CHARS + 1))
    assert made.ready


@settings(max_examples=40, deadline=None)
@given(
    st.one_of(st.text(), st.sampled_from([str(each["text"])[:SHORT_CHARS] for each in samples()]))
)
@example("")
@example("a\ud800b \ud83d\ude00 \ude00\ud83d")
@example("<|endoftext|>")
@example("AAAAAAAA" * 100)
def test_a_short_text_has_the_same_count_by_the_ranks_in_it(counter: Counter, text: str) -> None:
    assert Counter().count(text) == counter.count(text)


@pytest.mark.parametrize("text", ["<|endoftext|>", "\ud800", "\0", "", "🏳️‍🌈"])
def test_no_text_is_refused(counter: Counter, text: str) -> None:
    assert counter.count(text) >= (1 if text else 0)


def test_what_went_through_the_encoder_is_counted() -> None:
    made = Counter()
    made.count("four")
    made.count("fourteen chars")
    assert made.encoded_chars == 18


def test_long_texts_are_counted_in_pieces(counter: Counter) -> None:
    text = "one line of text\n" * (PIECE_CHARS // 5)
    assert len(tokens._pieces(text)) > 2
    assert "".join(tokens._pieces(text)) == text
    assert counter.count(text) == len(counter.load().encode(text))
    assert counter.count("x" * 300_000) > 0


def test_threads_share_one_encoder() -> None:
    made = Counter()
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(made.load())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(encoding) for encoding in found}) == 1


def test_the_data_is_what_it_says() -> None:
    raw = zlib.decompress(files("chatrepl").joinpath("data/cl100k.z").read_bytes())
    assert len(raw) == tokens.RANKS + sum(raw[: tokens.RANKS])


@pytest.mark.parametrize(("line", "cut"), [(0.4, 1.0), (0.6, 0.6)])
def test_a_long_text_is_cut_after_a_line_that_ends_in_the_second_half(
    line: float, cut: float
) -> None:
    text = "x" * (round(line * PIECE_CHARS) - 1) + "\n" + "x" * PIECE_CHARS

    assert len(tokens._pieces(text)[0]) == round(cut * PIECE_CHARS)
