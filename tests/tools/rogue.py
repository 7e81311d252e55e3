"""An MCP server without a library, that does as it is told: the good, the slow and the bad.

`python rogue.py WAY` begins in some way; what a tool does is in its name.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

WAY = sys.argv[1] if len(sys.argv) > 1 else ""
ENDLESS = 10**9
TOOLS = ["echo", "die", "hang", "deaf", "line", "lines", "grow", "nurse", "slow", "environment"]
GOOD = {"type": "object", "properties": {"text": {"type": "string"}}}
HOSTILE: list[tuple[Any, Any]] = [
    ("read file/ü", GOOD),
    ("read_file_", GOOD),
    ("x" * 300, GOOD),
    ("bad type", {"type": "array"}),
    ("bad property", {"type": "object", "properties": {"a b": {}}}),
    ("bad schema", {"type": "object", "properties": {"a": {"type": "no such"}}}),
    ("any of", {"type": "object", "anyOf": [{"required": ["a"]}], "properties": {"a": {}}}),
    ("deep", {"type": "object", "properties": {"a": {"items": [{"items": 1e308}] * 2}}}),
    ("hidden\u202e", {**GOOD, "description": "tag\U000e0041"}),
]


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def declared(name: Any, schema: Any = GOOD, description: str = "Does it.") -> dict[str, Any]:
    return {"name": name, "description": description, "inputSchema": schema}


def tools(cursor: str) -> dict[str, Any]:
    at = int(cursor or 0)
    if WAY == "pages":
        return {"tools": [declared(f"tool{at}")], "nextCursor": str(at + 1)}
    if WAY == "circle":
        return {"tools": [declared(f"tool{at}")], "nextCursor": str((at + 1) % 3)}
    if WAY == "many":
        return {"tools": [declared(f"tool{number}") for number in range(10_000)]}
    if WAY == "hostile":
        return {"tools": [declared(*pair, description="a\u202eb") for pair in HOSTILE]}
    return {"tools": [declared(name) for name in TOOLS]}


def call(name: str, given: dict[str, Any]) -> dict[str, Any]:
    text = str(given.get("text", ""))
    match name:
        case "die":
            sys.stderr.write("the disk is full\n")
            sys.stderr.flush()
            os._exit(3)
        case "hang":
            time.sleep(ENDLESS)
        case "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                time.sleep(1)
        case "line":
            while True:
                sys.stdout.write("x" * 1_000_000)
        case "noise":
            while True:
                sys.stderr.write("x" * 1_000_000)
        case "lines":
            while True:
                sys.stdout.write("{}\n" * 100_000)
        case "grow":
            TOOLS.append(f"grown{len(TOOLS)}")
            say({"method": "notifications/tools/list_changed"})
        case "nurse":
            text = str(subprocess.Popen(["sleep", "1000"]).pid)
        case "environment":
            text = json.dumps(dict(os.environ) | {"here": str(Path.cwd())})
        case _:
            pass
    return {"content": [{"type": "text", "text": text}]}


def prompt(given: dict[str, Any]) -> dict[str, Any]:
    def said(role: str, text: str) -> dict[str, Any]:
        return {"role": role, "content": {"type": "text", "text": text}}

    messages = [said("user", "Be brief."), said("assistant", "I am."), said("user", f"{given}")]
    return {"messages": messages}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    match method:
        case "initialize":
            able = {"tools": {"listChanged": True}, "prompts": {}, "resources": {}}
            about = {"name": "rogue", "version": "1"}
            version = params["protocolVersion"]
            return {"protocolVersion": version, "capabilities": able, "serverInfo": about}
        case "tools/list":
            return tools(params.get("cursor", ""))
        case "tools/call":
            return call(params["name"], params.get("arguments", {}))
        case "prompts/list":
            arguments = [{"name": "what", "required": True}, {"name": "how"}]
            return {"prompts": [{"name": "ask me", "description": "Asks.", "arguments": arguments}]}
        case "prompts/get":
            return prompt(params.get("arguments", {}))
        case "resources/list":
            return {"resources": [{"uri": "memo://one", "name": "one"}]}
        case "resources/templates/list":
            return {"resourceTemplates": [{"uriTemplate": "memo://{id}", "name": "any"}]}
        case "resources/read":
            uri = params["uri"]
            return {"contents": [{"uri": uri, "mimeType": "text/plain", "text": f"memo of {uri}"}]}
        case "ping":
            return {}
        case _:
            return None


def serve() -> None:
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message:
            if message["method"] == "notifications/cancelled":
                sys.stderr.write("cancelled\n")
            continue
        result = answer(message["method"], message.get("params", {}))
        if result is None:
            say({"id": message["id"], "error": {"code": -32601, "message": "no such method"}})
        else:
            say({"id": message["id"], "result": result})


if WAY == "broken":
    sys.exit("no such option: --bad")
if WAY == "silent":
    time.sleep(ENDLESS)
if WAY == "noisy":
    sys.stderr.write("noise\n" * 1_000_000)
    sys.stdout.write("hello, I am no JSON\n\n")
serve()
