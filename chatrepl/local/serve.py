"""llama.cpp's own server for one model, until standard input ends: a program of its own.

It is run by its path and imports nothing of chatrepl. Standard input brings a line of JSON (what
to serve, and the key it wants) and stays open as long as somebody needs the server, so that it
ends with them, however they end. The address is the only line on standard output.
"""

import json
import os
import sys


def main() -> None:
    """Serve what the first line asks for."""
    import xllamacpp

    wanted = json.loads(sys.stdin.readline())
    params = xllamacpp.CommonParams()
    params.model.path = wanted["path"]
    name = wanted["name"]
    params.model_alias = name if isinstance(params.model_alias, str) else {name}
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.cors_origins = "http://127.0.0.1"  # its own default is every origin
    params.api_prefix, params.api_keys = wanted["prefix"], [wanted["key"]]
    params.n_ctx, params.n_parallel = wanted["context"], 1
    params.cache_ram_mib = 0  # its own default is gigabytes
    # Its threads wait by spinning: as many as there are processors bring a busy machine to a halt.
    threads = max(1, (os.cpu_count() or 2) // 2)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    server = xllamacpp.Server(params)  # returns when the model is loaded
    sys.stdout.write(f"{server.listening_address}{wanted['prefix']}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)  # whatever it is doing, nobody waits for it


if __name__ == "__main__":
    main()
