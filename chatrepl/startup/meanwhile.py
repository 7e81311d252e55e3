"""What a single shot loads between the request on the wire and the first byte of the answer."""

from importlib import import_module
from typing import Final

from chatrepl.startup.private_memory import let_nobody_look
from chatrepl.terminal.sanitize.text import pipe

_WRITES: Final = ("chatrepl.core.prompt_cache",)  # the receipt looks into it


def load_what_writes() -> None:
    """Load what the answer is written and recorded with, while the service thinks."""
    for name in _WRITES:
        import_module(name)
    pipe("")  # makes its patterns
    let_nobody_look()
