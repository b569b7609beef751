"""Who runs in a data folder."""

import os
from pathlib import Path

import pytest

from assay.embedded import state
from assay.embedded.folder import DataFolder, open_folder
from assay.embedded.state import AlreadyRunning, Record


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """An opened data folder."""
    return open_folder(tmp_path)


def test_a_folder_has_one_supervisor(folder: DataFolder) -> None:
    """A second supervisor is told where the first one answers."""
    record = Record(url="http://127.0.0.1:8000", pid=os.getpid(), children={"API": (os.getpid(), state.start_time(os.getpid()))})
    with state.held(folder):
        state.write(folder, record)
        assert state.running(folder) == record
        with pytest.raises(AlreadyRunning) as other, state.held(folder):
            pass
        assert other.value.record == record
    assert state.running(folder) is None


def test_a_record_alone_is_not_running(folder: DataFolder) -> None:
    """A supervisor that was killed leaves its record but not its lock."""
    state.write(folder, Record(url="http://127.0.0.1:8000", pid=os.getpid()))
    assert state.running(folder) is None
    with state.held(folder):
        assert state.is_held(folder)


def test_an_unreadable_record_is_no_record(folder: DataFolder) -> None:
    """A half-written record, from before a power cut, does not keep anybody from starting."""
    folder.record.write_text('{"url": ')
    assert state.read(folder) is None
    state.end_left_over(folder)


def test_a_reused_process_id_is_left_alone(folder: DataFolder) -> None:
    """A process that merely has the id of an old child is not ended: this one lives on to say so."""
    state.write(
        folder, Record(url="", pid=1, children={"worker": (os.getpid(), state.start_time(os.getpid()) - 100), "API": (2**22 + 1, 1.0)})
    )
    state.end_left_over(folder)
    assert state.start_time(2**22 + 1) == 0.0
