"""The memory of a process that serves for a long time: Python's garbage collector, and the C library's allocator below it."""

import ctypes
import gc
from typing import Final

_ALLOCATIONS: Final = 5_000
_M_ARENA_MAX: Final = -8
_M_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 128 * 1024


def settle() -> None:
    """Take what is there now out of the collector's sight, and let it look less often. Call once, when all modules are loaded.

    A process of ours begins with about half a million objects that live as long as it does. With Python's defaults the collector
    walks them again and again, for 40 % of the worker's processor time per assessment (measured, Python 3.12).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, 20, 10)
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):  # glibc, where else each thread would keep for itself what it once needed
        library.mallopt(_M_ARENA_MAX, 1)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
    give_back()


def tidy() -> None:
    """Collect what is unreachable and return what is free. For a moment with nothing to do."""
    gc.collect()
    give_back()


def give_back() -> None:
    """Return free memory to the system, after work that needed much more than what comes next."""
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)
