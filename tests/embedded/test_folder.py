"""The data folder: secrets, socket paths, wiping."""

import stat
from pathlib import Path

import pytest

from assay.embedded import folder as folders
from assay.embedded.folder import DataFolder, keys, open_folder, wipe
from assay.embedded.problems import StartProblem
from assay.settings import Settings


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """An opened data folder."""
    return open_folder(tmp_path / "data")


def test_keys_are_private_and_stay(folder: DataFolder) -> None:
    """Secrets are readable by the owner alone, and a second start finds the same ones."""
    first = keys(folder)
    assert stat.S_IMODE(folder.secrets.stat().st_mode) == 0o600
    assert keys(folder) == first


def test_keys_are_settings_that_the_product_accepts(folder: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is generated is read by the settings as keys by key id."""
    for name, value in keys(folder).items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert set(settings.jwt_keys) == set(settings.encryption_keys) == {"k1"}
    assert settings.blind_index_key.get_secret_value()


def test_lost_keys_are_not_replaced_while_there_is_data(folder: DataFolder) -> None:
    """New keys beside old data would make it unreadable for good, so the start is refused with a way out."""
    folder.postgres.mkdir()
    with pytest.raises(StartProblem, match="down --wipe"):
        keys(folder)


def test_sockets_move_out_of_a_deep_folder(tmp_path: Path) -> None:
    """A Unix socket path has a limit; a deep data folder keeps its sockets elsewhere, always in the same place."""
    near, far = DataFolder(Path("/srv/assay")), DataFolder(tmp_path / ("x" * 120))
    assert near.sockets == Path("/srv/assay/run")
    assert len(str(far.sockets / ".s.PGSQL.5432")) < 104
    assert far.sockets == DataFolder(far.root).sockets != DataFolder(far.root / "y").sockets


def test_a_socket_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    """In a shared temporary folder somebody may have laid a trap under the name."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "run").symlink_to(tmp_path)
    with pytest.raises(StartProblem, match="somebody else"):
        open_folder(data)


def test_too_little_room_is_said_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first start on a nearly full disk ends with a sentence."""
    monkeypatch.setattr(folders, "ROOM_NEEDED", 2**63)
    with pytest.raises(StartProblem, match=r"full.*--data"):
        open_folder(tmp_path)


def test_wiping_takes_only_what_is_ours(folder: DataFolder) -> None:
    """`--wipe` on a folder that holds something else leaves that alone."""
    keys(folder)
    folder.postgres.mkdir()
    strange = folder.root / "thesis.txt"
    strange.write_text("mine")
    wipe(folder)
    assert list(folder.root.iterdir()) == [strange]
    strange.unlink()
    wipe(folder)
    assert not folder.root.exists()
