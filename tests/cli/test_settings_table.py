"""`assay settings`: values with their sources, without secrets."""

import io
from pathlib import Path

import pytest
from pydantic import ValidationError
from rich.console import Console

from assay.cli import main
from assay.cli.settings_table import MASK, settings_table, shown
from assay.settings import Settings


def test_each_setting_has_a_row_and_a_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Default, environment and laptop runtime are told apart, and every setting is listed."""
    for name in ("ASSAY_DATABASE_URL", "DATABASE_URL", "ASSAY_LEASE_SECONDS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret-word@db/x")
    monkeypatch.setenv("ASSAY_PUBLIC_URL", "http://127.0.0.1:1")
    given = {"DATABASE_URL": "postgresql://u:secret-word@db/x"}
    table = settings_table(Settings(), given, {**given, "ASSAY_PUBLIC_URL": "http://127.0.0.1:1"})
    out = io.StringIO()
    Console(file=out, width=200).print(table)
    rows = {line.split()[0]: line for line in out.getvalue().splitlines()[1:]}
    assert set(rows) == set(Settings.model_fields)
    assert "environment DATABASE_URL" in rows["database_url"]
    assert "laptop runtime ASSAY_PUBLIC_URL" in rows["public_url"]
    assert rows["lease_seconds"].endswith("default" + " " * (len(rows["lease_seconds"]) - len(rows["lease_seconds"].rstrip())))
    assert "secret-word" not in out.getvalue()


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("openai_api_key", "sk-live-1234", MASK),
        ("openai_api_key", "", "-"),
        ("database_url", "postgresql://u:p@h:5432/d?password=p", f"postgresql://u:{MASK}@h:5432/d"),
        ("database_url", "postgresql://u@h/d", "postgresql://u@h/d"),
        ("redis_url", "unix:///run/v.sock?db=1", "unix:///run/v.sock"),
        ("redis_url", "redis://:word@h:6379/0", f"redis://:{MASK}@h:6379/0"),
        ("jwt_keys", {"new": "a", "old": "b"}, f"new={MASK}, old={MASK}"),
        ("jwt_keys", {}, "-"),
        ("openai_prices", {"m": (1, 2.5, 3)}, "m=(1.0, 2.5, 3.0)"),
        ("metrics_port", None, "-"),
        ("lease_seconds", 9.0, "9.0"),
    ],
)
def test_secrets_are_masked(field: str, value: object, expected: str) -> None:
    """Of a URL, where it leads may be seen; of a key, only its id; of a secret, nothing."""
    assert shown(getattr(Settings(**{field: value}), field)) == expected


def test_the_plan_of_grading_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices as JSON, readings as a number; the pinned model has a price, and grading has ten seconds."""
    assert Settings().openai_model in Settings().openai_prices
    assert Settings().grading_budget_seconds == 10.0
    monkeypatch.setenv("ASSAY_OPENAI_PRICES", '{"other": [1, 0.1, 4]}')
    monkeypatch.setenv("ASSAY_OPENAI_SAMPLES", "3")
    monkeypatch.setenv("ASSAY_OPENAI_GRADING", "dimension")
    settings = Settings()
    assert (settings.openai_prices, settings.openai_samples, settings.openai_grading) == ({"other": (1.0, 0.1, 4.0)}, 3, "dimension")


@pytest.mark.parametrize(
    ("name", "value"), [("ASSAY_OPENAI_SAMPLES", "2"), ("ASSAY_OPENAI_SAMPLES", "many"), ("ASSAY_OPENAI_GRADING", "all")]
)
def test_a_plan_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """An even number of readings has no median of its own."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings()


def test_a_setting_that_is_refused_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """On stderr, with exit code 2 and without a traceback, whichever verb it was."""
    monkeypatch.setenv("ASSAY_RETENTION_QUEUE_DAYS", "3")
    monkeypatch.setattr("sys.argv", ["assay", "settings", "--data", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("ASSAY_RETENTION_QUEUE_DAYS is 3, but queue metadata is kept 30 days at least. Set it to 30")
