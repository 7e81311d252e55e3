"""A web server whose answers have no end: `python endless.py PORT json|stream`."""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

KIND = {"json": "application/json", "stream": "text/event-stream"}[sys.argv[2]]


class Endless(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-type", KIND)
        self.end_headers()
        try:
            self.wfile.write(b'{"data": "' if KIND.endswith("json") else b"data: ")
            while True:
                self.wfile.write(b"x" * 1_000_000)
        except OSError:
            pass

    def log_message(self, *_words: object) -> None:
        pass


HTTPServer(("127.0.0.1", int(sys.argv[1])), Endless).serve_forever()
