"""What strict servers refuse of earlier turns: each kind costs one request, for ever.

Each run begins anew, with what is on the disk and nothing else.
"""

from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.attachments.pictures import photo
from tests.cli.promises import Run, Strictness, ajv, error, runs
from tests.faults.strict import Answer, Body, pydantic, serving


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    return runs(monkeypatch, tmp_path)


CALL = {
    "type": "server_tool_use",
    "id": "srvtoolu_1",
    "name": "web_search",
    "input": {"query": "x"},
    "caller": {"type": "direct"},
}
RESULT = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "sig"}
CONTENT: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "thinking": (THOUGHT,),
    "redacted_thinking": ({"type": "redacted_thinking", "data": "zzz"},),
    "server_tool_use": (CALL, RESULT),
    "web_search_tool_result": (CALL, RESULT),
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
CITATION = {"type": "web_search_result_location", "url": "http://e.org", "cited_text": "c"}
KEYS: Mapping[str, Mapping[str, Any]] = {
    "citations": {"type": "text", "text": "It is ", "citations": [CITATION]},
    "scent": {"type": "text", "text": "It is ", "scent": "rain"},
}
OF_A_KEY: Mapping[str, PastWords] = {
    "service": lambda m, n, key: error(f"messages.{m}.content.{n}.text.{key}: Extra inputs"),
    "pydantic": lambda m, n, key: (422, pydantic("messages", m, "content", n, key)),
    "openai": lambda m, n, key: error(
        "Unknown argument", param=f"messages[{m}].content[{n}].{key}"
    ),
    "go": lambda _m, _n, key: (400, f'json: unknown field "{key}"'),
    "rust": lambda m, n, key: (422, f"messages[{m}].content[{n}]: unknown field `{key}`"),
    "google": lambda m, n, key: error(f'Unknown name "{key}" at messages[{m}].content[{n}]'),
    "ajv": lambda m, n, key: ajv(f"messages.{m}.content.{n}.{key}"),
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
            assert [f"earlier turns: {type_}." in words for words in said[1:]] == [bool(files)] * 2
            assert bool(files) or not any(said[1:])
        assert gateway.refused == 1


@pytest.mark.parametrize(("key", "wording"), list(product(KEYS, OF_A_KEY)))
def test_a_key_of_a_block_is_refused_once_of_all_pasts(key: str, wording: str, run: Run) -> None:
    def strict(body: Body) -> Answer | None:
        for at, message in enumerate(body["messages"]):
            for number, block in enumerate(message["content"]):
                if key in block:
                    return OF_A_KEY[wording](at, number, key)
        return None

    with serving(strict) as gateway:
        gateway.content = (KEYS[key],)
        for name in ("one", "two"):
            run(gateway, "cite=false", save=name)
            for _ in range(2):
                run(gateway, "cite=false", continue_=True)
        assert gateway.refused == 1
        assert len(gateway.bodies[-1]["messages"]) == 5


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
