"""What each model can do, where the Models API does not tell or cannot be asked.

To add a model, add a row to `_ROWS`, newest first within its line. A model that is not listed
works too: `find` describes it carefully.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from chatrepl.core.foreign_json import counted
from chatrepl.core.talk.blocks import Block, DocumentBlock, ImageBlock
from chatrepl.core.value import frozen
from chatrepl.core.wire import Wire

if TYPE_CHECKING:
    from datetime import date

Tokenizer: TypeAlias = Literal["v3", "v4.7", "v4.8"]
EFFORTS: Final = ("low", "medium", "high", "xhigh", "max")


@frozen
class Model:
    """One model's limits and abilities. `None` means that nobody told us.

    `thinking` lists the values that `thinking.type` may have; `image_edge_px` is the long edge to
    which the service shrinks images; `budget_tokens` is how much context is worth sending.
    `refused` names parameters that it, or its server, turned out not to take, such as
    `thinking.display`. Text files go to it as text where it takes no `documents`. `fast` tells
    whether it has a fast mode, at twice its price. `mid_system` tells whether it takes system
    messages in mid-conversation, `mid_effort` and `mid_tools` whether these may bring another
    effort or other tools; `usual_effort` is the one that nobody asked for.
    """

    id: str
    name: str = ""
    context_window: int | None = None
    max_output: int | None = None
    prefill: bool | None = None
    thinking: frozenset[str] = frozenset()
    thinks_by_default: bool = False
    efforts: tuple[str, ...] = ()
    images: bool = True
    pdfs: bool = True
    documents: bool = True
    structured: bool = True
    web: bool = True
    code: bool = True
    mid_system: bool = False
    mid_effort: bool = True
    mid_tools: bool = True
    usual_effort: str = "high"
    fast: bool | None = None
    cache_minimum: int = 4096
    image_edge_px: int = 1568
    tokenizer: Tokenizer = "v4.8"
    lifecycle: str = ""
    retires_at: str = ""
    known: bool = True
    refused: frozenset[str] = frozenset()

    @property
    def line(self) -> str:
        """The family it belongs to, such as `sonnet`."""
        return next((line for line in LINES if line in self.id), "")

    @property
    def is_new(self) -> bool:
        """Whether it is a model of the service that nobody described: it may take anything."""
        return not self.known and self.id.startswith("claude-")

    @property
    def always_thinks(self) -> bool:
        """Whether nothing keeps the model from thinking first."""
        return self.thinks_by_default and not self.thinking & {"disabled", "between_tools"}

    @property
    def lasts(self) -> str:
        """Until which day it is served; `-` where no end is known, empty where nothing is."""
        return self.retires_at[:10] or ("-" if self.lifecycle == "active" else self.lifecycle)

    def untaken(self, blocks: Iterable[Block]) -> str:
        """Name the kind of attachment among `blocks` that the model does not take, if any."""
        blocks = tuple(blocks)
        if not self.images and any(isinstance(block, ImageBlock) for block in blocks):
            return "images"
        if not self.pdfs and any(isinstance(b, DocumentBlock) and b.is_pdf for b in blocks):
            return "PDFs"
        return ""

    @property
    def budget_tokens(self) -> int:
        """How much context to send at most: the window is not the budget.

        Past 150,000 tokens answers get worse and dearer; one model's price rises fivefold at
        100,000.
        """
        if self.id.startswith("claude-haiku-5-5"):
            return 95_000
        window = self.context_window or 200_000
        return min(150_000, int(window * 0.75))

    @property
    def most_images(self) -> int:
        """How many images a request may have, and how many pages a PDF."""
        return 100 if (self.context_window or 200_000) <= 200_000 else 600

    def days_left(self, today: "date") -> int | None:
        """Count the days until it ends, below zero where it has; None where no end is known."""
        try:
            return (today.fromisoformat(self.retires_at[:10]) - today).days
        except ValueError:
            return None

    def learned(self, facts: Mapping[str, Any]) -> "Model":
        """Take over what an earlier answer taught.

        An ability is there or not, a limit is lowered, and any other name that is False is that of
        a parameter, or of one value of it, which is not taken.
        """
        learnt: dict[str, Any] = {
            key: fact for key, fact in facts.items() if key in _ABILITIES and isinstance(fact, bool)
        }
        for key in _LIMITS:
            if type(most := facts.get(key)) is int and most > 0:
                learnt[key] = min(most, getattr(self, key) or most)
        names = {key for key, fact in facts.items() if fact is False and key not in _ABILITIES}
        return replace(self, **learnt).without(self.refused | names)

    def without(self, refused: frozenset[str]) -> "Model":
        """Give the model without the parameters that are `refused`."""
        thinking = self.thinking
        if "thinking.type.adaptive" in refused and "adaptive" in thinking:
            thinking |= {"enabled"}  # who does not know the newer way may know the older one
        types = (kind for kind in thinking if f"thinking.type.{kind}" not in refused)
        levels = (level for level in self.efforts if f"{_EFFORT}.{level}" not in refused)
        return replace(
            self,
            refused=refused,
            thinking=frozenset() if "thinking" in refused else frozenset(types),
            efforts=() if {_EFFORT, "output_config"} & refused else tuple(levels),
            structured=self.structured and not {"output_config.format", "output_config"} & refused,
        )


_ABILITIES: Final = frozenset(
    {"prefill", "mid_system", "mid_effort", "mid_tools", "web", "code", "documents"}
)
OWN_TOOLS: Final = "tools.own"  # refused, no tool on this machine is offered
_LIMITS: Final = ("context_window", "max_output")
_EFFORT: Final = "output_config.effort"
LINES: Final = ("fable", "mythos", "opus", "sonnet", "haiku")
_ADAPTIVE = frozenset({"adaptive"})
_SWITCHED = frozenset({"adaptive", "disabled"})
_BETWEEN = frozenset({"adaptive", "between_tools"})
_BUDGETED = frozenset({"enabled", "disabled"})
_BOTH = frozenset({"adaptive", "enabled", "disabled"})


def _new(id_: str, name: str, thinking: frozenset[str], **more: Any) -> Model:
    facts: dict[str, Any] = {
        "context_window": 1_000_000,
        "max_output": 128_000,
        "prefill": False,
        "thinks_by_default": True,
        "efforts": EFFORTS,
        "mid_system": True,
        "fast": False,
        "cache_minimum": 512,
        "image_edge_px": 2576,
        "lifecycle": "active",
    }
    return Model(id_, name, thinking=thinking, **(facts | more))


def _old(id_: str, name: str, **more: Any) -> Model:
    facts: dict[str, Any] = {
        "context_window": 200_000,
        "max_output": 64_000,
        "prefill": True,
        "fast": False,
        "thinking": _BUDGETED,
        "tokenizer": "v3",
        "lifecycle": "active",
    }
    return Model(id_, name, **(facts | more))


_ROWS: Final = (
    _new("claude-fable-5-2", "Claude Fable 5.2", _ADAPTIVE, fast=True),
    _new("claude-fable-5-1", "Claude Fable 5.1", _ADAPTIVE),
    _new("claude-fable-5", "Claude Fable 5", _ADAPTIVE, mid_effort=False),
    _new("claude-mythos-5-2", "Claude Mythos 5.2", _ADAPTIVE, fast=True),
    _new("claude-mythos-5-1", "Claude Mythos 5.1", _ADAPTIVE),
    _new("claude-mythos-5", "Claude Mythos 5", _ADAPTIVE, mid_effort=False),
    _new("claude-opus-5-5", "Claude Opus 5.5", _ADAPTIVE, fast=True, usual_effort="medium"),
    _new("claude-opus-5", "Claude Opus 5", _SWITCHED, fast=True),
    _new(
        "claude-opus-4-8",
        "Claude Opus 4.8",
        _SWITCHED,
        fast=True,
        thinks_by_default=False,
        mid_effort=False,
        cache_minimum=1024,
    ),
    _new(
        "claude-opus-4-7",
        "Claude Opus 4.7",
        _SWITCHED,
        thinks_by_default=False,
        mid_system=False,
        cache_minimum=2048,
        tokenizer="v4.7",
    ),
    _new(
        "claude-opus-4-6",
        "Claude Opus 4.6",
        _BOTH,
        thinks_by_default=False,
        mid_system=False,
        efforts=("low", "medium", "high", "max"),
        cache_minimum=4096,
        image_edge_px=1568,
        tokenizer="v3",
    ),
    _old(
        "claude-opus-4-5",
        "Claude Opus 4.5",
        efforts=("low", "medium", "high"),
        lifecycle="deprecated",
        retires_at="2027-01-22",
    ),
    _new("claude-sonnet-5-5", "Claude Sonnet 5.5", _BETWEEN),
    _new("claude-sonnet-5", "Claude Sonnet 5", _SWITCHED, mid_system=False, cache_minimum=1024),
    _new(
        "claude-sonnet-4-6",
        "Claude Sonnet 4.6",
        _BOTH,
        thinks_by_default=False,
        mid_system=False,
        efforts=("low", "medium", "high", "max"),
        cache_minimum=1024,
        image_edge_px=1568,
        tokenizer="v3",
    ),
    _old(
        "claude-sonnet-4-5",
        "Claude Sonnet 4.5",
        cache_minimum=1024,
        lifecycle="deprecated",
        retires_at="2026-11-30",
    ),
    _new("claude-haiku-5-5", "Claude Haiku 5.5", _ADAPTIVE, usual_effort="medium"),
    _old("claude-haiku-4-5", "Claude Haiku 4.5"),
)
TABLE: Final[Mapping[str, Model]] = {row.id: row for row in _ROWS}
_DATE = re.compile(r"-(\d{8}|latest)$")
_PREVIEW: Final = _new(
    "claude-mythos-preview",
    "Claude Mythos Preview",
    _ADAPTIVE | {"enabled"},
    mid_system=False,
    lifecycle="retired",
    retires_at="2026-06-30",
)
# No longer served (docs, "Model deprecations"): how their ids begin, and when they ended.
_RETIRED: Final[Mapping[str, str]] = {
    "claude-1": "2024-11-06",
    "claude-instant": "2024-11-06",
    "claude-2": "2025-07-21",
    "claude-3-sonnet": "2025-07-21",
    "claude-3-5-sonnet": "2025-10-28",
    "claude-3-opus": "2026-01-05",
    "claude-3-7-sonnet": "2026-02-19",
    "claude-3-5-haiku": "2026-02-19",
    "claude-opus-4-0": "2026-06-15",
    "claude-sonnet-4-0": "2026-06-15",
    "claude-opus-4-2025": "2026-06-15",
    "claude-sonnet-4-2025": "2026-06-15",
}


def undated(id_: str) -> str:
    """Give an id without the date at its end."""
    return _DATE.sub("", id_)


def find(id_: str, table: Mapping[str, Model] = TABLE) -> Model:
    """Describe the model `id_`; one that is not listed gets the careful defaults of a new one."""
    bare = undated(id_)
    exact = table.get(id_) or table.get(bare) or TABLE.get(id_) or TABLE.get(bare)
    if exact is not None:
        return exact if exact.id == id_ else replace(exact, id=id_)
    if id_.startswith("claude-"):
        return _PREVIEW if id_ == _PREVIEW.id else _unlisted(id_)
    # Servers of other models leave documents out, and say nothing of it.
    documents = any(name in id_.lower() for name in ("claude", *LINES))
    base = Model(id_, id_, known=False, documents=documents)
    return replace(base, web=False, code=False, structured=False)


def _unlisted(id_: str) -> Model:
    model = Model(id_, id_, 200_000, 32_000, prefill=None, known=False)
    ended = next((day for begin, day in _RETIRED.items() if id_.startswith(begin)), "")
    return replace(model, lifecycle="retired", retires_at=ended) if ended else model


# The API's own name for it, then those of vLLM and OpenRouter; llama.cpp's stands in `meta`.
_WINDOWS: Final = ("max_input_tokens", "max_model_len", "context_length")


def from_api(info: Wire, base: Model) -> Model:
    """Take over what the Models API says about a model; what it leaves out stays as in `base`."""
    model = replace(base, known=True)
    text = {"name": "display_name", "lifecycle": "lifecycle", "retires_at": "retires_at"}
    for field, key in text.items():
        if isinstance(info.get(key), str):
            model = replace(model, **{field: info[key]})
    windows = [info.get(key) for key in _WINDOWS]
    if isinstance(meta := info.get("meta"), Mapping):
        windows.append(meta.get("n_ctx"))
    if window := next(filter(None, map(counted, windows)), None):
        model = replace(model, context_window=window)
    if counted(info.get("max_tokens")):
        model = replace(model, max_output=info["max_tokens"])
    capabilities = info.get("capabilities")
    return _able(model, capabilities) if isinstance(capabilities, Mapping) else model


def _able(model: Model, capabilities: Wire) -> Model:
    flags = {"images": "image_input", "pdfs": "pdf_input", "structured": "structured_outputs"}
    for field, key in flags.items():
        supported = _supported(capabilities.get(key))
        if supported is not None:
            changes: dict[str, Any] = {field: supported}
            model = replace(model, **changes)
    thinking = capabilities.get("thinking")
    if isinstance(thinking, Mapping) and isinstance(thinking.get("types"), Mapping):
        types = frozenset(_names(thinking["types"]))
        # Prefill ended with the generation that brought adaptive thinking.
        prefill = "adaptive" not in types if model.prefill is None else model.prefill
        model = replace(model, thinking=types, prefill=prefill)
    effort = capabilities.get("effort")
    if isinstance(effort, Mapping):
        offered = set(_names(effort))
        model = replace(model, efforts=tuple(level for level in EFFORTS if level in offered))
    tools = capabilities.get("server_tools")
    if isinstance(tools, Mapping):
        web, code = (bool(_supported(tools.get(t))) for t in ("web_search", "code_execution"))
        model = replace(model, web=web, code=code)
    return model


def _supported(leaf: object) -> bool | None:
    value = leaf.get("supported") if isinstance(leaf, Mapping) else leaf
    return value if isinstance(value, bool) else None


def _names(leaves: Mapping[str, Any]) -> Iterable[str]:
    return (name for name, leaf in leaves.items() if name != "supported" and _supported(leaf))
