"""Where a model on this machine is found."""

import json
import os
from pathlib import Path

import pytest

from chatrepl.core.errors import UsageError
from chatrepl.local import models
from chatrepl.local.models import choose


def _pull(store: Path, name: str, *, age: int = 0, magic: bytes = b"GGUF") -> Path:
    """Lay a model into a store as Ollama does."""
    title, _, tag = name.partition(":")
    digest = title.encode().hex().ljust(64, "0")
    manifest = store / "manifests" / "host.example" / "library" / title / tag
    blob = store / "blobs" / f"sha256-{digest}"
    layers = [
        {"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:00"},
        {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}"},
    ]
    for path, content in ((manifest, json.dumps({"layers": layers}).encode()), (blob, magic)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    os.utime(manifest, (1e9 - age, 1e9 - age))
    return blob


@pytest.fixture(autouse=True)
def _no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_PACKAGES", {})
    monkeypatch.setattr(models, "_STORES", ())


def test_a_file_is_taken_by_its_path_and_named_after_it(tmp_path: Path) -> None:
    file = tmp_path / "Qwen3-4B.GGUF"
    file.write_bytes(b"GGUF and more")

    model = choose(str(file), {})
    assert (model.name, model.path) == ("qwen3-4b", file)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("notes.gguf", b"# no model", "holds no model"),
        ("empty.gguf", b"", "holds no model"),
        ("missing.gguf", None, "cannot be read: No such file"),
        ("a\0b.gguf", None, "cannot be read: no such name"),
    ],
)
def test_what_is_no_model_is_said(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=words) as caught:
        choose(str(tmp_path / name), {})

    assert "--local MODEL.gguf" in caught.value.hint


def test_ollamas_newest_model_is_taken_or_the_one_that_is_named(tmp_path: Path) -> None:
    store = tmp_path / ".ollama" / "models"
    old, new = _pull(store, "llama3.2:1b", age=9), _pull(store, "gemma3:latest")
    home = {"HOME": str(tmp_path)}

    assert choose("", home).path == new
    assert choose("llama3.2", home).path == choose("llama3.2:1b", home).path == old
    assert choose("", {"OLLAMA_MODELS": str(store)}).name == "gemma3:latest"
    with pytest.raises(UsageError, match="no local model mistral") as caught:
        choose("mistral", home)
    assert "gemma3:latest, llama3.2:1b" in caught.value.hint


@pytest.mark.parametrize(
    "manifest",
    [b"", b"[]", b"{}", b'{"layers": 3}', b'{"layers": [{}]}', b'{"layers": [{"digest": 7}]}',
     b'{"layers": [{"digest": "../../secret", "mediaType": "application/vnd.ollama.image.model"}]}',
     b"\xff\xfe", b"[" * 99_999],
)  # fmt: skip
def test_a_damaged_store_has_the_models_that_are_whole(tmp_path: Path, manifest: bytes) -> None:
    whole = _pull(tmp_path, "gemma3:latest")
    _pull(tmp_path, "other:latest", magic=b"half")
    (tmp_path / "manifests" / "broken").write_bytes(manifest)
    (tmp_path / "secret").write_bytes(b"GGUF")

    assert choose("", {"OLLAMA_MODELS": str(tmp_path)}).path == whole
    with pytest.raises(UsageError):
        choose("other", {"OLLAMA_MODELS": str(tmp_path)})


def test_where_there_is_none_it_is_said_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No model was found on this machine") as caught:
        choose("", {"HOME": str(tmp_path)})

    assert "ollama pull" in caught.value.hint


def test_a_package_that_holds_a_model_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "holds_model"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit", encoding="utf-8")
    (package / "Small.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(models, "_PACKAGES", {"holds_model": "small", "not_installed": "other"})

    assert choose("small", {"HOME": str(tmp_path)}).path == package / "Small.gguf"
