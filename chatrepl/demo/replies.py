"""What the engine answers to ordinary words: by subject, by memory, by system prompt.

The texts stand in `scripts/`; here is the choice among them.
"""

import json
import re
import zlib

from chatrepl.demo.command import DemoPlan
from chatrepl.demo.guide import HELP
from chatrepl.demo.passages import passages
from chatrepl.demo.request import WireRequest
from chatrepl.demo.scripts import chatting, writing
from chatrepl.demo.scripts.topics import BY_NAME, find_topic
from chatrepl.demo.view import Question, ends

_MY_NAME = re.compile(
    r"what('| i)s my name|who am i\b|do you (know|remember) my name", re.IGNORECASE
)
_TURNS = re.compile(
    r"how many (turns|messages|questions)|what did i (say|ask)|my (first|last) (question|message)"
    r"|remember|summari[sz]e (this|our|the) (chat|conversation)",
    re.IGNORECASE,
)
_BRIEF = re.compile(r"\b(brief|short|concise|terse|one (line|sentence))\b", re.IGNORECASE)
_PIRATE = re.compile(r"\bpirate\b", re.IGNORECASE)
_ASKING = re.compile(
    r"^((please|can you|could you|tell me|give me|explain|describe|say|write|what(?:'s| is| are)"
    r"|who (?:is|was)|anything|something|about|of|on|the|me)\b\s*)+",
    re.IGNORECASE,
)
_SHORT = 60


def thoughts(view: Question, effort: str = "") -> str:
    """Return the thinking before an answer; what effort was asked for shows in it."""
    topic = find_topic(ends(view.asked))
    subject = topic.name if topic else "something I have no text about"
    lines = [f"The user says “{_clip(view.asked)}”. That is about {subject}."]
    if effort == "low":
        return lines[0]
    if effort:
        lines.append(f"I am to try with {effort} effort.")
    if view.earlier:
        lines.append(f"It is turn {view.turn}; before it came “{_clip(view.earlier[-1])}”.")
    if view.attached:
        lines.append(f"There is something attached: {', '.join(view.attached)}.")
    if view.system:
        lines.append("The system prompt counts, too.")
    lines.append("No model is running, so I pick the text that fits best and say it well.")
    return "\n".join(lines)


def answer(request: WireRequest, view: Question, plan: DemoPlan) -> str:
    """Return the text of the answer."""
    if plan.unknown:
        return f"I do not know `demo: {plan.unknown}`. This is what I know:\n\n{HELP}"
    is_answered = plan.topic == "tools" and view.results
    if (plan.topic and not is_answered) or plan.stop == "pause_turn":
        return _on_request(request, plan)
    if view.results:
        results = "\n".join(f"> {_clip(result, 200)}" for result in view.results)
        return f"The tool answered:\n\n{results}\n\nWith that the question is settled.\n"
    text = _styled(_ordinary(view), view.system)
    first = (
        view.turn == 1 and not view.continues and find_topic(ends(view.asked)) is not BY_NAME["who"]
    )
    return f"{text.rstrip()}\n\n{chatting.NOTE}\n" if first else text


def _on_request(request: WireRequest, plan: DemoPlan) -> str:
    fixed = {
        "say": plan.argument,
        "help": HELP,
        "think": writing.THINKING,
        "hostile": writing.HOSTILE,
        "unicode": writing.UNICODE,
    }
    if plan.topic in fixed:
        return fixed[plan.topic]
    if plan.topic == "count":
        return writing.counted(int(plan.argument))
    if plan.topic == "long":
        return writing.long_text(int(plan.argument))
    if plan.topic == "echo-request":
        received = json.dumps(request.body, indent=2, ensure_ascii=False)
        fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", received)), default=0))
        return f"This is the request I received:\n\n{fence}json\n{received}\n{fence}\n"
    return (
        f"`demo: {plan.topic or plan.stop}` needs something to work with: switch on `/web` for "
        "`search`, `fetch` and `stop pause_turn`, send a request with tools for `tool`, `code`, "
        "`tool-search` and `mcp`, attach a document with citations for `cite`.\n"
    )


def _ordinary(view: Question) -> str:
    if view.attached:
        return _about_attachments(view)
    if _MY_NAME.search(ends(view.asked)):
        return _about_name(view)
    if _TURNS.search(ends(view.asked)):
        return _about_turns(view)
    greeting = ""
    if view.name and view.name in view.asked:
        greeting = f"Nice to meet you, **{view.name}**. I will remember that.\n\n"
    topic = find_topic(ends(view.asked))
    if topic is not None:
        return greeting + topic.text
    return greeting or _about_anything(view)


def _about_attachments(view: Question) -> str:
    lines = "\n".join(f"{n}. {name}" for n, name in enumerate(view.attached, 1))
    many = len(view.attached) > 1
    if quoted := passages(view.documents, view.asked):
        listed = "".join(f"> {line}\n>\n" for line in quoted)
        return f"You attached:\n\n{lines}\n\nLines of it that share words with yours:\n\n{listed}"
    return (
        f"You attached {'these' if many else 'this'}:\n\n{lines}\n\n"
        f"A model would now look at {'them' if many else 'it'}; I only read type and size. "
        f"Your words with {'them' if many else 'it'}: “{_clip(view.asked) or '…'}”\n"
    )


def _about_name(view: Question) -> str:
    if not view.name:
        return "You have not told me your name yet. Try: *my name is Ada*.\n"
    told = [n for n, text in enumerate((*view.earlier, view.asked), 1) if view.name in text]
    return f"Your name is **{view.name}**; you told me in turn {told[0]}.\n"


def _about_turns(view: Question) -> str:
    if not view.earlier:
        return "This is our first turn, so there is nothing to look back on yet.\n"
    shown = list(enumerate(view.earlier, 1))[-10:]
    lines = "\n".join(f"{n}. {_clip(text)}" for n, text in shown)
    return f"This is turn **{view.turn}**. Before it you said:\n\n{lines}\n"


def _about_anything(view: Question) -> str:
    seed = zlib.crc32(view.asked.encode("utf-8", "replace")) + view.turn
    shape = chatting.ECHOES[seed % len(chatting.ECHOES)]
    closer = chatting.CLOSERS[seed // 7 % len(chatting.CLOSERS)]
    quoted = view.asked.replace("```", "'''")[:500]
    return shape.format(subject=_subject(view.asked), closer=closer, quoted=quoted)


def _subject(asked: str) -> str:
    return _clip(_ASKING.sub("", ends(asked.strip()))).rstrip("?.!") or _clip(asked) or "this"


def _styled(text: str, system: str) -> str:
    """Return the answer as the system prompt wants it, visibly."""
    if not system:
        return text
    if _BRIEF.search(system):
        text = text.split("\n\n", 1)[0] + "\n"
    if _PIRATE.search(system):
        text = "Arr! " + text.rstrip() + "\n\nFair winds to ye.\n"
    return f"*As your system prompt asks (“{_clip(system)}”):*\n\n{text}"


def _clip(text: str, length: int = _SHORT) -> str:
    line = " ".join(text[: 20 * length].split()).replace("`", "'").replace("*", "")
    return line if len(line) <= length else line[: length - 1] + "…"
