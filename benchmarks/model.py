"""The scripted provider as a process: `python -m benchmarks.model PORT LATENCY`. It keeps requests, so that calls find their assessment."""

import sys

from assay.ai import scripted


def main(port: str, latency: str) -> None:
    """Serve until told to stop."""
    app = scripted.create_scripted_openai(scripted.Control(latency=latency), keep_bodies=True)
    scripted.serve(app, port=int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
