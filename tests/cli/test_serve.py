"""`assay serve`: a start that cannot go on ends with the reason."""

import subprocess
import sys

import pytest

from assay.security.encryption import new_key


@pytest.mark.usefixtures("installed")
def test_keys_that_are_refused_are_a_sentence_and_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever starts it with another key than the database's reads why, last of all, and no traceback."""
    monkeypatch.setenv("ASSAY_ENCRYPTION_KEYS", f"test={new_key()}")
    ended = subprocess.run([sys.executable, "-m", "assay", "serve", "--port", "1"], capture_output=True, text=True, check=False)
    assert ended.returncode == 2, ended.stderr
    assert "another key 'test' than" in ended.stderr.splitlines()[-1]
    assert "keys_refused" in ended.stderr
    assert "Traceback" not in ended.stderr
