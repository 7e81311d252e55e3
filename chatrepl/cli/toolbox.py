"""The tools that the configuration names, made ready for a session."""

import os
from collections.abc import Sequence

from chatrepl.attachments.attach import from_bytes
from chatrepl.attachments.limits import limits_of
from chatrepl.config.load import Config
from chatrepl.config.tool_tables import check_schemas
from chatrepl.core.errors import UsageError
from chatrepl.core.settings import nearest
from chatrepl.core.talk.blocks import Block
from chatrepl.core.tools import ToolProgram
from chatrepl.session.session import Session
from chatrepl.tools.box import Box, ToolSource
from chatrepl.tools.programs import Programs


def named_programs(loaded: Config, names: Sequence[str]) -> tuple[ToolProgram, ...]:
    """Give the programs of these names, as `--tool` has them. Raises UsageError for no such one."""
    programs = {program.name: program for program in loaded.programs}
    for name in names:
        if name not in programs:
            near = nearest(name, programs)
            hint = f"Did you mean {near}?" if near else f"[tools.{name}] in config.toml makes one."
            raise UsageError(f"There is no tool {name}.", hint)
    return tuple(programs[name] for name in dict.fromkeys(names))


def open_box(
    session: Session,
    loaded: Config,
    programs: Sequence[ToolProgram],
    more: Sequence[ToolSource] = (),
) -> Box:
    """Put programs and further sources of tools in a box; nothing is started.

    Raises ConfigError where the schema of a program is none.
    """
    check_schemas(programs, loaded.origins)

    def pictures(data: bytes) -> tuple[Block, ...]:
        limits = limits_of(session.model, keep_hidden=session.settings.keep_hidden)
        return tuple(from_bytes(data, "picture", limits=limits).blocks)

    of_programs = Programs(programs, os.environ, pictures)
    return Box((of_programs, *more), lambda: session.settings.keep_hidden)
