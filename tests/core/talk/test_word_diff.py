"""What two texts have in common, and in which words they differ."""

import time
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatrepl.core.talk.word_diff import WordChange, folded, word_diff

WORDS = st.lists(st.sampled_from(["a", "bc", " ", "\n", "\n\n", "字", "é ", "x y z\n", "\r\n"]))
TEXTS = WORDS.map("".join)


def one(pieces: tuple[WordChange, ...], side: str) -> str:
    return "".join(text for kind, text in pieces if kind in {"same", side})


@given(TEXTS, TEXTS)
def test_the_pieces_make_up_both_texts_and_neighbours_differ_in_kind(old: str, new: str) -> None:
    pieces = word_diff(old, new)
    assert (one(pieces, "gone"), one(pieces, "new")) == (old, new)
    kinds = [kind for kind, _ in pieces]
    assert all(a != b and (a, b) != ("new", "gone") for a, b in pairwise(kinds))
    assert all(text for _, text in pieces)


@given(TEXTS)
def test_a_text_is_the_same_as_itself(text: str) -> None:
    assert word_diff(text, text) == ((("same", text),) if text else ())


@pytest.mark.parametrize(
    ("old", "new", "pieces"),
    [
        ("the red fox", "the quick fox", "the |-red|+quick| fox"),
        ("one\ntwo\nthree\n", "one\n2\nthree\n", "one\n|-two|+2|\nthree\n"),
        ("a b c", "b c d", "-a |b c|+ d"),
        ("天気がいい", "天気がわるい", "天気が|-い|+わる|い"),
        ("x", "", "-x"),
        ("", "x", "+x"),
        ("a a a b", "a a b", "a a |-a |b"),
        ("k\nlong line one\n", "long line two\n", "-k\n|long line |-one|+two|\n"),
    ],
)
def test_only_the_words_that_differ_are_told(old: str, new: str, pieces: str) -> None:
    marks = {"same": "", "gone": "-", "new": "+"}
    told = "|".join(f"{marks[kind]}{text}" for kind, text in word_diff(old, new))
    assert told == pieces


def vocabulary(random: Random) -> list[str]:
    return ["".join(random.choices("abcdefgh", k=random.randint(2, 8))) for _ in range(3000)]


def long_text(random: Random, words: list[str], size: int) -> str:
    lines = (" ".join(random.choices(words, k=12)) + "\n" for _ in range(size // 60))
    return "".join(lines)


def test_in_a_long_text_a_few_changed_words_are_told_one_by_one() -> None:
    random = Random(7)
    words = long_text(random, vocabulary(random), 300_000).split(" ")
    changed = [f"<{at}>" if at % 500 == 250 else word for at, word in enumerate(words)]
    pieces = word_diff(" ".join(words), " ".join(changed))
    assert sum(kind == "new" for kind, _ in pieces) == len(range(250, len(words), 500))


@pytest.mark.parametrize("shape", ["unrelated", "shuffled", "one line", "few words", "even lines"])
def test_megabytes_of_any_shape_take_little_effort(shape: str) -> None:
    random = Random(3)
    old = long_text(random, vocabulary(random), 1_000_000)
    new = long_text(random, vocabulary(random), 1_000_000)
    match shape:
        case "shuffled":
            lines = old.splitlines(keepends=True)
            new = "".join(random.sample(lines, len(lines)))
        case "one line":
            old, new = old.replace("\n", " "), old.replace("\n", " ").replace("ab", "ba")
        case "few words":
            old, new = "a " * 1_000_000, "a b " * 500_000
        case "even lines":
            old = "".join(f"x{n % 50} y\n" for n in range(300_000))
            new = "".join(f"x{n % 51} y\n" for n in range(300_000))
        case _:  # as they are
            pass
    begun = time.process_time()
    pieces = word_diff(old, new)
    seconds = time.process_time() - begun
    assert (one(pieces, "gone"), one(pieces, "new")) == (old, new)
    assert seconds < 5  # a quadratic way takes hours


def test_what_is_far_from_any_difference_is_left_out_and_counted() -> None:
    same = "".join(f"line {n}\n" for n in range(20))
    new = same.replace("line 0\n", "first\n").replace("line 19\n", "last\n")
    pieces = folded(word_diff(same, new))
    left = "\nline 1\nline 2\n[13 lines the same]\nline 16\nline 17\nline 18\n"
    assert pieces[2] == ("same", left)


def test_at_an_end_only_what_touches_the_difference_stays() -> None:
    same = "".join(f"line {n}\n" for n in range(20))
    left = "line 0\n[16 lines the same]\nline 17\nline 18\nline 19\n"
    assert folded(word_diff(same, f"{same}end\n")) == (("same", left), ("new", "end\n"))
    assert folded((("same", "a\nb\nc\nd\n"),)) == (("same", "a\nb\nc\nd\n"),)
