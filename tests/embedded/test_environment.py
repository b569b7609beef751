"""What the laptop runtime adds to the user's environment."""

from pathlib import Path

import pytest

from assay.embedded import environment, state
from assay.embedded.folder import DataFolder, open_folder
from assay.embedded.state import Record

URL = "http://127.0.0.1:8000"


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """An opened data folder."""
    return open_folder(tmp_path)


def test_nothing_set_means_our_own_servers(folder: DataFolder) -> None:
    """Without the user's services, both addresses lead to sockets in the data folder."""
    made = environment.compose({}, folder, URL)
    assert made["ASSAY_DATABASE_URL"] == f"postgresql://assay@/assay?host={folder.sockets}"
    assert made["ASSAY_REDIS_URL"] == f"unix://{folder.sockets}/valkey.sock?db=0"
    assert made["ASSAY_ENVIRONMENT"] == "embedded"


def test_what_the_user_has_set_stays(folder: DataFolder) -> None:
    """Real services and `ASSAY_*` win over what would be filled in."""
    given = {"DATABASE_URL": "postgresql://db/x", "ASSAY_REDIS_URL": "redis://r/1", "ASSAY_PUBLIC_URL": "https://assay.example"}
    made = environment.compose(given, folder, URL)
    assert made["ASSAY_DATABASE_URL"] == "postgresql://db/x"
    assert made["ASSAY_REDIS_URL"] == "redis://r/1"
    assert made["ASSAY_PUBLIC_URL"] == "https://assay.example"


def test_an_empty_variable_is_not_set(folder: DataFolder) -> None:
    """`DATABASE_URL=` means nothing, as in a shell."""
    assert environment.given({"DATABASE_URL": "", "ASSAY_DATABASE_URL": ""}, "DATABASE_URL") == ""
    assert "host=" in environment.compose({"DATABASE_URL": ""}, folder, URL)["ASSAY_DATABASE_URL"]


def test_other_verbs_find_the_running_one(folder: DataFolder) -> None:
    """`assay migrate` beside a running `up` works on its database, unless the user names another or nothing runs."""
    assert environment.of_running({}, folder.root) == {}
    with state.held(folder):
        state.write(folder, Record(url=URL, pid=1))
        assert environment.of_running({}, folder.root)["ASSAY_PUBLIC_URL"] == URL
        assert environment.of_running({"DATABASE_URL": "postgresql://db/x"}, folder.root) == {}
