"""The programs of `[tools.NAME]` as tools: the input as JSON on stdin, the answer on stdout.

What is printed is text (JSON too) or one picture, told by its first bytes. Another exit code than 0
is an error, and the end of stderr goes with it.
"""

import asyncio
import codecs
import json
import re
import signal
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from chatrepl.core.errors import ChatreplError
from chatrepl.core.json_schema import departure
from chatrepl.core.talk.blocks import Block, TextBlock
from chatrepl.core.talk.traces import CUT
from chatrepl.core.tools import Tool, ToolAnswer, ToolCall, ToolProgram
from chatrepl.core.wire import encode
from chatrepl.tools.process import (
    MOST_PICTURE,
    MOST_TEXT,
    ProgramEnd,
    ProgramRun,
    environment_of,
    run_program,
)

_PICTURE: Final = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF.{4}WEBP", re.DOTALL)
_CUT: Final = f"{CUT} at {MOST_TEXT // 1024} KB: the program was stopped]"
_NOTHING: Final = "[it printed nothing]"


class Programs:
    """A source of tools: programs, each run anew for each call.

    `pictures` makes blocks of a picture's bytes, and raises ChatreplError for what is none.
    """

    def __init__(
        self,
        programs: Iterable[ToolProgram],
        environ: Mapping[str, str],
        pictures: Callable[[bytes], tuple[Block, ...]],
    ) -> None:
        self._programs = {program.name: program for program in programs}
        self._environ = environ
        self._pictures = pictures

    async def tools(self) -> tuple[Tool, ...]:
        return tuple(
            Tool(each.name, each.description, each.schema, approve=each.approve)
            for each in self._programs.values()
        )

    async def run(self, tool: Tool, call: ToolCall) -> ToolAnswer:
        program, data = self._programs[tool.name], encode(dict(call.input))
        if fault := input_fault(tool, json.loads(data)):
            return ToolAnswer.error(fault)
        run = ProgramRun(
            program.command,
            f"{data}\n".encode(),
            program.folder or None,
            environment_of(program.environment, self._environ),
            program.deadline_s,
            lambda head: MOST_PICTURE if is_picture(head) else MOST_TEXT,
        )
        try:
            end = await run_program(run)
        except (OSError, ValueError) as error:
            return ToolAnswer.error(f"{program.name} was not started: {_why(error)}.")
        if is_picture(end.output) and not end.code and not end.stopped:
            return await self._shown(end.output)
        return answer_of(program, end)

    async def _shown(self, data: bytes) -> ToolAnswer:
        try:
            return ToolAnswer(await asyncio.to_thread(self._pictures, data))
        except ChatreplError as error:
            return ToolAnswer.error(f"The picture cannot be shown: {error.message}")

    async def close(self) -> None:
        """Close nothing: nothing runs between two calls."""


def input_fault(tool: Tool, value: Any) -> str:
    """Say where an input departs from the tool's schema; empty where it fits."""
    why = departure(tool.schema, value)
    if why is None:
        return ""
    return f"The input does not fit the schema of {tool.name}. {why}".rstrip()


def is_picture(data: bytes) -> bool:
    """Tell whether bytes begin as a picture of a kind that the service takes."""
    return _PICTURE.match(data) is not None


def answer_of(program: ToolProgram, end: ProgramEnd) -> ToolAnswer:
    """Tell the model in text how a run ended, and what the program said."""
    words = _text(end.words).strip()
    output = "" if is_picture(end.output) else _text(end.output, is_whole=not end.stopped)
    if end.stopped == "full" and output:
        return ToolAnswer((TextBlock(f"{output}\n{_CUT}"),))
    if how := _fault(program, end):
        return ToolAnswer.error("\n".join(filter(None, (how, words, output))))
    return ToolAnswer((TextBlock(output if output.strip() else f"{_NOTHING}\n{words}".rstrip()),))


def _fault(program: ToolProgram, end: ProgramEnd) -> str:
    if end.stopped == "late":
        return f"It did not end within {program.deadline_s:g} s, and was stopped."
    if end.stopped:
        what = (
            f"a picture of more than {MOST_PICTURE // 1_000_000} MB"
            if end.output
            else "errors without end"
        )
        return f"It wrote {what}, and was stopped."
    if end.code < 0:
        return f"It was ended by {_signal(-end.code)}."
    return f"It failed with exit code {end.code}." if end.code else ""


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _text(data: bytes, *, is_whole: bool = True) -> str:
    """Read UTF-8, with a mark for what is none and for NUL; a letter that is cut is left out."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return decoder.decode(data, final=is_whole).replace("\0", "\ufffd")


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        return f"{error.strerror.lower()}{place}"
    return "a word of its command cannot be passed on"
