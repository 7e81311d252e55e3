"""What holds for every test: how much is tried, on how many processors, and in what environment."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

_MOST_PROCESSES = 4
_OURS = ("ANTHROPIC_", "CHATREPL_", "XDG_", "LC_")
_OTHERS = (
    "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLORTERM", "COLORFGBG", "COLUMNS",
    "LINES", "EDITOR", "VISUAL", "PAGER", "TMUX", "STY", "SSH_TTY", "SSH_CONNECTION", "LANG",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy",
)  # fmt: skip

# A run tries the same examples each time; `--hypothesis-profile=random` tries others. No example
# has a time limit: the machine may be busy.
settings.register_profile(
    "same", derandomize=True, database=None, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
settings.register_profile("random", settings.get_profile("same"), derandomize=False)
settings.load_profile("same")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Share the tests of folders among the processors; a few files are quicker in one process."""
    if all(arg.partition("::")[0].endswith(".py") for arg in config.args):
        return 0
    return min(os.cpu_count() or 1, _MOST_PROCESSES)


@pytest.fixture(autouse=True, scope="session")
def _bare_environment() -> Iterator[None]:
    """Take away what a user has set: settings, keys and colours of theirs are none of a test's."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(_OURS) or name in _OTHERS:
                patch.delenv(name)
        yield
