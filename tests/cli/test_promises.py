"""Whatever we send, and however a server refuses it: each lesson costs one request, for ever.

Each run begins anew, with what is on the disk and nothing else.
"""

import io
import sys
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from chatrepl.cli import stdin
from chatrepl.cli.options import Options
from chatrepl.cli.shot import shoot
from tests.attachments.pictures import photo
from tests.cli.given import KEY, loaded, settle
from tests.faults.strict import Answer, Body, Gateway, pydantic, serving, spoken

MODEL = "claude-opus-5-5"
Run = Callable[..., str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Ask a gateway, as a program that was just started; give what is said on stderr."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(stdin, "is_keyboard", lambda: True)

    def ask(gateway: Gateway, *sets: str, code: int = 0, **more: Any) -> str:
        settle(monkeypatch, tmp_path, ANTHROPIC_API_KEY=KEY, ANTHROPIC_BASE_URL=gateway.url)
        err, out = io.StringIO(), io.StringIO()
        monkeypatch.setattr(sys, "stderr", err)
        usual = more.pop("model", MODEL)
        end = shoot(Options(prompt=["hi"], **more), loaded(f"model={usual}", *sets), out)
        assert (end, out.getvalue()) == (code, "" if code else "fine\n"), err.getvalue()
        return err.getvalue()

    return ask


def last(place: str) -> str:
    return place.rpartition(".")[2]


def parts(place: str) -> list[str | int]:
    return [int(part) if part.isdigit() else part for part in place.split(".")]


def zod(place: str) -> Answer:
    name = last(place)
    issue = {"code": "unrecognized_keys", "keys": [name], "path": parts(place)[:-1]}
    said = {"message": f"Unrecognized key(s) in object: '{name}'"}
    return 400, {"success": False, "error": {"name": "ZodError", "issues": [issue | said]}}


def ajv(place: str) -> Answer:
    issue = {
        "instancePath": "/" + "/".join(place.split(".")[:-1]),
        "keyword": "additionalProperties",
        "params": {"additionalProperty": last(place)},
        "message": "must NOT have additional properties",
    }
    return 400, {"errors": [issue]}


def error(words: str, status: int = 400, **more: str) -> Answer:
    return status, {"error": {"message": words, **more}}


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


Strictness = Callable[[Body], Answer | None]
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
    "prefill": (
        lambda body: (
            error("This model does not support assistant message prefill.")
            if body["messages"][-1]["role"] == "assistant"
            else None
        ),
        (),
        {"prefill": "fi", "model": "claude-haiku-4-5"},
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


CALL = {
    "type": "server_tool_use",
    "id": "srvtoolu_1",
    "name": "web_search",
    "input": {"query": "x"},
    "caller": {"type": "direct"},
}
RESULT = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
ELSEWHERE = {"type": "mcp_tool_use", "id": "m1", "name": "e", "server_name": "s", "input": {}}
ITS_RESULT = {"type": "mcp_tool_result", "tool_use_id": "m1", "is_error": False, "content": []}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "sig"}
CONTENT: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "thinking": (THOUGHT,),
    "redacted_thinking": ({"type": "redacted_thinking", "data": "zzz"},),
    "server_tool_use": (CALL, RESULT),
    "web_search_tool_result": (CALL, RESULT),
    "mcp_tool_use": (ELSEWHERE, ITS_RESULT),
    "hologram": ({"type": "hologram", "beam": 1},),
    "image": (),
    "document": (),
}
TAG = "Input tag '{}' does not match any of the expected tags: 'text', 'image', 'tool_use'"
VALUE = "Invalid value: '{}'. Supported values are: 'text' and 'image_url'."
PastWords = Callable[[int, int, str], Answer]
OF_A_KIND: Mapping[str, PastWords] = {
    "tag": lambda m, n, type_: error(f"messages.{m}.content.{n}: {TAG.format(type_)}"),
    "type": lambda m, n, _: error(f"messages.{m}.content.{n}.type: Input should be 'text'"),
    "pydantic": lambda m, n, type_: (
        422,
        pydantic("messages", m, "content", "list[union[TextBlock,ImageBlock]]", n, type_),
    ),
    "unsupported": lambda _m, _n, type_: error(f"Unsupported content block type: {type_}"),
    "plain": lambda _m, _n, type_: (400, f"invalid content type '{type_}'"),
    "in words": lambda _m, _n, type_: (
        400,
        {"message": f"{type_.replace('_', ' ')} blocks are not supported"},
    ),
    "pointer": lambda m, n, _: (
        400,
        {
            "errors": [
                {"source": {"pointer": f"/messages/{m}/content/{n}/type"}, "detail": "not allowed"}
            ]
        },
    ),
    "openai": lambda m, n, type_: error(
        VALUE.format(type_), param=f"messages[{m}].content[{n}].type", code="invalid_value"
    ),
    "for good": lambda _m, _n, type_: error(f"unsupported content type {type_}", 500),
    "text alone": lambda _m, _n, _t: (400, {"detail": "Only text content is supported"}),
    "message": lambda m, _n, _t: error(f"messages.{m}: unsupported content type"),
}
SEALED: Mapping[str, PastWords] = {
    "signature": lambda m, n, _: error(f"messages.{m}.content.{n}: Invalid `signature`"),
    "modified": lambda m, n, _: error(
        f"messages.{m}.content.{n}: `thinking` blocks in the latest message cannot be modified."
    ),
    "moved": lambda m, _n, _t: error(f"messages.{m}: `thinking` blocks may not be moved"),
    "bound": lambda _m, _n, _t: error("thinking is bound to a different conversation"),
    "missing": lambda m, n, _: error(
        f"messages.{m}.content.{n}.thinking.signature: Field required"
    ),
}
PAST = {f"{type_}: {name}": (type_, OF_A_KIND[name]) for type_, name in product(CONTENT, OF_A_KIND)}
PAST |= {f"thinking: {name}": ("thinking", words) for name, words in SEALED.items()}


def of_the_past(type_: str, words: PastWords) -> Strictness:
    """Refuse blocks of a type where they stand before the last message."""

    def strict(body: Body) -> Answer | None:
        for at, message in enumerate(body["messages"][:-1]):
            for number, block in enumerate(message["content"]):
                if block["type"] == type_:
                    return words(at, number, type_)
        return None

    return strict


def attached(type_: str, folder: Path) -> list[str]:
    """Give a file that becomes a block of that type, if it is one of ours."""
    (folder / "a.png").write_bytes(photo("PNG"))
    (folder / "a.txt").write_text("what is to be read")
    return {"image": [str(folder / "a.png")], "document": [str(folder / "a.txt")]}.get(type_, [])


@pytest.mark.parametrize("case", PAST)
def test_a_kind_of_block_is_refused_once_of_all_pasts(case: str, run: Run, tmp_path: Path) -> None:
    type_, words = PAST[case]
    files = attached(type_, tmp_path)
    with serving(of_the_past(type_, words)) as gateway:
        gateway.content = CONTENT[type_]
        for asked in ({"save": "one", "attach": files}, {"save": "two", "attach": files}):
            run(gateway, **asked)
            said = [run(gateway, continue_=True) for _ in range(3)]
            assert not any(said[1:])
        assert gateway.refused == 1


def test_what_is_wrong_with_one_block_is_refused_once_of_its_conversation(
    run: Run, tmp_path: Path
) -> None:
    files = attached("image", tmp_path)
    broken = lambda m, n, _: error(f"messages.{m}.content.{n}.image.source.data: corrupt")  # noqa: E731
    with serving(of_the_past("image", broken)) as gateway:
        for number, name in enumerate(("one", "two"), 1):
            run(gateway, save=name, attach=files)
            said = [run(gateway, continue_=True) for _ in range(3)]
            assert "does not take back" in said[0]
            assert not any(said[1:])
            assert gateway.refused == number


def test_what_one_server_refused_of_a_past_another_is_sent(run: Run) -> None:
    words = OF_A_KIND["unsupported"]
    with serving(of_the_past("thinking", words)) as strict, serving() as lenient:
        strict.content = lenient.content = (THOUGHT,)
        for name in ("one", "two"):
            run(strict, save=name)
            run(strict, continue_=True)
        run(lenient, continue_=True)
        assert strict.refused == 1
        assert "thinking" in str(lenient.bodies[-1]["messages"])


@pytest.mark.parametrize("type_", ["image", "document"])
@pytest.mark.parametrize(
    "words",
    [
        "messages.{}.content.0.{}.source.base64.data: it is corrupt",
        "messages.{}: Could not process {}",
        "Could not process {1}",
    ],
)
def test_a_file_that_is_refused_is_named_and_never_sent_again(
    words: str, type_: str, run: Run, tmp_path: Path
) -> None:
    (file,) = attached(type_, tmp_path)

    def strict(body: Body) -> Answer | None:
        for at, message in enumerate(body["messages"]):
            if any(block["type"] == type_ for block in message["content"]):
                return error(words.format(at, type_))
        return None

    with serving(strict) as gateway:
        run(gateway, save="one")
        err = run(gateway, continue_=True, attach=[file], code=1)
        assert f"does not take {Path(file).name}: " in err
        run(gateway, continue_=True)
        run(gateway, continue_=True)
        assert gateway.refused == 1
        for name in ("two", "three"):  # what was taken before, and is no longer
            gateway.strict = lambda _body: None
            run(gateway, save=name, attach=[file])
            gateway.strict = strict
            run(gateway, continue_=True)
            run(gateway, continue_=True)
        assert gateway.refused == 3
