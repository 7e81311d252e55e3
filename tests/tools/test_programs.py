"""What the model is told of a program that ran, or did not."""

import asyncio
import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatrepl.core.errors import AttachmentError
from chatrepl.core.talk.blocks import Block, ImageBlock, TextBlock
from chatrepl.core.tools import Tool, ToolAnswer, ToolCall, ToolProgram
from chatrepl.tools.process import MOST_TEXT, ProgramEnd
from chatrepl.tools.programs import Programs, answer_of

PNG = b"\x89PNG\r\n\x1a\n rest"


def _pictures(data: bytes) -> tuple[Block, ...]:
    if b"broken" in data:
        raise AttachmentError("It is damaged.")
    return (ImageBlock.base64("image/png", str(len(data))),)


def _called(command: str, input_: "dict[str, Any] | None" = None, **more: Any) -> ToolAnswer:
    program = ToolProgram("it", tuple(shlex.split(command)), "Does it.", **more)
    source = Programs([program], os.environ, _pictures)

    async def called() -> ToolAnswer:
        (tool,) = await source.tools()
        answer = await source.run(tool, ToolCall("t1", "it", input_ or {}))
        await source.close()
        return answer

    return asyncio.run(called())


def _text(answer: ToolAnswer) -> str:
    (block,) = answer.content
    assert isinstance(block, TextBlock)
    return block.text


def test_a_program_is_told_of_as_the_file_says() -> None:
    schema = {"type": "object", "properties": {"a": {}}}
    program = ToolProgram("it", ("cat",), "Does it.", schema, "always")
    (tool,) = asyncio.run(Programs([program], {}, _pictures).tools())
    assert tool == Tool("it", "Does it.", schema, "", "always")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18) + 1, 10**18 - 1)
    | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.text(), _JSON, max_size=4))
def test_any_input_arrives_as_json(input_: dict[str, Any]) -> None:
    arrived = _text(_called("cat", input_))
    assert json.loads(arrived) == json.loads(json.dumps(input_))


def test_an_input_that_does_not_fit_runs_nothing(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
    command = f"touch {tmp_path / 'ran'}"
    wrong = _called(command, {"path": 5}, schema=schema)
    assert wrong.is_error
    assert _text(wrong).startswith("The input does not fit the schema of it. path: 5 is not of")
    assert not (tmp_path / "ran").exists()
    assert not _called(command, {"path": "x"}, schema=schema).is_error
    assert (tmp_path / "ran").exists()


def test_a_schema_that_points_nowhere_is_an_error_of_the_call() -> None:
    assert _called("cat", {}, schema={"$ref": "#/x"}).is_error


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("sh -c 'echo a; echo b >&2; exit 3'", "It failed with exit code 3.\nb\na\n"),
        ("sh -c 'exit 1'", "It failed with exit code 1."),
        ("sh -c 'kill -SEGV $$'", "It was ended by SIGSEGV."),
        ("sh -c 'kill -40 $$'", "It was ended by signal 40."),
        ("/no/such", "it was not started: no such file or directory: /no/such."),
        ("/", "it was not started: permission denied: /."),
    ],
)
def test_what_fails_is_an_error_with_its_words(command: str, said: str) -> None:
    answer = _called(command)
    assert answer.is_error
    assert _text(answer) == said


def test_what_takes_too_long_is_an_error_with_what_came() -> None:
    answer = _called("sh -c 'echo half; sleep 300'", deadline_s=0.3)
    assert answer.is_error
    assert _text(answer) == "It did not end within 0.3 s, and was stopped.\nhalf\n"


def test_it_runs_in_its_folder_with_the_variables_it_names(tmp_path: Path) -> None:
    answer = _called("sh -c 'pwd; echo $PYTEST_CURRENT_TEST.$PYTEST_VERSION'",
                     folder=str(tmp_path), environment=("PYTEST_CURRENT_TEST",))  # fmt: skip
    where, variables = _text(answer).splitlines()
    assert Path(where).resolve() == tmp_path.resolve()
    assert "test_it_runs_in_its_folder" in variables
    assert variables.endswith(".")


def test_a_picture_is_shown_and_a_broken_one_is_an_error(tmp_path: Path) -> None:
    for name, data in {"good": PNG, "broken": PNG + b"broken"}.items():
        (tmp_path / name).write_bytes(data)
    assert _called(f"cat {tmp_path}/good").content == (ImageBlock.base64("image/png", "13"),)
    broken = _called(f"cat {tmp_path}/broken")
    assert (broken.is_error, _text(broken)) == (True, "The picture cannot be shown: It is damaged.")


_PROGRAM = ToolProgram("it", ("it",), "")
_ENDS = st.builds(
    ProgramEnd,
    st.sampled_from([0, 1, 255, -9, -99]),
    st.binary(max_size=40) | st.sampled_from([PNG, b"\0", b" \n", "é€".encode()[:-1]]),
    st.binary(max_size=40),
    st.sampled_from(["", "late", "full"]),
)


@given(_ENDS)
def test_whatever_a_program_prints_becomes_valid_text(end: ProgramEnd) -> None:
    answer = answer_of(_PROGRAM, end)
    text = _text(answer)
    text.encode()
    assert text.strip()
    assert "\0" not in text
    assert answer.is_error or (end.code == 0 and end.stopped != "late") or end.stopped == "full"


def test_what_is_cut_says_so_and_is_cut_between_two_letters() -> None:
    output = ("€" * MOST_TEXT).encode()[:MOST_TEXT]
    answer = answer_of(_PROGRAM, ProgramEnd(-9, output, b"", "full"))
    assert not answer.is_error
    assert _text(answer).endswith("€\n[cut at 256 KB: the program was stopped]")


@pytest.mark.parametrize(
    ("output", "said"),
    [(b"", "It wrote errors without end"), (PNG, "It wrote a picture of more than 10 MB")],
)
def test_what_is_too_much_to_be_of_use_is_an_error(output: bytes, said: str) -> None:
    answer = answer_of(_PROGRAM, ProgramEnd(-9, output, b"", "full"))
    assert answer.is_error
    assert _text(answer).startswith(said)


def test_a_program_that_says_nothing_is_told_of() -> None:
    assert _text(_called("true")) == "[it printed nothing]"
    assert _text(_called("sh -c 'echo done >&2'")) == "[it printed nothing]\ndone"


@pytest.mark.parametrize(
    ("begins", "length", "comes"),
    [
        (b"text", MOST_TEXT, MOST_TEXT),
        (b"text", MOST_TEXT + 100_000, MOST_TEXT),
        (PNG, MOST_TEXT + 100_000, MOST_TEXT + 100_000),
    ],
)
def test_a_picture_may_be_longer_than_a_text(
    tmp_path: Path, begins: bytes, length: int, comes: int
) -> None:
    (tmp_path / "out").write_bytes(begins.ljust(length, b"x"))
    answer = _called(f"cat {tmp_path}/out")
    if begins == PNG:
        assert answer.content == (ImageBlock.base64("image/png", str(comes)),)
    else:
        assert len(_text(answer).partition("\n[cut at")[0]) == comes
