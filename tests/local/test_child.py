"""The server begins, is awaited, and is gone when we are."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chatrepl.core.errors import ApiError, UsageError
from chatrepl.local import child
from chatrepl.local.child import server_command, serving
from chatrepl.local.models import LocalModel

FAKE = [sys.executable, str(Path(__file__).with_name("fake_server.py"))]
MODEL = LocalModel("small", Path("/models/Small.gguf"))
ROOT = Path(__file__).parent.parent.parent


def _pid(url: str) -> int:
    return int(url.removeprefix("http://127.0.0.1:").partition("/")[0])


def _is_gone(pid: int) -> bool:
    for _ in range(500):
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat")
            if state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def test_it_serves_below_a_path_with_a_key_of_its_own_and_ends_with_us() -> None:
    with serving(MODEL, FAKE, "/below") as one, serving(MODEL, FAKE, "/below") as other:
        assert one.url.endswith("/below")
        assert len(one.key) >= 32
        assert one.key != other.key
    assert _is_gone(_pid(one.url))
    assert _is_gone(_pid(other.url))


def test_it_ends_where_its_work_ends_in_an_error() -> None:
    with pytest.raises(KeyboardInterrupt), serving(MODEL, FAKE, "/x") as server:
        raise KeyboardInterrupt

    assert _is_gone(_pid(server.url))


def test_one_that_does_not_listen_is_ended_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "_LEAVE_S", 0.1)
    with serving(MODEL, [*FAKE, "deaf"], "/x") as server:
        pass

    assert _is_gone(_pid(server.url))


def test_one_that_is_not_waited_for_is_ended_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def in_a_hurry(process: "subprocess.Popen[bytes]", timeout: float | None = None) -> int:
        if timeout is not None:
            raise KeyboardInterrupt
        return wait(process)

    wait = subprocess.Popen.wait
    with (
        monkeypatch.context() as hurry,
        pytest.raises(KeyboardInterrupt),
        serving(MODEL, [*FAKE, "deaf"], "/x") as server,
    ):
        hurry.setattr(subprocess.Popen, "wait", in_a_hurry)

    assert _is_gone(_pid(server.url))


@pytest.mark.parametrize(
    ("manner", "words"),
    [("broken", "Small.gguf: error: unknown architecture 'zeta'"), ("silent", "Small.gguf"),
     ("ftp://elsewhere", "Small.gguf"), ("endless", f"Small.gguf: {'x' * 300}"),
     ("http://127.0.0.1:80@h.example", "Small.gguf"),
     ("http://127.0.0.1:80.h.example", "Small.gguf"),
     ("http://127.0.0.1:", "Small.gguf"), ("http://127.0.0.1:8٠", "Small.gguf"),
     ("http://localhost:80", "Small.gguf")],
)  # fmt: skip
def test_one_that_does_not_start_is_said_with_its_reason(manner: str, words: str) -> None:
    with pytest.raises(ApiError) as caught, serving(MODEL, [*FAKE, manner], "/x"):
        pass

    assert caught.value.message == f"llama.cpp did not start with {words}"


def test_one_that_goes_on_talking_never_waits_for_us(tmp_path: Path) -> None:
    with serving(MODEL, [*FAKE, "rude", str(tmp_path / "said")], "/x"):
        for _ in range(500):
            if (tmp_path / "said").exists():
                break
            time.sleep(0.02)
        assert (tmp_path / "said").exists()


def test_a_program_that_cannot_be_run_is_said() -> None:
    with pytest.raises(ApiError, match="did not start with Small"), serving(MODEL, ["/no/x"], "/x"):
        pass


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_it_is_gone_when_we_are_killed() -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\n"
        "from chatrepl.local.child import serving\nfrom chatrepl.local.models import LocalModel\n"
        f"with serving(LocalModel('s', Path('s')), {FAKE!r}, '/x') as server:\n"
        "    print(server.url, flush=True)\n    time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        pid = _pid(process.stdout.readline())
        process.send_signal(signal.SIGKILL)

    assert _is_gone(pid)


def test_without_llama_cpp_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match="not installed") as caught:
        server_command()
    assert "pipx inject chatrepl xllamacpp" in caught.value.hint

    monkeypatch.setattr(child, "find_spec", lambda name: name)
    assert Path(server_command()[-1]).is_file()
