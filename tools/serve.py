"""Show the built site on this machine alone. Usage: serve.py [--port N]"""

from __future__ import annotations

import argparse
import functools
import http.server
import sys
from pathlib import Path

from terminal import in_one_sentence

SITE = Path(__file__).resolve().parent.parent / "_build" / "html"
PORT = 8000


def server_at(port: int) -> http.server.ThreadingHTTPServer:
    """A server of the site at a port, or at any free one where that cannot be had."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(SITE))
    try:
        return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        print(f"Port {port}: {error.strerror}; using {server.server_port} instead.")
        return server


def main() -> int:
    parser = argparse.ArgumentParser(description="Show the built site.")
    parser.add_argument("--port", type=int, default=PORT)
    port = parser.parse_args().port
    if not 0 <= port < 2**16:
        parser.error(f"argument --port: {port}, expected 0 to {2**16 - 1}")
    if not (SITE / "index.html").exists():
        print("There is no site yet: run `make book` first.", file=sys.stderr)
        return 1
    with server_at(port) as server:
        print(f"The book is at http://127.0.0.1:{server.server_port}; Ctrl-C ends.", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(in_one_sentence(main))
