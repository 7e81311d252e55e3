"""The bench where tools are called: that of a chat has all that are configured, a shot's the named.

Only who has tools, or names some, comes here.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from chatrepl.cli.options import Options
from chatrepl.cli.serving import serving
from chatrepl.cli.toolbox import named_programs, named_servers, open_box
from chatrepl.core.errors import UsageError
from chatrepl.core.talk.arguments import tool_name
from chatrepl.core.talk.blocks import ToolResultBlock
from chatrepl.core.talk.message import Message
from chatrepl.core.tools import Tool, ToolCall
from chatrepl.session.held_keys import held_keys, in_words
from chatrepl.session.session import Session
from chatrepl.session.workbench import Workbench
from chatrepl.shells.mutter import mutter
from chatrepl.shells.repl import Repl
from chatrepl.shells.tool_consent import ToolConsent
from chatrepl.terminal.sanitize.text import one_line

_NOBODY: Final = "Nobody is there to agree to this call; it was not run."


@contextmanager
def bench_of(
    options: Options, session: Session, tell: Callable[[str], None]
) -> Iterator[Workbench]:
    """Give a session its bench; what was started for it ends with the block.

    Raises UsageError where a tool or a server is named that there is not.
    """
    loaded = session.loaded
    if loaded is None:
        raise UsageError("There is no configuration that could name tools.")
    programs, servers = loaded.programs, loaded.servers
    if options.names_tools:
        programs, servers = named_programs(loaded, options.tool), named_servers(loaded, options.mcp)
    names = {server.name for server in servers}
    with serving(session, loaded.servers, tell) as here:
        sources = here.sources if here is not None else ()
        more = [source for source in sources if source.name in names]
        bench = Workbench(open_box(session, loaded, programs, more))
        session.equip(bench)
        yield bench


@contextmanager
def chat_tools(options: Options, repl: Repl) -> Iterator[ToolConsent]:
    """Let a chat call tools, each after a question that what it gives asks."""
    session, desk, runner = repl.session, repl.desk, repl.runner
    with bench_of(options, session, repl.guard.later) as bench:
        bench.look = lambda: runner.run(bench.open(session.recorder))
        try:
            yield ToolConsent(desk.choose, desk.speaker.say, bench, repl.consent)
        finally:
            runner.run(bench.box.close())


@contextmanager
def shot_tools(options: Options, session: Session) -> Iterator[None]:
    """Let a single shot call tools: nobody is asked, so what would ask needs `--yes-tools`."""
    err = None if options.quiet else sys.stderr

    def agree(tool: Tool, _call: ToolCall) -> str:
        if options.yes_tools:
            return ""
        words = f"{one_line(tool.name)} was not run: it asks first, and --yes-tools lets it."
        mutter(err, f"chatrepl: {words}")
        return _NOBODY

    def passes(call: ToolCall, answer: ToolResultBlock) -> bool:
        held = held_keys((Message("user", (answer,)),))
        if not held:
            return True
        then = "it is sent" if options.yes_secrets else "--yes-secrets would send it"
        words = in_words(held, f"The answer of {tool_name(call.name)}")
        mutter(sys.stderr, f"chatrepl: {words[:-1]}; {then}.")
        return options.yes_secrets

    def tell(line: str) -> None:
        mutter(err, f"chatrepl: {one_line(line)}")

    with bench_of(options, session, tell) as bench:
        bench.agree, bench.passes = agree, passes
        yield
