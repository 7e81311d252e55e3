"""Small programs around the terminal modules, for tests on a pseudo terminal.

Run as `python -m tests.terminal.programs NAME [ARGUMENT]...`.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from chatrepl.cli.exits import prepare_streams
from chatrepl.startup.early_prompt import EarlyPrompt
from chatrepl.terminal.keyboard import Reactions, watch_keyboard
from chatrepl.terminal.modes import Tty
from chatrepl.terminal.prompt.prompt import Prompt
from chatrepl.terminal.prompt.values import Candidate, Feeds, PromptOptions, Submitted, ToolbarPart

COMMANDS = {"model": "show or switch", "models": "the list", "retry": "ask\x1b[31m again"}


def complete(text: str, cursor: int) -> Iterable[Candidate]:
    """Complete three commands, and one file behind an @."""
    before = text[:cursor]
    if before.endswith("@"):
        yield Candidate(cursor, "notes.md", "notes\u202e.md")
    for name, meta in COMMANDS.items():
        if f"/{name}".startswith(before):
            yield Candidate(0, f"/{name}", meta=meta)


def toolbar() -> Sequence[ToolbarPart]:
    """Show what a session would show."""
    return (
        ToolbarPart("toolbar.strong", "claude-opus-4-5"),
        ToolbarPart("toolbar", "38k/150k 25%", 1),
        ToolbarPart("toolbar", "$0.0312", 2),
        ToolbarPart("toolbar", "cache 4 min", 4),
        ToolbarPart("toolbar.warning", "2 attached", 3),
        ToolbarPart("toolbar", "branch \x1b]0;x\x07", 5),
    )


def prompts(*arguments: str) -> None:
    """Prompt until the user leaves; print what each prompt gave."""
    prepare_streams()
    tty = Tty(escapes=os.environ.get("TERM") != "dumb")
    words = set(arguments)
    options = PromptOptions(
        mark="> " if "ascii" in words else "› ",
        vi="vi" in words,
        multiline="multiline" in words,
        history=next((Path(word) for word in arguments if word.startswith("/")), None),
        placeholder="Ask anything",
    )
    try:
        with tty.quiet():
            early = EarlyPrompt(tty, options.mark, os.environ, ask="ask" in words)
            early.ask_keys = early.ask
            with early:
                card = ("Enter   sends", "Ctrl-D  leaves")
                feeds = Feeds(complete, lambda _draft: toolbar(), card=lambda _columns: card)
                prompt = Prompt(options, feeds, tty)
            prompt.type_ahead(tty.typing.feed(early.background.typed))
            print(f"dark={early.background.dark}", flush=True)
            _read_lines(prompt, "draft" if "default" in words else "")
    finally:
        tty.restore()


def _read_lines(prompt: Prompt, default: str) -> None:
    while True:
        entry = prompt.read(asyncio.run, default)
        default = ""
        if not isinstance(entry, Submitted):
            print(f"left by {type(entry).__name__}")
            return
        if entry.text == "/multiline":
            prompt.change(replace(prompt.options, multiline=not prompt.options.multiline))
        shown = ascii(entry.text) if len(entry.text) < 200 else hash_of(entry.text)
        print(f"got {shown}", flush=True)


def hash_of(text: str) -> str:
    """Give a long text's length and a fingerprint."""
    from hashlib import sha256

    return f"{len(text)} {sha256(text.encode()).hexdigest()[:16]}"


def stream(*_arguments: str) -> None:
    """Print a reply of ten seconds between two prompts; Esc and Ctrl-C end it."""
    prepare_streams()
    tty = Tty()
    try:
        with tty.quiet():
            prompt = Prompt(PromptOptions(), Feeds(), tty)
            with asyncio.Runner() as runner:
                runner.run(_reply(tty, prompt))
            _read_lines(prompt, "")
    finally:
        tty.restore()


async def _reply(tty: Tty, prompt: Prompt) -> None:
    stopped = asyncio.Event()
    reactions = Reactions(
        stopped.set,
        prompt.type_ahead,
        before_suspend=lambda: print("suspended", flush=True),
        after_suspend=lambda: print("back again", flush=True),
    )
    async with watch_keyboard(tty, reactions):
        for number in range(100):
            print(f"word{number}", flush=True)
            try:
                await asyncio.wait_for(stopped.wait(), 0.1)
            except TimeoutError:
                continue
            print("stopped", flush=True)
            break


PROGRAMS: dict[str, Callable[..., None]] = {"prompts": prompts, "stream": stream}


if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](*sys.argv[2:])
