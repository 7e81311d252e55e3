"""The tools that the configuration names, made ready for a session."""

import os
from collections.abc import Mapping, Sequence
from typing import TypeVar

from chatrepl.attachments.attach import from_bytes
from chatrepl.attachments.limits import limits_of
from chatrepl.config.load import Config
from chatrepl.config.tool_tables import check_schemas
from chatrepl.core.errors import UsageError
from chatrepl.core.settings import nearest
from chatrepl.core.talk.blocks import Block
from chatrepl.core.tools import McpServer, ToolProgram
from chatrepl.session.session import Session
from chatrepl.tools.box import Box, ToolSource
from chatrepl.tools.programs import Programs

Table = TypeVar("Table")


def named_programs(loaded: Config, names: Sequence[str]) -> tuple[ToolProgram, ...]:
    """Give the programs of these names, as `--tool` has them. Raises UsageError for no such one."""
    programs = {program.name: program for program in loaded.programs}
    return _named(programs, names, "There is no tool {}.", "[tools.{}] in config.toml makes one.")


def named_servers(loaded: Config, names: Sequence[str]) -> tuple[McpServer, ...]:
    """Give the servers of these names, as `--mcp` has them. Raises UsageError for no such one."""
    servers = {server.name: server for server in loaded.servers}
    return _named(servers, names, "There is no server {}.", "[mcp.{}] in config.toml names one.")


def _named(
    tables: Mapping[str, Table], names: Sequence[str], miss: str, mend: str
) -> tuple[Table, ...]:
    for name in names:
        if name not in tables:
            near = nearest(name, tables)
            hint = f"Did you mean {near}?" if near else mend.format(name)
            raise UsageError(miss.format(name), hint)
    return tuple(tables[name] for name in dict.fromkeys(names))


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
    of_programs = Programs(programs, os.environ, lambda data: pictures_of(session, data))
    return Box((of_programs, *more), lambda: session.settings.keep_hidden)


def pictures_of(session: Session, data: bytes) -> tuple[Block, ...]:
    """Make blocks of a picture's bytes, as the model takes them. Raises AttachmentError."""
    limits = limits_of(session.model, keep_hidden=session.settings.keep_hidden)
    return tuple(from_bytes(data, "picture", limits=limits).blocks)
