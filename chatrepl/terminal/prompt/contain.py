"""What the prompt calls at each key or frame: a bug in it is told to the loop, and passed over.

prompt_toolkit would leave the line unpainted, or stop at a screen of its own.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec, TypeVar

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput
from prompt_toolkit.lexers import Lexer, SimpleLexer

Given = ParamSpec("Given")
Called = TypeVar("Called")


def contained(
    call: Callable[Given, Called], instead: Callable[..., Called]
) -> Callable[Given, Called]:
    """Give `call` without what nobody thought of; where it fails, `instead` is called."""

    @wraps(call)
    def safe(*args: Given.args, **keywords: Given.kwargs) -> Called:
        try:
            return call(*args, **keywords)
        except Exception as bug:  # noqa: BLE001 - a place of containment
            with suppress(RuntimeError):  # no loop is running yet
                loop = asyncio.get_running_loop()
                loop.call_exception_handler({"message": "in the prompt", "exception": bug})
            return instead(*args, **keywords)

    return safe


class ContainedLexer(Lexer):
    """Shows a text without styles where `lexer` fails."""

    def __init__(self, lexer: Lexer) -> None:
        self._lex = contained(lexer.lex_document, SimpleLexer().lex_document)

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Give the function that styles a line by its number."""
        return contained(self._lex(document), SimpleLexer().lex_document(document))


class ContainedProcessor(Processor):
    """Shows a line as it is where `processor` fails."""

    def __init__(self, processor: Processor) -> None:
        self._transform = contained(processor.apply_transformation, _as_it_is)

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Give the line's picture and the ways from text to picture and back."""
        return self._transform(transformation_input)


def _as_it_is(transformation_input: TransformationInput) -> Transformation:
    return Transformation(transformation_input.fragments)


class ContainedCompleter(Completer):
    """Offers what came until `completer` failed, looked for in a thread.

    The thread tells of a fault itself: who waits for the candidates may have gone on.
    """

    def __init__(self, completer: Completer) -> None:
        self._completer = completer

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Give the candidates in the thread that asks."""
        try:
            yield from self._completer.get_completions(document, complete_event)
        except Exception as bug:  # noqa: BLE001 - a place of containment
            raised = (type(bug), bug, bug.__traceback__, threading.current_thread())
            threading.excepthook(threading.ExceptHookArgs(raised))

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """Give the candidates all at once, once they are there.

        A line that is sent meanwhile does not wait for them, as it would with prompt_toolkit's
        ThreadedCompleter: a folder far away or a server that hangs may take half a minute.
        """

        def candidates() -> list[Completion]:
            return list(self.get_completions(document, complete_event))

        for candidate in await asyncio.get_running_loop().run_in_executor(None, candidates):
            yield candidate
