"""Tools on this machine: programs that the user named, and the servers that MCP speaks to."""
