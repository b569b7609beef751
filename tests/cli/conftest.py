"""What verbs need that run in this process: an installation."""

import pytest

from assay.settings import Settings


@pytest.fixture
def installed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of an installation on this test's database, and a terminal with room."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("ASSAY_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("ASSAY_REDIS_URL", settings.redis_url.get_secret_value())
    monkeypatch.setenv("ASSAY_BLIND_INDEX_KEY", settings.blind_index_key.get_secret_value())
    for name in ("encryption_keys", "jwt_keys"):
        keys = getattr(settings, name).items()
        monkeypatch.setenv(f"ASSAY_{name.upper()}", ",".join(f"{key}={value.get_secret_value()}" for key, value in keys))
