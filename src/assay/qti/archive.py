"""Content packages as zip files: written the same way each time, read within limits and without touching the disk."""

import zipfile
from collections.abc import Mapping
from io import BytesIO
from typing import Final

from assay.domain.question_exchange import Unreadable

MAX_FILES: Final = 2_000
MAX_INFLATED: Final = 32 * 1024 * 1024
"""Bytes of all files together that are read, whatever the package declares."""
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED: Final = 0x1
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def pack(files: Mapping[str, bytes]) -> bytes:
    """A zip file of `files` by name; the same files give the same bytes."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


class Archive:
    """A package that was let in. Nothing is inflated before it is read, and nothing beyond `MAX_INFLATED` in all."""

    def __init__(self, packed: bytes) -> None:
        """Raises `Unreadable` for what is no zip file, and for one that could do harm: by its names, numbers or declared sizes."""
        try:
            self._zip = zipfile.ZipFile(BytesIO(packed))
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:  # the last is zipfile's word for a version it cannot read
            raise Unreadable("The package is not a zip file.") from error
        entries = self._zip.infolist()
        _refuse_harmful(entries)
        self.names = frozenset(entry.filename for entry in entries if not entry.is_dir())
        self._left = MAX_INFLATED

    def read(self, name: str, at_most: int) -> bytes:
        """One file. Raises `Unreadable` when there is none, when it is damaged, or when it inflates beyond `at_most` bytes."""
        if name not in self.names:
            raise Unreadable(f"there is no file {name} in the package")
        limit = min(at_most, self._left)
        try:
            with self._zip.open(name) as file:
                content = file.read(limit + 1)
        except Exception as error:  # zlib, struct and zipfile each have errors of their own for damaged files
            raise Unreadable(f"{name} is damaged") from error
        if len(content) > limit:
            raise Unreadable(f"{name} is larger than {limit // 1024} KiB")
        self._left -= len(content)
        return content


def _refuse_harmful(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_FILES:
        raise Unreadable(f"The package has more than {MAX_FILES} files.")
    if sum(entry.file_size for entry in entries) > MAX_INFLATED:
        raise Unreadable(f"The package is larger than {MAX_INFLATED // 1024 // 1024} MiB when it is unpacked.")
    if len({entry.filename for entry in entries}) != len(entries):
        raise Unreadable("The package names a file twice.")
    for entry in entries:
        if _leads_out(entry.filename):
            raise Unreadable("The package has a file whose name leads out of it.")
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
            raise Unreadable("The package is encrypted, or packed by a method that is not read.")


def _leads_out(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")
