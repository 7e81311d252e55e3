"""What is printed instead of an answer stands alone: what else asks for something is refused."""

from collections.abc import Mapping
from typing import Final

from chatrepl.cli.options import FLAGS, Options
from chatrepl.core.errors import SAFE, UsageError

_PAGES: Final = (
    "listen", "models", "sessions", "export", "search", "usage", "doctor", "changes", "version",
    "widget", "show_completion", "install_completion", "batches", "fetch", "cancel",
)  # fmt: skip
_ASKS: Final = (
    "attach", "template", "tool", "mcp", "continue_", "resume", "aside", "save", "dry_run",
    "interactive", "each", "input_", "each_file", "batch", "retry_failed",
)  # fmt: skip
_TAKE_WORDS: Final = {"models", "sessions", "usage", "show_completion", "install_completion"}
_GO_WITH: Final[Mapping[str, frozenset[str]]] = {"export": frozenset({"continue_", "resume"})}


def check_alone(options: Options) -> None:
    """Refuse what a page would pass over. Raises UsageError.

    What says how something is done, such as a model or a manner, may stand in a shell's alias.
    """
    pages = [key for key in _PAGES if _is_said(options, key)]
    if not pages:
        return
    page, *others = pages
    others += [key for key in _ASKS if _is_said(options, key)]
    for other in others:
        if other not in _GO_WITH.get(page, ()):
            raise UsageError(f"{_name(page)} and {_name(other)} exclude each other.", SAFE)
    if options.prompt and page not in _TAKE_WORDS:
        words, name = " ".join(options.prompt), _name(page)
        hint = "Quotes keep words together." if page == "search" else SAFE
        raise UsageError(f"{name} takes no such word: {words}", hint)


def _is_said(options: Options, key: str) -> bool:
    value = getattr(options, key)
    return value is not None and value is not False and value != []


def _name(key: str) -> str:
    return next(name for name in FLAGS[key].names if name.startswith("--"))
