"""A chat under way: echo while loading, memory, Enter to request: python -m tests.bench.turns.

The answers come at once, so what is measured is ours. A terminal emulator is not part of it.
"""

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from pathlib import Path

from tests.bench.service import Service, service
from tests.bench.start import OURS, ROOT, environment

KEYS = 60
TURNS = 12


class Chat:
    """A chat on a pseudo terminal that answers no questions."""

    def __init__(self, env: dict[str, str]) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(OURS[0], list(OURS), env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def read(self, seconds: float) -> bytes:
        """Give what came, at the latest after so long."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        return os.read(self.fd, 65_536) if ready else b""

    def wait(self, text: bytes, seconds: float = 20.0) -> None:
        """Wait until `text` is seen."""
        seen, until = b"", time.monotonic() + seconds
        while text not in seen and time.monotonic() < until:
            seen += self.read(0.1)

    def memory(self) -> float:
        """Give the resident memory in MiB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def end(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def echoes(chat: Chat) -> list[float]:
    """Press keys from the moment the prompt takes them; give the milliseconds to each echo."""
    found = []
    for number in range(KEYS):
        key = bytes([97 + number % 26])
        while chat.read(0):
            pass
        begun = time.monotonic()
        os.write(chat.fd, key)
        if not chat.read(2.0):
            break
        found.append(1000 * (time.monotonic() - begun))
        time.sleep(0.02)
    return found


def sendings(chat: Chat, served: Service) -> list[float]:
    """Give the milliseconds from Enter to the whole request at the service, turn by turn."""
    found = []
    for number in range(TURNS):
        os.write(chat.fd, b"question %d" % number)
        time.sleep(0.3)
        while chat.read(0):
            pass
        begun = time.monotonic()
        os.write(chat.fd, b"\r")
        chat.wait(" out · ".encode())
        if len(served.arrivals) > number:
            found.append(1000 * (served.arrivals[number] - begun))
        time.sleep(0.3)
    return found


def measure(tree: Path = ROOT) -> None:
    """Measure one chat with the source in `tree` and print it."""
    with tempfile.TemporaryDirectory() as home, service(0.0) as served:
        chat = Chat(environment(Path(home), tree, served.url))
        try:
            chat.wait(b"\x1b[?2004h")
            chat.wait(b"Ask")
            keys = sorted(echoes(chat))
            time.sleep(2)
            idle = chat.memory()
            os.write(chat.fd, b"\x15")
            before = served.connections
            sent = sendings(chat, served)
            opened = served.connections - before
            time.sleep(2)
            talking = chat.memory()
        finally:
            chat.end()
    p95 = keys[int(len(keys) * 0.95) - 1]
    sys.stdout.write(f"key echo while loading   p95 {p95:.1f} ms, max {keys[-1]:.1f} ms\n")
    sys.stdout.write(f"idle memory              {idle:.0f} MiB\n")
    sys.stdout.write(f"memory after replies     {talking:.0f} MiB\n")
    sys.stdout.write(f"Enter to request, first  {sent[0]:.1f} ms\n")
    sys.stdout.write(f"Enter to request, later  {statistics.median(sent[1:]):.1f} ms\n")
    sys.stdout.write(f"connections opened       {opened} for {len(sent)} turns\n")


if __name__ == "__main__":
    measure()
