from dataclasses import asdict, fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.cli.app import parse
from chatrepl.cli.options import FLAGS, Options, asked_manner, read, spell_out
from chatrepl.core.errors import UsageError

FLAG = st.sampled_from(sorted(FLAGS))
WORD = st.sampled_from(["hello", "two words", "", "-", "@f", "a=b", "é", "7", "python", "text"])


@st.composite
def _options(draw: st.DrawFn) -> list[str]:
    """Draw one option with its value, in any of its spellings, or a mistake."""
    flag = draw(FLAG)
    shape = FLAGS[flag][1]
    if shape == "switch":
        return [flag]
    value = draw(st.sampled_from(["1", "7", "007"]) if shape == "number" else WORD)
    if FLAGS[flag][0] == "output":
        value = draw(st.sampled_from(["text", "json", "jsonl", "yaml"]))
    if shape == "optional":
        return draw(st.sampled_from([[flag], [flag, "python"]]))
    joined = [f"{flag}={value}"] if flag.startswith("--") else [f"{flag}{value}"]
    return draw(st.sampled_from([[flag, value], joined]))


LINES = st.lists(_options() | WORD.map(lambda w: [w]) | st.just(["--"]), max_size=6).map(
    lambda parts: [word for part in parts for word in part]
)


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_the_quick_reader_agrees_with_typer_or_leaves_it_to_typer(argv: list[str]) -> None:
    quick = read(argv)

    if quick is not None:
        slow = parse(argv)
        assert isinstance(slow, Options)
        assert asdict(quick) == asdict(slow)


def test_ordinary_lines_are_read_without_typer() -> None:
    found = read(["-m", "opus", "-o", "json", "what", "is", "it?", "-x", "sh", "-a", "-", "-qc"])
    assert found is None  # bundled switches are typer's

    found = read(["-m", "opus", "--system=Be kind.", "what", "-x", "sh", "-a", "-", "-t", "9"])
    assert found == Options(
        prompt=["what"], model="opus", system="Be kind.", extract="sh", attach=["-"], max_tokens=9
    )


def test_a_language_after_x_is_its_value_and_any_other_word_is_not() -> None:
    assert spell_out(["-x", "Python", "go"]) == ["--extract=Python", "go"]
    assert spell_out(["-x", "please"]) == ["--extract=", "please"]
    assert spell_out(["-s", "-x", "--", "-x"]) == ["-s", "-x", "--", "-x"]


def test_every_flag_has_its_option() -> None:
    names = {f.name for f in fields(Options)}

    assert {name for name, _ in FLAGS.values()} | {"prompt"} == names


@pytest.mark.parametrize(
    ("line", "manner"),
    [
        ("-o json --nonesuch", "json"), ("-t x --output jsonl", "jsonl"), ("-ojson -m", "json"),
        ("--output=jsonl -m", "jsonl"), ("-m --json", "json"), ("--nonesuch", "text"),
        ("-o yaml", "text"), ("-o", "text"), ("-m -- --json", "text"),
    ],
)  # fmt: skip
def test_the_manner_is_known_of_a_line_that_cannot_be_read(line: str, manner: str) -> None:
    assert asked_manner(line.split()) == manner


@pytest.mark.parametrize(
    "options",
    [
        Options(save="x", no_save=True),
        Options(schema="{}", choose="a,b"),
        Options(extract="", choose="a,b"),
        Options(continue_=True, resume="x"),
        Options(json=True, output="jsonl"),
        Options(interactive=True, json=True),
    ],
)
def test_contradictions_are_refused(options: Options) -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        options.check()


def test_what_goes_together_passes() -> None:
    options = Options(schema="{}", prefill="{", json=True, save="x", continue_=True)
    options.check()

    assert (options.manner, options.keeps) == ("json", True)
    assert (Options().manner, Options().keeps) == ("text", False)
