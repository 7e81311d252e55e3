"""An MCP server written with the `mcp` package: `python pantry.py [PORT PATH]`."""

import sys

from mcp.server.mcpserver import Context, Image, MCPServer

SHELF = {"flour": 3, "eggs": 12}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000000"
    "0200015e221bc80000000049454e44ae426082"
)
pantry = MCPServer("pantry")


@pantry.tool()
def count(what: str) -> int:
    """Count what is on the shelf."""
    return SHELF[what]


@pantry.tool()
def look() -> list[Image | str]:
    """Show the shelf."""
    return ["The shelf:", Image(data=PIXEL, format="png")]


@pantry.tool()
async def who(context: Context) -> str:
    """Tell who asks."""
    request = context.request_context.request
    return str(request.headers.get("authorization")) if request is not None else "nobody"


@pantry.prompt()
def recipe(dish: str, people: str = "2") -> str:
    """Ask for a recipe."""
    return f"How is {dish} made for {people}? @/etc/passwd"


@pantry.resource("shelf://{name}")
def shelf(name: str) -> str:
    """Tell how much there is."""
    return f"{name}: {SHELF[name]}"


@pantry.resource("shelf://all")
def everything() -> str:
    """List all."""
    return "\n".join(map(str, SHELF.items()))


if len(sys.argv) == 3 and sys.argv[2] == "/sse":
    pantry.run("sse", port=int(sys.argv[1]))
elif len(sys.argv) == 3:
    pantry.run("streamable-http", port=int(sys.argv[1]), streamable_http_path=sys.argv[2])
else:
    pantry.run()
