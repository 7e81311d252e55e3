"""The line editor at the prompt. prompt_toolkit is imported when a `Prompt` is built."""

from chatrepl.terminal.prompt.prompt import Prompt
from chatrepl.terminal.prompt.values import (
    Candidate,
    Closed,
    Entry,
    Feeds,
    Interrupted,
    Line,
    Part,
    PromptOptions,
)

__all__ = [
    "Candidate",
    "Closed",
    "Entry",
    "Feeds",
    "Interrupted",
    "Line",
    "Part",
    "Prompt",
    "PromptOptions",
]
