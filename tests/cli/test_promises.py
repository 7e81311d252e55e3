"""Whatever we send, and however a server refuses it: each lesson costs one request, for ever.

Each run begins anew, with what is on the disk and nothing else.
"""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.cli.promises import Run, Strictness, ajv, error, last, parts, runs, zod
from tests.faults.raw import sse
from tests.faults.strict import Answer, Body, pydantic, serving, spoken


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    return runs(monkeypatch, tmp_path)


RUST = "unknown field `{}`, expected one of `model`, `messages`, `max_tokens`, `thinking` at line 1"
LITELLM = "litellm.UnsupportedParamsError: ollama does not support parameters: ['{}'], for model=q"
GOOGLE = 'Invalid JSON payload received. Unknown name "{}": Cannot find field.'
BEDROCK = "Malformed input request: #: extraneous key [{}] is not permitted, please reformat it."
ALLOWED = "of model, messages and max_tokens I know all, but {} is an unknown field"
WORDINGS: dict[str, Callable[[str], Answer]] = {
    "the service": lambda at: (400, spoken(f"{at}: Extra inputs are not permitted")),
    "pydantic": lambda at: (422, pydantic(*parts(at))),
    "openai": lambda at: error(f"Unsupported parameter: '{last(at)}'", param=last(at)),
    "older openai": lambda at: error(f"Unrecognized request argument supplied: {last(at)}"),
    "parameter": lambda at: error("Unrecognized request argument", param=at),
    "go": lambda at: (400, f'json: unknown field "{last(at)}"'),
    "rust": lambda at: (422, RUST.format(last(at))),
    "zod": zod,
    "ajv": ajv,
    "jsonschema": lambda at: (
        400,
        {"detail": f"Additional properties are not allowed ('{last(at)}' was unexpected)"},
    ),
    "bedrock": lambda at: (400, {"message": BEDROCK.format(last(at))}),
    "google": lambda at: error(GOOGLE.format(last(at)), code="INVALID_ARGUMENT"),
    "property": lambda at: error(f"property '{at}' is unsupported"),
    "litellm": lambda at: error(LITELLM.format(last(at))),
    "plain": lambda at: (400, f"{last(at)} is not supported by this backend"),
    "for good": lambda at: error(f"unsupported field: {last(at)}", 500),
    "for good, too": lambda at: (503, {"detail": f"{last(at)} is not supported"}),
    "by field": lambda at: (400, {"errors": {at: ["Unknown field."]}}),
    "rails": lambda at: (422, {"error": f"found unpermitted parameter: :{last(at)}"}),
}
FIELDS: dict[str, tuple[str, ...]] = {
    "cache_control": (),
    "cache_control.ttl": (),
    "system.0.cache_control": (f"system={'s ' * 9000}",),
    "thinking": (),
    "thinking.display": (),
    "output_config": ("effort=low",),
    "output_config.effort": ("effort=low",),
    "metadata": ("user_id=me",),
    "service_tier": ("service_tier=auto",),
    "stream": (),
    "tools": ("web=true",),
}


def stands(place: str, body: Any) -> bool:
    """Tell whether something stands at a place in a body."""
    for part in parts(place):
        if isinstance(body, dict):
            body = body.get(str(part))
        else:
            body = body[part] if isinstance(body, list) and isinstance(part, int) else None
    return body is not None


@pytest.mark.parametrize(("field", "wording"), list(product(FIELDS, WORDINGS)))
def test_a_field_is_refused_once_and_never_sent_again(field: str, wording: str, run: Run) -> None:
    answer = WORDINGS[wording](field)
    with serving(lambda body: answer if stands(field, body) else None) as gateway:
        for asked in ({"save": "one"}, {"continue_": True}, {"continue_": True}):
            run(gateway, *FIELDS[field], **asked)
        assert gateway.refused == 1


def shaped(place: str, wrong: Callable[[Any], bool], words: str) -> Callable[[Body], Answer | None]:
    def strict(body: Body) -> Answer | None:
        value = body.get(place)
        return error(words) if value is not None and wrong(value) else None

    return strict


LIMIT = {"type": "less_than_equal", "ctx": {"le": 900}, "input": 32000}
LESS = "Input should be less than or equal to 900"
SHAPES: dict[str, tuple[Strictness, tuple[str, ...], dict[str, Any]]] = {
    "length": (
        lambda body: (
            (422, {"detail": [{"loc": ["body", "max_tokens"], "msg": LESS, **LIMIT}]})
            if body["max_tokens"] > 900
            else None
        ),
        (),
        {},
    ),
    "prompt": (
        shaped("system", lambda v: isinstance(v, list), "system: Input should be a valid string"),
        (f"system={'s ' * 9000}",),
        {},
    ),
    "level": (
        shaped(
            "output_config",
            lambda v: v.get("effort") == "max",
            "output_config.effort: Input should be 'low', 'medium' or 'high', 'max' is unsupported",
        ),
        ("effort=max",),
        {},
    ),
    "adaptive": (
        shaped(
            "thinking",
            lambda v: v["type"] == "adaptive",
            "thinking: Input tag 'adaptive' does not match any of the tags: 'enabled', 'disabled'",
        ),
        ("thinking=on",),
        {},
    ),
    "in a stream": (
        lambda body: (
            (200, sse(**spoken("cache_control: Extra inputs are not permitted")))
            if "cache_control" in body
            else None
        ),
        (),
        {},
    ),
    "of a proxy": (
        lambda body: (
            error('upstream: 400 {"message": "thinking: Extra inputs are not permitted"}', 502)
            if "thinking" in body
            else None
        ),
        (),
        {},
    ),
    "named among what is known": (
        lambda body: error(ALLOWED.format("cache_control")) if "cache_control" in body else None,
        (),
        {},
    ),
}


@pytest.mark.parametrize("kind", SHAPES)
def test_a_shape_is_refused_once_and_never_sent_again(kind: str, run: Run) -> None:
    strict, sets, more = SHAPES[kind]
    with serving(strict) as gateway:
        for _ in range(3):
            run(gateway, *sets, **more)
        assert 1 <= gateway.refused <= 2
        assert gateway.refused == 1 or kind == "named among what is known"


AT_THE_END = (
    "This model does not support assistant message prefill.",
    "The final message must be from the user",
    "last message must have role user",
    "Cannot continue from an assistant message",
    "Assistant response prefill is incompatible with enable_thinking.",
    "Pre-filling the assistant response is not supported",
    "Cannot set `add_generation_prompt` to True when the last message is from the assistant.",
    "Expected last role User or Tool (or Assistant with prefix True) but got assistant",
    "messages.1: assistant messages are not allowed at the end",
    "After the optional system message, conversation roles must alternate user/assistant",
)


@pytest.mark.parametrize(("words", "status"), list(product(AT_THE_END, (400, 500))))
def test_a_prefill_is_refused_once_and_emulated_from_then_on(
    words: str, status: int, run: Run
) -> None:
    def strict(body: Body) -> Answer | None:
        is_begun = body["messages"][-1]["role"] == "assistant"
        return error(words, status) if is_begun else None

    with serving(strict) as gateway:
        for _ in range(3):
            run(gateway, prefill="fi", model="claude-haiku-4-5")
        assert gateway.refused == 1


@pytest.mark.parametrize("header", ["", "x-api-key"])
def test_a_server_of_an_older_version_is_asked_in_that_one_from_then_on(
    header: str, run: Run
) -> None:
    with serving(header=header) as gateway:
        gateway.version = "2023-06-01"
        for _ in range(3):
            assert run(gateway) == ""
        assert gateway.refused == (2 if header else 1)
        gateway.version = "1999-01-01"
        for _ in range(2):
            assert "anthropic-version: only 1999" in run(gateway, code=1)


@pytest.mark.parametrize(
    "where", ["messages.0.content.0.type: Input should be 'text'", "document: no"]
)
def test_a_text_file_is_refused_as_a_document_once_and_goes_as_text_from_then_on(
    where: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("a plain note", encoding="utf-8")

    def strict(body: Body) -> Answer | None:
        blocks = [block for message in body["messages"] for block in message["content"]]
        assert "a plain note" in str(blocks)
        is_ours = any(block["type"] == "document" for block in blocks)
        return error(f"{where}; not supported") if is_ours else None

    with serving(strict) as gateway:
        for _ in range(3):
            run(gateway, attach=[str(tmp_path / "notes.txt")])
        assert gateway.refused == 1


def test_a_version_that_the_user_chose_stays(run: Run) -> None:
    with serving() as gateway:
        gateway.version = "2023-06-01"
        run(gateway, "headers=Anthropic-Version: 2024-01-01", code=1)
        assert gateway.refused == 1
        run(gateway, "headers=Anthropic-Version: 2023-06-01")
        assert gateway.refused == 1
