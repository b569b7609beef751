"""Runs a program that cannot outlive its parent: `lifeline.py PARENT SIGNAL ACCOUNT PROGRAM [ARG…]`.

A script of its own (standard library only, started with `python -I -S`) that changes itself and then becomes the program:
no code of ours runs between fork and exec in the parent, which may hold threads and locks.
"""

import os
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1


def prctl() -> Callable[[int, int], int] | None:
    """The system call of that name on Linux, nothing elsewhere: there, the next start ends what was left over."""
    if sys.platform != "linux":
        return None
    import ctypes  # costs 15 ms, and only Linux needs it

    function: Callable[[int, int], int] = ctypes.CDLL(None).prctl
    return function


def become(account: str) -> None:
    """Give up root for `account`. Postgres refuses to run as root."""
    import pwd  # absent on systems where this is never called

    entry = pwd.getpwnam(account)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def main(parent: str, signal: str, account: str, *program: str) -> None:
    """Become `program`, in this process, with `signal` to follow when the thread that started us ends, however it ends."""
    bind = prctl()  # first: the account may not be allowed to read the standard library
    if account:
        become(account)
    if bind:
        # After the change of user, which would clear it.
        bind(PR_SET_PDEATHSIG, int(signal))
        if os.getppid() != int(parent):
            sys.exit("the parent ended before its child had begun")
    try:
        os.execv(program[0], program)  # noqa: S606 - no shell is the point
    except OSError as error:
        sys.exit(f"cannot run {program[0]}: {error.strerror}")


if __name__ == "__main__":
    main(*sys.argv[1:])
