"""The plain values around a prompt."""

import subprocess
import sys

from chatrepl.terminal.prompt.values import Candidate, Feeds, PromptOptions, Submitted, ToolbarPart


def test_without_feeds_there_is_nothing_to_complete_and_no_toolbar() -> None:
    assert list(Feeds().complete("/mo", 3)) == []
    assert list(Feeds().toolbar(Submitted(""))) == []


def test_defaults_are_those_of_a_plain_prompt() -> None:
    options = PromptOptions()
    assert (options.mark, options.vi, options.multiline, options.history) == (
        "› ",
        False,
        False,
        None,
    )
    assert Candidate(0, "/model").display == ""
    assert ToolbarPart("toolbar", "x").rank == 0


def test_importing_the_terminal_package_imports_no_slow_library() -> None:
    program = """
import sys
import chatrepl.startup.early_prompt, chatrepl.terminal.console
import chatrepl.terminal.editor, chatrepl.terminal.keyboard, chatrepl.terminal.modes
import chatrepl.terminal.prompt, chatrepl.terminal.sanitize, chatrepl.terminal.theme
print(sorted({"rich", "prompt_toolkit", "pygments", "wcwidth", "asyncio"} & set(sys.modules)))
"""
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert shown.stdout == "[]\n"
