"""What the service's own tools do: search and fetch, code, tool search, MCP, and odd blocks."""
