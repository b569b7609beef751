"""The commands of README and guides, run against one real installation, and the programs that the integrators' guide shows."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from fences import fences_of, work_through

from assay.embedded.ports import pick_free

pytestmark = pytest.mark.timeout(400)
ROOT: Final = Path(__file__).parents[2]
GUIDES: Final = ("README.md", "docs/guides/integrator.md", "docs/guides/admin.md", "docs/guides/operator.md")
"""Those that show commands."""
_TITLED: Final = re.compile(r'^```python title="(?P<name>[\w.]+)"\n(?P<body>.*?)^```$', re.MULTILINE | re.DOTALL)
_DEV: Final = """#!/bin/sh
# Stands for ./dev of a clone: the same verbs, on this test's port and in the background.
case ${{1:-}} in
    up) shift; exec {python} -m assay up --port {port} --no-browser --detach ;;
    assay) shift ;;
esac
exec {python} -m assay "$@"
"""


class Installation(NamedTuple):
    """One that runs in a folder, as somebody has it who followed the guides."""

    folder: Path
    ports: dict[str, int]
    environment: dict[str, str]

    def document(self, path: str) -> Path:
        """A guide with this installation's ports, its programs laid into the folder under the names they have there."""
        text = (ROOT / path).read_text(encoding="utf-8")
        for usual, port in self.ports.items():
            text = text.replace(f"127.0.0.1:{usual}", f"127.0.0.1:{port}").replace(f"receiver.py {usual}", f"receiver.py {port}")
        for program in _TITLED.finditer(text):
            (self.folder / program["name"]).write_text(program["body"], encoding="utf-8")
        copy = self.folder / Path(path).name
        copy.write_text(text, encoding="utf-8")
        return copy


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Started once for all guides, ended and forgotten with what they leave running."""
    folder = tmp_path_factory.mktemp("guides")
    ports = {"8000": pick_free(), "9000": pick_free()}
    programs = folder / "programs"
    programs.mkdir()
    (programs / "python3").symlink_to(sys.executable)
    (folder / "dev").write_text(_DEV.format(python=shlex.quote(sys.executable), port=ports["8000"]), encoding="utf-8")
    (folder / "dev").chmod(0o755)
    unset = {"DATABASE_URL", "REDIS_URL", "OPENAI_API_KEY", "PYTHONDONTWRITEBYTECODE"}
    inherited = {name: value for name, value in os.environ.items() if name not in unset and not name.startswith("ASSAY_")}
    environment = {
        **inherited,
        "PATH": f"{programs}:{inherited['PATH']}",
        "ASSAY_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "COLUMNS": "200",
    }
    try:
        begun = subprocess.run(["./dev", "up"], cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=200)
        assert begun.returncode == 0, begun.stdout + begun.stderr
        yield Installation(folder, ports, environment)
    finally:
        subprocess.run(["./dev", "down", "--wipe"], cwd=folder, env=environment, check=False, capture_output=True, timeout=100)
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((folder / "receiver.pid").read_text()), signal.SIGTERM)


@pytest.mark.parametrize("path", GUIDES)
def test_commands_of_the_guides_do_what_they_say(place: Installation, path: str) -> None:
    """Every fence that can be run here, in order, in one shell; what stands under a command is in its output."""
    assert work_through(place.document(path), place.folder, place.environment, seconds=300)


def test_no_guide_is_forgotten() -> None:
    """Whatever document of these has commands in fences is on the list."""
    documents = [ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
    assert {str(each.relative_to(ROOT)) for each in documents if fences_of(each)} == set(GUIDES)
