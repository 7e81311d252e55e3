"""Gateways that know fewer fields than the service: each costs one refused request, once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatrepl.demo.server import serve
from tests.e2e.piped import Desk, Done
from tests.faults.nursery import Nursery
from tests.faults.strict import Answer, Body, Strict, pydantic, refusing, serving, spoken


def only(body: Body) -> Answer | None:
    """Know nothing beyond the first version of the API; name one field at a time."""
    known = {"model", "messages", "max_tokens", "stream", "system", "stop_sequences"}
    for name in body:
        if name not in known:
            return 400, spoken(f"{name}: Extra inputs are not permitted")
    if body["max_tokens"] > 300:
        return 400, spoken(f"max_tokens: {body['max_tokens']} > 300")
    if isinstance(body.get("system"), list):
        return 400, spoken("system.0.cache_control: Extra inputs are not permitted")
    return None


def adaptive(body: Body) -> Answer | None:
    if body.get("thinking", {}).get("type") == "adaptive":
        return 400, spoken("thinking.type: 'adaptive' is not supported")
    return None


def wide(body: Body) -> Answer | None:
    if body["max_tokens"] > 1000:
        asked = body["max_tokens"]
        return 500, {"error": f"max_tokens is too large: {asked}. At most 1000 is supported"}
    return None


THINK = ("--set", "show_thinking=true", "--set", "thinking=on")
KINDS: dict[str, tuple[Strict, tuple[str, ...], int]] = {
    "cache": (
        refusing("cache_control", 400, spoken("Unsupported parameter: cache_control")),
        (),
        1,
    ),
    "cache, 422": (refusing("cache_control", 422, pydantic("cache_control")), (), 1),
    "ttl": (refusing("ttl", 422, pydantic("cache_control", "ephemeral", "ttl")), (), 1),
    "plain": (refusing("cache_control", 400, "unknown field: cache_control"), (), 1),
    "param": (
        refusing("thinking", 400, spoken("Unrecognized request argument", param="thinking")),
        THINK,
        1,
    ),
    "display": (refusing("display", 400, spoken("thinking.display: unknown field")), THINK, 1),
    "adaptive": (adaptive, THINK, 1),
    "effort": (
        refusing("effort", 400, spoken("output_config.effort is not supported")),
        ("--set", "effort=low"),
        1,
    ),
    "format": (
        refusing("output_config", 400, {"detail": "litellm: output_config is not supported"}),
        ("--choose", "fine,bad"),
        1,
    ),
    "length": (wide, (), 1),
    "all": (only, (*THINK, "-s", "s " * 9000), 3),
}


Run = Callable[..., Done]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as nursery:
        yield nursery


@pytest.fixture
def run(tmp_path: Path, nursery: Nursery) -> Iterator[Run]:
    """Ask a server a question, each time as a program that has just been started."""
    with serve() as served:
        desk = Desk(tmp_path, served, nursery)
        yield lambda url, *args: desk.run(*args, env={"ANTHROPIC_BASE_URL": url})


@pytest.mark.parametrize("kind", KINDS)
def test_a_strict_gateway_refuses_once_and_never_again(kind: str, run: Run) -> None:
    strict, options, most = KINDS[kind]
    with serving(strict) as gateway:
        outputs = []
        for question in ("one", "two", "three"):
            done = run(gateway.url, *options, question)
            assert (done.code, done.out) == (0, "fine\n"), done.err
            outputs.append(done.err)
        assert 1 <= gateway.refused <= most
        assert len(gateway.bodies) == 3 + gateway.refused
    assert outputs[0].count("not taken") == gateway.refused
    assert "not taken" not in "".join(outputs[1:])


def test_what_one_gateway_refuses_another_is_still_sent(run: Run) -> None:
    with serving(KINDS["cache"][0]) as strict, serving() as lenient:
        run(strict.url, "one")
        run(lenient.url, "two")
        run(strict.url, "three")
        assert "cache_control" in lenient.bodies[0]
        assert [("cache_control" in body) for body in strict.bodies] == [True, False, False]


def test_models_are_named_among_those_of_the_server_that_is_asked(run: Run) -> None:
    with serving() as one, serving() as other:
        one.models = ["house/opus-small", "qwen"]
        run(one.url, "--models")
        run(one.url, "-m", "opus-s", "hi")
        run(other.url, "-m", "opus-5-5", "hi")
        dry = run("https://api.anthropic.com", "--dry-run", "-m", "opus", "hi")
        assert one.bodies[0]["model"] == "house/opus-small"
        assert other.bodies[0]["model"] == "claude-opus-5-5"
    assert '"model": "claude-opus-5-5"' in dry.out or '"model": "claude-opus' in dry.out


@pytest.mark.parametrize("header", ["x-api-key", "authorization"])
def test_a_key_that_is_not_seen_is_sent_in_the_other_header_once_for_ever(
    header: str, run: Run, tmp_path: Path
) -> None:
    with serving(header=header) as gateway:
        other = "authorization" if header == "x-api-key" else "x-api-key"
        secret = "Bearer sekrit-1" if other == "authorization" else "sekrit-1"
        (tmp_path / "mine.toml").write_text(f'[headers]\n{other} = "{secret}"\n')
        with serving(header=header) as own:
            for _ in range(2):
                done = run(own.url, "--config", str(tmp_path / "mine.toml"), "hi")
                assert (done.code, done.out) == (0, "fine\n"), done.err
            assert own.refused == 1
        for question in ("one", "two", "three"):
            done = run(gateway.url, question)
            assert (done.code, done.out, done.err) == (0, "fine\n", "")
        assert gateway.refused == (header == "x-api-key")
    assert not [file for file in tmp_path.rglob("*.json") if "sekrit" in file.read_text()]


def test_a_key_that_is_refused_in_both_headers_is_refused(run: Run) -> None:
    with serving(header="x-other") as gateway:
        for tries in (2, 4):
            done = run(gateway.url, "hi")
            assert (done.code, done.out) == (3, "")
            assert gateway.refused == tries


def test_a_server_that_wants_the_other_header_and_refuses_fields_costs_one_of_each(
    run: Run,
) -> None:
    with serving(only, header="x-api-key") as gateway:
        for question in ("one", "two"):
            done = run(gateway.url, question)
            assert (done.code, done.out) == (0, "fine\n"), done.err
        assert gateway.refused == 1 + 3  # the header; cache_control, thinking and max_tokens
