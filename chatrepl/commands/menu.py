"""The commands in the order of use, each with what it does in at most forty characters.

The menu under a `/`, `/help all` and the names that `/help` offers go by it. A new command needs a
row here; a test holds both lists to each other.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

_ROWS: Final = """
retry: Ask the last question again
edit: Change a question, or a reply
continue: Go on with a reply that was cut
btw: Ask beside the talk; nothing is added
undo: Take the last change back
redo: Step forth again
model: Show or switch the model
image: Attach files or addresses
context: Tokens, cache and price of what is sent
clear: Begin a new conversation
history: List the turns
copy: Copy a reply, code or everything
load: Go on with a saved conversation
sessions: List saved conversations
help: The commands, or all about one
exit: Leave; everything is kept
compare: Ask several models, or several times
pick: Go on from one of the compared replies
diff: In which words two replies differ
system: Show or set the system prompt
prefill: Begin the reply with your words
think: Think first: on, off, auto; show, hide
effort: How hard it tries: low to max
web: Search the web while answering
code: Run code while answering
mcp: Servers of tools that it may use
tools: Tools on this machine, what they may
cite: Cite the documents you attach
compact: A summary in place of old turns
truncate: Keep only the newest turns
drop: Leave turns out; they stay in history
keep: Send only these turns from now on
pin: Never leave these turns out
restore: Send left-out turns again
relevant: Keep the turns that bear on a question
request: What was sent for a turn, and why
schema: Ask for JSON that fits a schema
choose: Ask for one of these words
paste: Attach the clipboard's image
editor: Write the message in your editor
detach: Take attached files back
tree: Show all turns and branches
goto: Go to another turn or branch
branch: Give this place a name
user: Add a message of yours, unsent
assistant: Add a reply written by you
save: Name it, or tell where it is saved
search: Find text in saved conversations
export: Write it as md, html, json, curl, python
import: Open a conversation from a JSON file
delete: Delete a saved one for good
files: List the files that code made
download: Save files that code made
usage: What was spent, by day or model
models: List models with prices
commands: Commands of your own
set: Change a setting
config: Where each setting comes from
raw: Rendered replies, or their Markdown
multiline: What Enter does: send, or new line
doctor: Find what is wrong with the set-up
"""
MENU: Final[Mapping[str, str]] = MappingProxyType(
    dict(row.split(": ", 1) for row in _ROWS.strip().splitlines())
)
_WORDS: Final = """
think on: Think before it answers
think off: Answer at once
think auto: As the model likes
think show: Show what it thinks
think hide: Hide what it thinks
edit reply: Change what the model said
effort low: Short and quick
effort medium: Less than it would by itself
effort high: Thorough
effort xhigh: Very thorough; takes longer
effort max: All it can; slow and dear
effort clear: As the model likes
web on: Search while it answers
web off: Answer by what it knows
web fetch: Search, and read pages, too
mcp add: Add one, by its address
mcp list: Show which there are
mcp remove: Take one off
code on: Run code while it answers
code off: Answer without running any
code show: All code and output of the last reply
context exact: Ask the service to count
doctor live: Try a reply of one token, too
cite on: Footnotes to what you attach
cite off: Without footnotes
config edit: Open the file in your editor
usage today: Since midnight
usage 7d: The last seven days
usage month: This month
usage all: Ever
usage --by: By day, model or conversation
usage day: A row for each day
usage model: A row for each model
usage conversation: A row for each conversation
copy code: The last block of code
copy all: The whole conversation
download all: All files that code made
system @: Read it from a file
system edit: Write it in your editor
system clear: Have none
prefill pin: Begin every reply so
prefill clear: Have none
schema clear: Replies of any form again
choose clear: Replies of any form again
export md: Markdown, to read
export json: The request as it is sent
export html: A page, to send to somebody
export curl: A command that asks it again
export python: A script that asks it again
commands new: Write one
commands edit: Change one
"""
# What the fixed words mean that commands take; a test misses those that are not here.
WORDS: Final[Mapping[str, str]] = MappingProxyType(
    dict(row.split(": ", 1) for row in _WORDS.strip().splitlines())
)
CardRows: TypeAlias = tuple[tuple[Any, ...], ...]  # title, then (name, meaning) pairs
# The first screen of `/help`: what most people use, in the order in which they meet it.
CARD: Final[CardRows] = (
    (
        "Talk",
        ("/retry", "ask the question again"),
        ("/edit [N]", "change a question"),
        ("/continue", "go on with a cut reply"),
        ("/undo", "take the last change back"),
        ("/clear", "begin a new conversation"),
        ("/history", "list the turns"),
        ("/copy", "copy the last reply"),
    ),
    (
        "What is sent",
        ("/context", "tokens, cache and price"),
        ("/image PATH", "attach a file (or @path)"),
        ("/system TEXT", "tell it how to behave"),
        ("/prefill T", "begin its reply yourself"),
        ("/drop N", "leave turns out"),
        ("/compact", "a summary for old turns"),
        ("/schema FILE", "ask for JSON"),
    ),
    (
        "Model",
        ("/model [ID]", "show or switch the model"),
        ("/models", "list them with prices"),
        ("/think HOW", "think first: on, off, auto"),
        ("/effort HOW", "low to max"),
        ("/web on", "search the web"),
    ),
    (
        "Saved",
        ("/sessions", "list conversations"),
        ("/load NAME", "go on with one"),
        ("/save NAME", "name this one"),
        ("/search TEXT", "find a place"),
        ("/export html", "make a page of it"),
    ),
    (
        "Settings and program",
        ("/set", "settings, and change one"),
        ("/config", "where they come from"),
    ),
    (
        "",
        ("/doctor", "find what is wrong"),
        ("/exit", "leave"),
    ),
)
KEYS: Final[CardRows] = (
    (
        "Keys",
        ("Enter", "send"),
        ("Shift-Enter", "new line (also Alt-Enter)"),
        ("↑ ↓", "earlier messages"),
        ("Tab", "complete"),
        ("@path", "attach a file"),
        ("/", "commands"),
    ),
    (
        "",
        ("Esc, Ctrl-C", "stop the reply"),
        ("Ctrl-D", "leave"),
        ("Ctrl-R", "search your messages"),
        ("Ctrl-X Ctrl-E", "write in your editor"),
        ("Ctrl-O", "open what was pasted"),
        ("//text", "a text that begins with /"),
        ("/help", "the most used commands"),
    ),
)
