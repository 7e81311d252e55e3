from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.cli.command_line import asked_manner, read, read_strictly, spell_out
from chatrepl.cli.options import FLAGS, Options

FLAG = st.sampled_from([(name, flag) for flag in FLAGS.values() for name in flag.names])
WORD = st.sampled_from(["hello", "two words", "", "-", "@f", "a=b", "é", "7", "python", "text"])


@st.composite
def _options(draw: st.DrawFn) -> list[str]:
    """Draw one option with its value, in any of its spellings, or a mistake."""
    name, flag = draw(FLAG)
    if flag.kind == "switch":
        return [name]
    value = draw(st.sampled_from(["1", "7", "007", "9" * 99]) if flag.kind == "number" else WORD)
    if flag is FLAGS["output"]:
        value = draw(st.sampled_from(["text", "json", "jsonl", "yaml"]))
    if flag is FLAGS["extract"]:
        return draw(st.sampled_from([[name], [name, "python"]]))
    joined = [f"{name}={value}"] if name.startswith("--") else [f"{name}{value}"]
    return draw(st.sampled_from([[name, value], joined]))


LINES = st.lists(_options() | WORD.map(lambda w: [w]) | st.just(["--"]), max_size=6).map(
    lambda parts: [word for part in parts for word in part]
)


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_the_quick_reader_agrees_with_typer_or_leaves_it_to_typer(argv: list[str]) -> None:
    quick = read(argv)

    if quick is not None:
        assert asdict(quick) == asdict(read_strictly(argv))


def test_ordinary_lines_are_read_without_typer() -> None:
    bundled = ["-m", "opus", "-o", "json", "what", "is", "it?", "-x", "sh", "-a", "-", "-qc"]
    assert read(bundled) is None

    plain = ["-m", "opus", "--system=Be kind.", "what", "-x", "sh", "-a", "-", "-t", "9"]
    assert read(plain) == Options(
        prompt=["what"], model="opus", system="Be kind.", extract="sh", attach=["-"], max_tokens=9
    )


def test_a_number_that_python_does_not_read_is_left_to_typer() -> None:
    assert read(["-t", "9" * 5000]) is None
    assert read(["-t", "٣"]) is None


@pytest.mark.parametrize("name", ["usage", "sessions"])
def test_what_is_looked_up_may_stand_behind_an_equals_sign(name: str) -> None:
    assert spell_out([f"--{name}=7d", "--json"]) == [f"--{name}", "7d", "--json"]
    assert spell_out([f"--{name}="]) == [f"--{name}"]
    assert read([f"--{name}=7d"]) == read([f"--{name}", "7d"])


def test_a_language_after_x_is_its_value_and_any_other_word_is_not() -> None:
    assert spell_out(["-x", "Python", "go"]) == ["--extract=Python", "go"]
    assert spell_out(["-x", "please"]) == ["--extract=", "please"]
    assert spell_out(["-s", "-x", "--", "-x"]) == ["-s", "-x", "--", "-x"]


@pytest.mark.parametrize(
    ("line", "manner"),
    [
        ("-o json --nonesuch", "json"), ("-t x --output jsonl", "jsonl"), ("-ojson -m", "json"),
        ("--output=jsonl -m", "jsonl"), ("-m --json", "json"), ("--nonesuch", "text"),
        ("-o yaml", "text"), ("-o", "text"), ("-m -- --json", "text"),
        ("-qo json -t x", "json"), ("-vqojsonl -t x", "jsonl"), ("-moo json", "text"),
        ("-po json", "text"), ("foo json", "text"), ("--foo json", "text"),
    ],
)  # fmt: skip
def test_the_manner_is_known_of_a_line_that_cannot_be_read(line: str, manner: str) -> None:
    assert asked_manner(line.split()) == manner
