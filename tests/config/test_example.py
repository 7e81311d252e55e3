import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chatrepl.api.address import check_address
from chatrepl.api.credentials import find
from chatrepl.config.load import load
from chatrepl.config.show import example
from chatrepl.core.settings import OPTIONS, Settings

_KEY = re.compile(r"^# (?=[a-z_.]+ = |\[)", re.MULTILINE)


def test_the_example_in_the_repository_is_the_one_that_is_written() -> None:
    path = Path(__file__).parents[2] / "config.example.toml"
    assert path.read_text(encoding="utf-8") == example()


def test_the_example_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(example(), encoding="utf-8")
    assert load(environ={}, path=path).settings == Settings()


def test_the_example_without_its_comment_marks_gives_every_key_its_default(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(_KEY.sub("", example()), encoding="utf-8")
    loaded = load(environ={}, path=path)
    assert loaded.settings == Settings()
    given = {key for key, origin in loaded.origins.items() if origin != "default"}
    assert given == {*OPTIONS, "tools.today", "mcp.files"}
    assert ([it.name for it in loaded.programs], loaded.servers[0].name) == (["today"], "files")
    careful = load(environ={}, path=path, profile="careful").settings
    assert (careful.effort, careful.max_cost_usd, careful.cache_ttl) == ("high", 2.0, "1h")


SERVERS = {"ollama": 11434, "vllm": 8000, "llama": 8080, "litellm": 4000, "gateway": None}


@pytest.mark.parametrize("name", SERVERS)
def test_each_server_of_the_example_is_reached_with_a_key_that_is_not_the_services(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(_KEY.sub("", example()), encoding="utf-8")
    loaded = load(environ={}, path=path, profile=name)
    environ = {"ANTHROPIC_API_KEY": "sk-ant-mine", "LITELLM_API_KEY": "k", "GATEWAY_KEY": "k"}
    credentials = find(loaded.settings, environ)

    assert set(loaded.profiles) == {*SERVERS, "careful"}
    assert credentials is not None
    assert credentials.kind == "command"
    assert urlsplit(loaded.settings.base_url).port == SERVERS[name]
    check_address(loaded.settings.base_url, with_key=True)


def test_every_setting_is_explained_before_it_stands() -> None:
    for opt in OPTIONS.values():
        assert f"# {opt.about}\n" in example()
