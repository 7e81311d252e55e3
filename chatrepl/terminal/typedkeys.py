"""Bytes from the keyboard as prompt_toolkit's key presses. Imports prompt_toolkit."""

from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyPress


def parse_keys(data: bytes) -> list[KeyPress]:
    """Parse bytes that were typed; a paste becomes one key press, an unfinished one too."""
    keys: list[KeyPress] = []
    parser = Vt100Parser(keys.append)
    parser.feed(data.decode("utf-8", "surrogateescape"))
    parser.flush()
    return keys
