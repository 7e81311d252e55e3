"""What a server, or a model of it, turned out not to take of what a request is made of.

To add a lesson, add its sign to `_SIGNS`, and what it teaches to `_taught`. A fact that is False is
the name of a parameter that `request.without` leaves out from then on; the others are a model's own
(see `Model.learned`). What is refused of the past is not learned here but in `refusals.py`.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from chatrepl.core.errors import ApiError, ApiErrorKind
from chatrepl.core.exchange.request import Request
from chatrepl.core.exchange.terms import EFFORT_CHANGES, TOOL_CHANGES, betas
from chatrepl.core.models import EFFORTS, OWN_TOOLS
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire

MOST_LESSONS: Final = 12  # in one turn: a request has no more that it can do without
NO_LENGTH: Final = "max_tokens.0"
_LEFT_OUT: Final = "{} is not taken; it is left out from now on."
_NO_EFFORT: Final = _LEFT_OUT.format("effort {}").removesuffix(".") + " (/effort changes it)."


@frozen
class Taught:
    """What one refusal taught, and the words for it.

    It is a fact about the one model where `of_model`, else about whatever that server answers with.
    """

    facts: Wire
    words: str
    of_model: bool


# Texts, which `re` compiles when a refusal comes: most runs never see one.
_SIGNS: Final[Mapping[str, str]] = {
    "cache_control": r"cache[ _-]?control|prompt[ _-]cach|\bephemeral\b|\bttl\b",
    "diagnostics": r"\bdiagnostics\b",
    "thinking": r"thinking|\breasoning\b(?! ?_?effort)",
    "output_config": r"output[ _-]?config|effort|(output|response)[ _-]?format"
    r"|json[ _-]?schema|structured[ _-]?output",
    "metadata": r"\bmetadata\b",
    "service_tier": r"service[ _-]?tier",
    "fallbacks": r"fall[ -]?backs?",
    "speed": r"\bspeed\b|fast[ -]?mode",
    "max_tokens": r"max\w*[ _-]?tokens|maximum( number of)?( \w+)? tokens"
    r"|(output|completion|new) tokens|\bn(um)?_predict\b|context length",
    # What somebody asked for is never left out by itself: whose name comes first is meant.
    "temperature": r"\btemperature\b",
    "top_p": r"\btop[ _-]?p\b",
    "top_k": r"\btop[ _-]?k\b",
    "stop_sequences": r"\bstop[ _-]?sequences\b",
    "tools": r"\btools?\b|\bweb[ _-]?(search|fetch)\b|\bcode[ _-]?execution\b",
    "system": r"\bsystem\b(?!.{0,60}cache).{0,60}\b(str(ing)?|array|sequence)\b",
    "stream": r"\bstream(ing)?\b",
}
# Where these are called otherwise.
_FACTS: Final = {"max_tokens": ("max_output",), "tools": ("web", "code", OWN_TOOLS)}
_TOOLS: Final[Mapping[str, str]] = {  # of the service, by the name of what a model can do
    "web": r"web[ _-]?(search|fetch)",
    "code": r"code[ _-]?execution",
}
# That no tool is taken, and not that one of them is wrong.
_NO_TOOLS: Final = (
    r"\btools?\b[^.:\[]{0,40}(\bnot|n't|\bun)[ -]?(\w{1,20} ){0,2}"
    r"(support|permit|allow|accept|available|enabled|implement|recogni)"
    r"|(\bnot|n't|cannot|\bun)[ -]?(\w{1,20} )?"
    r"(support|accept|take|allow|permit|have|use)\w{0,20}:? ?(\w{1,20} ){0,3}"
    r"['\"`]?(tools?|functions?)\b(?!\.\w)"
    r"|\btools['\"`]?: (extra|unknown|unexpected|not )|no \w{1,20} found that support tool"
    r"|(unknown|unexpected|unrecogni\w{1,20}|extra)( \w{1,20}){0,3}:? "
    r"['\"`]?tools\b['\"`]?(?![.\[]\w)"
    r"|\btools?\b.{0,40} requires? .?--"
)
_CLOSED: Final = {
    ("web",): "the web is not searched",
    ("code",): "no code is run",
    ("web", "code"): "the web is not searched and no code is run",
}
# What a part is called where it is named alone; it counts where that part was sent.
_PARTS: Final[Mapping[str, Mapping[str, str]]] = {
    "thinking": {"display": r"\bdisplay\b"},
    "output_config": {"format": r"(?<!image )(?<!media )(?<!file )(?<!audio )\bformat\b"},
}
_REFUSING: Final = (
    r"extra|unpermitted|additional properties|unknown|unexpected|unsupported|unrecogni|invalid"
    r"|forbidden|disallowed|no such"
    r"|not (\w+ )?(\w+ )?(permitted|allowed|support|accept|recogni|available|implement|enabled)"
    r"|not a? ?(known|valid)"
    r"|n't (support|accept|allow|recogni|know)|does not (take|match|exist)|input tag|beta"
)
_PLACE: Final = r"messages[.\[/]\d"
_ROLE: Final = r"\broles?\b|system (message|role)|['\"`]system['\"`]"
_MESSAGE: Final = r"messages?[.\[/](\d{1,9})\b"
_TERMS: Final = {"mid_effort": "an effort", "mid_tools": "tools"}
_TERM_SIGNS: Final = {
    "mid_tools": r"tool[ _-]?(addition|removal|definition|reference|change)|inline[ _-]?tools"
    r"|text blocks|\btools?\b|\bweb[ _-]?search\b",
    "mid_effort": r"output[ _-]?config|effort|(non-?|\b)empty\b|at least (1|one)\b",
}
_OF_BETA: Final = r"anthropic[ _-]beta|\bbeta (flag|header|feature|value)"
_PREFILL: Final = (
    r"pre-?fill|(must|should|has to|have to|needs to) end with|(last|final) message|continue_final"
    r"|(from|got)( an)? assistant|assistant messages? (is|are) not|roles must alternate"
)
_LEVEL: Final = rf"['\"`]({'|'.join(EFFORTS)})['\"`]"
_OWN_SCHEMA: Final = r"format\.schema|invalid (json )?schema"
_NUMBER: Final = r"(?<![\w.-])(\d{1,3}(?:[,_]\d{3})+(?!\d)|\d{1,18})(k\b)?(?![\w-])"
_WINDOW: Final = r"context (?:length|window|size)\D{0,40}?(\d{1,18})(?!\d)"
_STATUS: Final = r"(error|status|http)( code)?[ :]*\d{3}\b|\(\d{3}\)|\b400 bad"
_OF_BLOCKS: Final = r"\bblocks?\b|content|signature|bound|histor|earlier|previous|\bparts?\b"
_NOT_OF_FIELD: Final = rf"{_PLACE}|\bblocks?\b"  # but of one of the places where it stands
_INPUT_TOKENS: Final = r"\b(input|prompt)( \w{1,12})? tokens?\b"
_OF_REPLY: Final = r"max_\w{0,40}tokens|\b(output|completion|reply|new|generate)|predict"
_MODEST: Final = 4096


def parameter_lesson(
    error: ApiError, request: Request, tried: AbstractSet[str] = frozenset()
) -> Taught | None:
    """Say what a refusal of `request` teaches, if that is a parameter that can be done without.

    The facts that were `tried` did not help against the same refusal.
    """
    words = (error.answer or error.message).casefold().replace("invalid_request_error", " ")
    if error.kind is ApiErrorKind.NOT_FOUND:  # some routers find no server that has tools
        facts, said = _about_tools({"tools": None, **request.params}, words, refusing=False)
        return Taught(facts, said, of_model=True) if facts else None
    if error.kind not in {ApiErrorKind.INVALID, ApiErrorKind.TOO_LARGE}:
        return None
    shape = _refused_shape(words, request, tried)
    facts, said = shape or _refused_parameter(words, request, error, tried)
    return Taught(facts, said, is_of_model(words, request)) if facts else None


def is_of_model(words: str, request: Request) -> bool:
    """Tell whether a refusal speaks of the one model that was asked."""
    return re.search(r"\bmodel\b", words) is not None or request.model.casefold() in words


def _refused_shape(
    words: str, request: Request, tried: AbstractSet[str]
) -> tuple[Wire, str] | None:
    """Tell whether a native prefill, a document or a change in mid-conversation is refused."""
    from chatrepl.core.exchange.past import names_text_file  # most runs see no refusal

    prefill = request.prefill
    if prefill is not None and prefill.mode == "native" and re.search(_PREFILL, words):
        return {"prefill": False}, f"{request.model} takes no prefill; it is emulated from now on."
    if names_text_file(words, request):
        return {"documents": False}, "Documents are not taken; text files go as text from now on."
    if all(m.role != "system" for m in request.messages):
        return None
    terms = tuple(fact for fact in _refused_terms(words, request) if fact not in tried)
    if terms == ("mid_effort",) and re.search(_LEVEL, words):
        effort = next(m.effort for m in reversed(request.messages) if m.effort)
        return {f"output_config.effort.{effort}": False}, _NO_EFFORT.format(effort)
    if terms:
        named = " and ".join(_TERMS[fact] for fact in terms)
        said = f"{request.model} takes {named} only at the top; the cache is read anew."
        return dict.fromkeys(terms, False), said
    if re.search(_ROLE, words):
        return {"mid_system": False}, f"{request.model} takes the system prompt only at the top."
    return None


def _refused_terms(words: str, request: Request) -> tuple[str, ...]:
    """Name the terms whose change in mid-conversation is refused: by name, place, or as a beta."""
    needed = betas(request.messages)
    sent = {"mid_effort": EFFORT_CHANGES in needed, "mid_tools": TOOL_CHANGES in needed}
    for fact, sign in _TERM_SIGNS.items():
        if sent[fact] and re.search(sign, words):
            return (fact,)
    if re.search(_OF_BETA, words):
        return tuple(fact for fact in sent if sent[fact])
    place = re.search(_MESSAGE, words)
    at = int(place[1]) if place is not None else len(request.messages)
    if re.search(_ROLE, words) or at >= len(request.messages):
        return ()
    needed = betas(request.messages[at : at + 1])
    if TOOL_CHANGES in needed:
        return ("mid_tools",)
    return ("mid_effort",) if needed else ()


def _refused_parameter(
    words: str, request: Request, error: ApiError, tried: AbstractSet[str]
) -> tuple[Wire, str]:
    """Find which parameter that was sent is named first, and what that teaches."""
    sent = {**request.params, "stream": True} if request.streams else request.params
    places = {
        name: match.start()
        for name, sign in _SIGNS.items()
        if name in sent and (match := re.search(_whole_sign(name, sign, sent), words)) is not None
    }
    for name in sorted(places, key=lambda one: places[one]):
        facts, said = _taught(name, words, request) if _is_meant(name, words, error) else ({}, "")
        was_tried = any(fact.startswith(_FACTS.get(name, (name,))) for fact in tried)
        if not (was_tried and facts.keys() <= tried):  # perhaps it was only named among others
            return facts, said
    return {}, ""


def _is_meant(name: str, words: str, error: ApiError) -> bool:
    """Tell whether it is a parameter that words speak of, and nothing in a message."""
    if error.kind is ApiErrorKind.TOO_LARGE:
        return name == "max_tokens"
    return name == "cache_control" or re.search(_PLACE, words) is None


def _whole_sign(name: str, sign: str, sent: Wire) -> str:
    parts = _PARTS.get(name, {}) if isinstance(sent[name], Mapping) else {}
    return "|".join((sign, *(parts[key] for key in parts if key in sent[name])))


def _taught(name: str, words: str, request: Request) -> tuple[Wire, str]:
    value, refusing = request.params.get(name), re.search(_REFUSING, words) is not None
    is_named = name in words and re.search(_NOT_OF_FIELD, words) is None  # as it stands in a body
    match name:
        case "cache_control" if refusing or is_named:
            has_ttl = isinstance(value, Mapping) and "ttl" in value
            part = "cache_control.ttl" if has_ttl and re.search(r"\bttl\b", words) else name
            return {part: False}, _LEFT_OUT.format(part)
        case "diagnostics" | "metadata" | "service_tier" | "fallbacks" | "speed":
            return {name: False}, _LEFT_OUT.format(name)
        case "stream" if refusing:
            return {name: False}, "Streaming is not taken; replies come whole from now on."
        case "system" if isinstance(value, list):
            return {"system.list": False}, _LEFT_OUT.format("the mark in the system prompt")
        case "tools":
            return _about_tools(request.params, words, refusing=refusing)
        case "thinking" if isinstance(value, Mapping) and not _is_of_blocks(words, request):
            return _about_thinking(value, words)
        case "output_config" if isinstance(value, Mapping) and (
            refusing or (is_named and "format" not in value)
        ):
            return _about_output(value, words)
        case "max_tokens" if request.warms and value == 0:
            return {NO_LENGTH: False}, "max_tokens 0 is not taken; it is 1 from now on."
        case "max_tokens" if "budget_tokens" not in words and isinstance(value, int):
            return _about_length(value, words, request)
        case _:
            return {}, ""


def _closed(params: Wire, words: str) -> tuple[str, ...]:
    """Name which of the service's tools, if there are any to be used, are refused: all, or those
    that the refusal names.
    """
    tools = params["tools"]
    if not isinstance(tools, list) or params.get("tool_choice") == {"type": "none"}:
        return ()
    names = [str(tool.get("name")) for tool in tools if isinstance(tool, Mapping)]
    sent = tuple(k for k, sign in _TOOLS.items() if any(re.fullmatch(sign, n) for n in names))
    return tuple(kind for kind in sent if re.search(_TOOLS[kind], words)) or sent


def _about_tools(params: Wire, words: str, *, refusing: bool) -> tuple[Wire, str]:
    if refusing and (closed := _closed(params, words)):
        said = f"Tools are not taken; {_CLOSED[closed]} from now on."
        return dict.fromkeys(closed, False), said
    if _are_ours(params["tools"]) and re.search(_NO_TOOLS, words):
        return {OWN_TOOLS: False}, "Tools are not taken; none is offered from now on."
    return {}, ""


def _are_ours(tools: object) -> bool:
    """Tell whether tools on this machine are declared."""
    entries = tools if isinstance(tools, list) else []
    return any(isinstance(tool, Mapping) and "input_schema" in tool for tool in entries)


def _is_of_blocks(words: str, request: Request) -> bool:
    has_thought = any(message.has_thinking for message in request.messages)
    return has_thought and re.search(_OF_BLOCKS, words) is not None


def _about_thinking(sent: Wire, words: str) -> tuple[Wire, str]:
    kind = str(sent.get("type"))
    if "display" in sent and "display" in words:
        return {"thinking.display": False}, _LEFT_OUT.format("thinking.display")
    if kind == "adaptive" and "adaptive" in words:
        said = "Adaptive thinking is not taken; it is left out, or asked for with a budget."
        return {"thinking.type.adaptive": False}, said
    return {"thinking": False}, _LEFT_OUT.format("thinking")


def _about_output(sent: Wire, words: str) -> tuple[Wire, str]:
    effort = sent.get("effort")
    if effort and "effort" in words:
        is_level = re.search(_LEVEL, words) is not None
        name = f"output_config.effort.{effort}" if is_level else "output_config.effort"
        return {name: False}, _NO_EFFORT.format(effort)
    if "format" in sent and re.search(_OWN_SCHEMA, words):
        return {}, ""
    if "format" in sent and re.search(r"format|schema|structured", words):
        said = "output_config.format is not taken; the form is asked for in words from now on."
        return {"output_config.format": False}, said
    return {"output_config": False}, _LEFT_OUT.format("output_config")


def _about_length(sent: int, words: str, request: Request) -> tuple[Wire, str]:
    """Lower the longest reply to the number that is named, or to what a small window allows."""
    facts: dict[str, Any] = {}
    window = re.search(_WINDOW, words)
    if window is not None:
        facts["context_window"] = int(window[1])
        most = int(window[1]) // 4  # three quarters of the window are the past's
    elif not re.search(r"exceed context|too long", words) and not _is_of_input(words):
        most = max(_numbers(words, request.model, sent), default=_MODEST)
    else:
        return {}, ""
    if not 0 < most < sent:
        return {}, ""
    facts["max_output"] = most
    return facts, f"max_tokens {sent} is not taken; {most} is the most from now on."


def _is_of_input(words: str) -> bool:
    """Tell whether the tokens that are too many are those of the question alone."""
    return re.search(_INPUT_TOKENS, words) is not None and re.search(_OF_REPLY, words) is None


def _numbers(words: str, model: str, sent: int) -> list[int]:
    """Read the numbers below `sent`, without those of names and of the status."""
    plain = re.sub(_STATUS, " ", words)
    numbers = []
    for digits, thousands in re.findall(_NUMBER, plain.replace(model.casefold(), " ")):
        number = int(re.sub(r"[,_]", "", digits)) * (1000 if thousands else 1)
        if 0 < number < sent:
            numbers.append(number)
    return numbers
