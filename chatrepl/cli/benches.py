"""The bench where tools are called: that of a chat has all that are configured, a shot's the named.

Only who has tools, or names some, comes here.
"""

import sys
from collections.abc import Sequence
from typing import Final

from chatrepl.cli.options import Options
from chatrepl.cli.toolbox import named_programs, open_box
from chatrepl.config.load import Config
from chatrepl.core.tools import Tool, ToolCall
from chatrepl.session.session import Session
from chatrepl.session.workbench import Workbench
from chatrepl.shells.oneshot import mutter
from chatrepl.terminal.sanitize.text import one_line
from chatrepl.tools.box import ToolSource

_NOBODY: Final = "Nobody is there to agree to this call; it was not run."


def bench_of(
    options: Options, session: Session, loaded: Config, more: Sequence[ToolSource] = ()
) -> Workbench:
    """Make the bench of a session, with `more` than programs.

    Raises UsageError where a tool is named that there is not.
    """
    programs = named_programs(loaded, options.tool) if options.names_tools else loaded.programs
    return Workbench(open_box(session, loaded, programs, more))


def shot_bench(options: Options, session: Session, loaded: Config) -> Workbench:
    """Make the bench of a single shot: nobody is asked, so what would ask needs `--yes-tools`."""
    bench = bench_of(options, session, loaded)

    def agree(tool: Tool, _call: ToolCall) -> str:
        if options.yes_tools:
            return ""
        words = f"{one_line(tool.name)} was not run: it asks first, and --yes-tools lets it."
        mutter(None if options.quiet else sys.stderr, f"chatrepl: {words}")
        return _NOBODY

    bench.agree = agree
    return bench
