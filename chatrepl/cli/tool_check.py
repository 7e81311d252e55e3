"""What the doctor says of the tools in the configuration. None of them is started."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from chatrepl.cli.finding import Finding
from chatrepl.config.load import Config
from chatrepl.config.show import what_of
from chatrepl.config.tool_tables import check_schemas
from chatrepl.core.errors import ConfigError
from chatrepl.core.extras import adds
from chatrepl.core.tools import McpServer, ToolProgram
from chatrepl.storage.files import kind_at


def check_tools(loaded: Config) -> tuple[Finding, ...]:
    """Look whether each program and folder is there, and each schema is one."""
    tools: dict[str, ToolProgram | McpServer] = {f"tools.{it.name}": it for it in loaded.programs}
    tools |= {f"mcp.{it.name}": it for it in loaded.servers}
    rounds = loaded.settings.tools_max_rounds
    most = f"a reply may call tools in {rounds:,} round{'' if rounds == 1 else 's'}."
    return (
        Finding("tools", True, most),
        *(_checked(key, tool, loaded) for key, tool in tools.items()),
    )


def _checked(key: str, tool: ToolProgram | McpServer, loaded: Config) -> Finding:
    if isinstance(tool, McpServer) and tool.connect == "here" and find_spec("mcp") is None:
        missing = f"{key}: the package mcp, which speaks to it, is not installed."
        return Finding("tool", False, missing, f"{adds('mcp')}.")
    mend = f"{loaded.origins[key]}: see [{key}]."
    if fault := _fault(tool):
        return Finding("tool", False, f"{key}: {fault}.", mend)
    if isinstance(tool, ToolProgram):
        try:
            check_schemas([tool], loaded.origins)
        except ConfigError as error:
            return Finding("tool", False, error.message)
    return Finding("tool", True, f"{key}: {what_of(tool)}.")


def _fault(tool: ToolProgram | McpServer) -> str:
    if tool.folder and kind_at(Path(tool.folder)) != "folder":
        return f"there is no folder {tool.folder}"
    if not tool.command or shutil.which(tool.command[0], path=os.environ.get("PATH")):
        return ""
    is_there = "/" in tool.command[0] and bool(kind_at(Path(tool.command[0])))
    how = "may not be run (chmod +x)" if is_there else "is not there"
    return f"the program {tool.command[0]} {how}"
