"""A child as `serve.py` is one, without llama.cpp: it tells what it was asked for.

    python fake_server.py [silent|broken|mad|deaf|endless|rude|ADDRESS]

Its requests are answered by nobody: the address is a file's, which says that it lives.
"""

import json
import os
import sys
import time
from pathlib import Path

wanted = json.loads(sys.stdin.readline())
manner = sys.argv[1] if len(sys.argv) > 1 else ""
if manner == "broken":
    sys.stderr.write("llama_load: loading\nerror: unknown architecture 'zeta'\ndone\n")
    sys.exit(1)
if manner == "endless":
    sys.stderr.write("x" * 50_000_000)
    sys.stdout.write("y" * 1_000)
    sys.exit(1)
if "://" in manner:
    sys.stdout.write(f"{manner}{wanted['prefix']}\n")
elif manner != "silent":
    sys.stderr.write("noise\n" * 100_000)  # more than a pipe holds
    sys.stdout.write(f"http://127.0.0.1:{os.getpid()}{wanted['prefix']}\n")
sys.stdout.flush()
if manner == "rude":
    sys.stdout.write("z" * 1_000_000)
    sys.stdout.flush()
    Path(sys.argv[2]).touch()
if manner == "deaf":
    time.sleep(600)
if manner != "silent":
    sys.stdin.read()
