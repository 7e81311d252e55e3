"""Where commands of the user's own lie, and what was agreed to of them."""

from collections.abc import Mapping
from typing import Final

from chatrepl.config.own_commands import OwnFolders
from chatrepl.storage.paths import config_file, find_folders
from chatrepl.storage.small_files import learn, read_facts

AGREED_FILE: Final = "agreed.json"
_COMMANDS: Final = "commands"


def own_folders(*, save: bool) -> OwnFolders:
    """Give the commands of this user; what is agreed to is kept only where something is saved."""
    config, state = config_file(), find_folders().state
    agreed = state / AGREED_FILE if state is not None else None

    def remembered() -> Mapping[str, str]:
        folders = read_facts(agreed).get(_COMMANDS)
        return folders if isinstance(folders, dict) else {}

    def remember(path: str, digest: str) -> None:
        if save:
            learn(agreed, {_COMMANDS: {path: digest}})

    return OwnFolders(config.parent / _COMMANDS if config else None, remembered, remember)
