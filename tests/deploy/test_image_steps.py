"""The image without an engine: the Dockerfile's own install and start commands, carried out in a clean tree.

No container engine runs where these tests do. What they show is that the listed files suffice, that what is installed is what is locked,
that each process starts, answers its health check and ends when told, and that none writes into its own tree. What they cannot show is the
base image, the user and the read-only file system as an engine would enforce them.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from outside import PROJECT, run, tool, uv

from assay.embedded.ports import pick_free
from assay.settings import Settings

DOCKERFILE: Final = PROJECT / "Dockerfile"
COMPOSE: Final = PROJECT / "compose.yaml"
SCHEMA: Final = "check-jsonschema==0.39.0"
_PATHS: Final = ("/opt/venv", "/app")


def instructions() -> list[tuple[str, str]]:
    """Name and argument of each, continued lines joined."""
    text = re.sub(r"(?m)^#.*\n", "", DOCKERFILE.read_text(encoding="utf-8")).replace("\\\n", " ")
    found = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [(name, rest) for name, rest in found]


def stage(number: int) -> list[tuple[str, str]]:
    """The instructions of one stage."""
    stages: list[list[tuple[str, str]]] = []
    for name, rest in instructions():
        if name == "FROM":
            stages.append([])
        stages[-1].append((name, rest))
    return stages[number]


def words(name: str) -> list[str]:
    """The words of the last instruction of that name in the image, as JSON has them."""
    rest = next(rest for each, rest in reversed(stage(1)) if each == name)
    found: list[str] = json.loads(rest[rest.index("[") :])
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """`/app` and `/opt/venv` as the build stage makes them, under a folder of our own; byte code is left out to be quick."""
    root = tmp_path / "image"
    app = root / "app"
    app.mkdir(parents=True)
    for name, rest in stage(0):
        if name == "COPY":
            *sources, target = shlex.split(rest)
            for source in sources:
                into = app / (target if target != "./" else source)
                into.parent.mkdir(parents=True, exist_ok=True)
                copy = shutil.copytree if (PROJECT / source).is_dir() else shutil.copy2
                copy(PROJECT / source, into, **({"dirs_exist_ok": True} if copy is shutil.copytree else {}))  # type: ignore[operator]
        elif name == "RUN":
            _carry_out(rest, root)
    _bring_byte_code(root / "opt" / "venv")
    return root


def _bring_byte_code(environment: Path) -> None:
    """The image compiles all it installs; here what has been compiled for the tests will do, as far as it is of the same files."""
    own, theirs = (each / "lib" / "python3.12" / "site-packages" for each in (PROJECT / ".venv", environment))
    for compiled in own.rglob("__pycache__/*.pyc"):
        into = theirs / compiled.relative_to(own)
        if into.parent.parent.is_dir():
            into.parent.mkdir(exist_ok=True)
            shutil.copy2(compiled, into)


def _carry_out(command: str, root: Path) -> None:
    command = re.sub(r"pip install --no-cache-dir uv==\S+ && uv venv", f"uv venv --python {_python()}", command)
    for path in _PATHS:
        command = re.sub(rf"(?<![\w/]){path}\b", f"{root}{path}", command)
    command = re.sub(r"(?<![\w/-])uv (?=venv|pip)", f"{uv()} ", command)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV", "COV"))}
    done = subprocess.run(["/bin/sh", "-c", command], cwd=root / "app", env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _python() -> str:
    return str(PROJECT / ".venv" / "bin" / "python") if (PROJECT / ".venv").is_dir() else "3.12"


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    """What compose.yaml gives, on the servers of this test."""
    keys = {
        name: ",".join(f"{key}={value.get_secret_value()}" for key, value in getattr(settings, name).items())
        for name in ("encryption_keys", "jwt_keys")
    }
    return {
        "ASSAY_PUBLIC_URL": "http://127.0.0.1:8000",
        "ASSAY_SECURE_COOKIES": "false",
        "ASSAY_ENCRYPTION_KEYS": keys["encryption_keys"],
        "ASSAY_JWT_KEYS": keys["jwt_keys"],
        "ASSAY_BLIND_INDEX_KEY": settings.blind_index_key.get_secret_value(),
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "ASSAY_QUEUE_NAMESPACE": "image",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def files(root: Path) -> dict[Path, int]:
    """Every file with the time of its last change."""
    return {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


@contextmanager
def started(
    tree: Path, command: list[str], check: list[str], port: str, environment: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], list[str]]]:
    """A process as the image starts it, on loopback and another port than `port`, with the command that tells whether it is healthy."""
    path, own = f"{tree}/opt/venv/bin", str(pick_free())
    process = subprocess.Popen(
        [f"{path}/{words('ENTRYPOINT')[0]}", *(word.replace("0.0.0.0", "127.0.0.1").replace(port, own) for word in command)],
        cwd=tree / "app",
        env={"PATH": f"{path}:/usr/bin:/bin", "ASSAY_SHUTDOWN_NOTICE_SECONDS": "0.1", "ASSAY_METRICS_PORT": own, **environment},
    )
    try:
        yield process, [word.replace(port, own) for word in check]
    finally:
        process.kill()
        process.wait()


def nothing_but_what_is_locked(tree: Path) -> None:
    """No version but those of requirements.lock, and nothing that only developers need."""
    locked = dict(re.findall(r"(?m)^([a-z0-9._-]+)==(\S+)", (PROJECT / "requirements.lock").read_text(encoding="utf-8")))
    told = subprocess.run([uv(), "pip", "freeze", "--python", f"{tree}/opt/venv/bin/python"], capture_output=True, text=True, check=True)
    found = dict(line.split("==") for line in told.stdout.splitlines() if "==" in line)
    assert found.items() <= locked.items()
    assert not {"pytest", "mypy", "playwright", "chromadb"} & set(found)


def until_healthy(tree: Path, check: list[str], seconds: float = 90.0) -> None:
    """Ask as the engine does, until it is content."""
    end = time.monotonic() + seconds
    while subprocess.run([f"{tree}/opt/venv/bin/{check[0]}", *check[1:]], capture_output=True, check=False).returncode != 0:
        assert time.monotonic() < end, "never healthy"
        time.sleep(0.2)


@pytest.mark.timeout(300)
def test_the_image_brings_a_database_up_and_serves(tree: Path, environment: dict[str, str]) -> None:
    """Locked versions alone; `migrate`, then API, worker and sweeper by their commands: healthy, ended by SIGTERM, the tree untouched."""
    nothing_but_what_is_locked(tree)
    before = files(tree)
    migrate = [f"{tree}/opt/venv/bin/assay", "migrate"]
    subprocess.run(migrate, cwd=tree / "app", env={"PATH": "/usr/bin:/bin", **environment}, check=True)
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    wanted = [(words("CMD"), words("HEALTHCHECK"), "8000")]
    wanted += [(services[name]["command"], services[name]["healthcheck"]["test"][1:], "9100") for name in ("worker", "sweeper")]
    with ExitStack() as stack:
        running = [stack.enter_context(started(tree, *each, environment)) for each in wanted]
        for _, check in running:
            until_healthy(tree, check)
        time.sleep(1.0)  # a port of metrics answers a moment before signals are heard
        for process, _ in running:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(15) in {0, -signal.SIGTERM} for process, _ in running] == [True, True, True]
    assert files(tree) == before


def test_the_image_is_not_run_by_root_and_keeps_no_secret() -> None:
    """A numbered user, after everything that needs another; no key or password among its variables."""
    last = stage(1)
    assert next(rest for name, rest in reversed(last) if name == "USER").isdigit()
    assert not re.search(r"KEY|PASSWORD|SECRET|TOKEN", " ".join(rest for name, rest in last if name in {"ENV", "ARG"}))


def test_services_are_confined() -> None:
    """Of this product's: a read-only file system, no capability, no new privileges, a health check, something that reaps."""
    services: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    for name in ("api", "worker", "sweeper", "prepare"):
        told = services[name]
        assert told["read_only"] is True, name
        assert told["init"] is True, name
        assert told["cap_drop"] == ["ALL"], name
        assert told["security_opt"] == ["no-new-privileges:true"], name
    assert {name for name, told in services.items() if "profiles" in told} == {"chroma", "prometheus", "blackbox", "grafana", "collector"}
    assert all(re.search(r":[^:]*\d", told["image"]) or told["image"] == "assay:local" for told in services.values())


def test_compose_gives_settings_there_are() -> None:
    """A variable that is misspelt would be ignored without a word."""
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    assert set(services["api"]["environment"]) <= variables()


def variables() -> set[str]:
    """Every variable that is read as a setting."""
    found = set()
    for name, field in Settings.model_fields.items():
        choices = getattr(field.validation_alias, "choices", ())
        found |= {f"ASSAY_{name.upper()}", *map(str, choices)}
    return found


def test_hadolint_is_content() -> None:
    """The Dockerfile, by the rules of its linter."""
    run(PROJECT / ".venv" / "bin" / "hadolint" if (PROJECT / ".venv" / "bin" / "hadolint").exists() else "hadolint", DOCKERFILE)


def test_compose_and_workflows_fit_their_schemas() -> None:
    """The compose specification's, and GitHub's."""
    tool(SCHEMA, "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)
    workflows = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
    tool(SCHEMA, "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
