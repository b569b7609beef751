"""`assay` without the second that each start takes: commands are run in forks of a process that has everything imported.

    python forked_assay.py SOCKET      serves until it is ended; prints a line once it listens
    CLIENT                             goes into a file called `assay`: hands over words, environment, folder and streams

What runs is the program's own `main`, in a process of its own, with an environment of its own.
"""

import gc
import json
import os
import signal
import socket
import sys
import traceback
from importlib import import_module
from typing import Final

IMPORTED: Final = (
    "assay.cli.backups",
    "assay.cli.doctor_checks",
    "assay.cli.verbs",
    "assay.embedded.content",
    "assay.services.backups",
    "assay.services.healing",
    "assay.services.key_rotation",
    "assay.services.personal_data",
    "assay.services.redelivery",
)
"""What commands need, and with it almost everything."""
CLIENT: Final = """#!{python} -IS
import json, os, socket, sys
there = socket.socket(socket.AF_UNIX)
there.connect({socket!r})
socket.send_fds(there, [b"!"], [0, 1, 2])
there.sendall(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode() + b"\\n")
sys.exit(int(there.makefile().read() or 1))
"""


def serve(path: str) -> None:
    """Fork for each caller."""
    for name in IMPORTED:
        import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()
    gc.freeze()
    os.write(1, b"listening\n")
    while True:
        caller, _ = listening.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # commands wait for programs of their own
            listening.close()
            _run(caller)
        caller.close()


def _run(caller: socket.socket) -> None:
    """Never returns."""
    _, streams, _, _ = socket.recv_fds(caller, 1, 3)
    words, environment, folder = json.loads(caller.makefile().readline())
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    sys.stdin, sys.stdout, sys.stderr = (open(number, mode, closefd=False) for number, mode in enumerate("rww"))  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["assay", *words]
    code = _code_of_main()
    sys.stdout.flush()
    sys.stderr.flush()
    caller.sendall(str(code).encode())
    os._exit(0)


def _code_of_main() -> int:
    try:
        import_module("assay.cli").main()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(ended.code)
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter would
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    serve(sys.argv[1])
