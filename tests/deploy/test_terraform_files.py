"""The Terraform modules, as far as that can be told without a provider: they hang together, and give the processes what they understand.

`terraform validate` needs the provider's schema and runs in the workflow. Nothing here has met AWS.
"""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

import hcl2
import pytest
from outside import PROJECT
from pydantic import ValidationError
from test_alert_rules import RUNBOOKS
from test_image_steps import instructions, variables, words

from assay.asgi import create_app
from assay.cli.verbs import app as verbs
from assay.services.gauges import Figures
from assay.settings import Settings

TERRAFORM: Final = PROJECT / "deploy" / "terraform"
FILES: Final = sorted(TERRAFORM.rglob("*.tf"))
STACK: Final = TERRAFORM / "modules" / "stack"
SAMPLES: Final = {"ASSAY_PUBLIC_URL": "https://assay.example.edu", "DATABASE_URL": "postgresql://a@db/a", "ASSAY_ENVIRONMENT": "production"}
"""Values that a process in production starts with."""
KEYS: Final = {"ASSAY_JWT_KEYS", "ASSAY_ENCRYPTION_KEYS", "ASSAY_BLIND_INDEX_KEY"}


@cache
def parsed(folder: Path) -> dict[str, Any]:
    """A module, with the quotes that the parser leaves around names and texts taken away."""
    found: dict[str, Any] = _plain(hcl2.loads((folder / "main.tf").read_text(encoding="utf-8")))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value[1:-1] if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"' else value


def named(module: dict[str, Any], kind: str) -> dict[str, Any]:
    """Its blocks of a kind by name."""
    return {name: body for each in module.get(kind, []) for name, body in each.items()}


def local(name: str) -> Any:
    """A local value of the stack, as it is written."""
    return next(each[name] for each in parsed(STACK)["locals"] if name in each)


def given() -> set[str]:
    """The variables that processes get, plain and secret, whatever else is chosen."""
    return set(
        re.findall(r"\b([A-Z][A-Z_]+)\b(?= =|\")", str(local("settings")) + str(local("made_secrets")) + str(local("given_secrets")))
    )


def test_files_are_formatted() -> None:
    """As Terraform itself would write them."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not here: its format is not checked")
    done = subprocess.run(["terraform", "fmt", "-check", "-recursive", TERRAFORM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_what_a_module_speaks_of_it_has(path: Path) -> None:
    """Variables, locals, modules and resources that are named are declared; outputs of modules are theirs."""
    module, text = parsed(path.parent), path.read_text(encoding="utf-8")
    assert set(re.findall(r"\bvar\.(\w+)", text)) == set(named(module, "variable"))
    assert set(re.findall(r"\blocal\.(\w+)", text)) <= {name for each in module.get("locals", []) for name in each}
    for name, output in re.findall(r"\bmodule\.(\w+)\.(\w+)", text):
        body = named(module, "module")[name]
        assert output in named(parsed(path.parent / body["source"]), "output"), f"module.{name}.{output}"
    resources = {(kind, name) for each in module.get("resource", []) for kind, body in each.items() for name in body}
    data = {(kind, name) for each in module.get("data", []) for kind, body in each.items() for name in body}
    assert set(re.findall(r"\bdata\.(aws_\w+)\.(\w+)", text)) == data
    assert set(re.findall(r"(?<![\w.\"])((?:aws|random)_\w+)\.(\w+)", text)) <= resources


@pytest.mark.parametrize(
    "folder", [STACK, *(TERRAFORM / "environments" / name for name in ("staging", "production"))], ids=lambda path: path.name
)
def test_modules_get_what_they_ask_for(folder: Path) -> None:
    """Every variable without a default, and none that is not theirs."""
    for name, body in named(parsed(folder), "module").items():
        asked = named(parsed(folder / body["source"]), "variable")
        handed = {key for key in body if key not in {"source", "__is_block__"}}
        assert handed <= set(asked), name
        assert {key for key, told in asked.items() if "default" not in told} <= handed, name


def test_processes_get_settings_there_are() -> None:
    """A variable that is misspelt would be ignored without a word."""
    assert given() >= {"ASSAY_PUBLIC_URL", "DATABASE_URL", "REDIS_URL", *KEYS}
    assert given() <= variables()
    optional = re.findall(r"[A-Z_]{6,}", str(named(parsed(STACK), "variable")["optional_secrets"]["validation"]))
    assert set(optional) <= variables()


def test_processes_get_all_that_production_demands(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what they get settings are fit for people; without any one of these they are not."""
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    for name, value in SAMPLES.items():
        assert name in given()
        monkeypatch.setenv(name, value)
    Settings()
    for name in SAMPLES.keys() - {"ASSAY_ENVIRONMENT"}:
        with monkeypatch.context() as patch:
            patch.delenv(name)
            with pytest.raises(ValidationError, match=name.removeprefix("ASSAY_")):
                Settings()


def test_ports_and_paths_are_those_of_the_image() -> None:
    """What the load balancer, the container and monitoring ask for is there, on the port where it is served."""
    exposed = next(rest for name, rest in instructions() if name == "EXPOSE").split()
    assert [str(local("api_port")), str(local("metrics_port"))] == exposed
    paths = {getattr(route, "path", "") for route in create_app(Settings()).routes}
    stack = named(parsed(STACK), "module")
    asked = re.search(r"local\.api_port\}(/\w+)'", str(local("healthy")))
    assert stack["load_balancer"]["health_path"] in paths
    assert asked is not None
    assert asked[1] in paths
    assert f"http://127.0.0.1:{exposed[0]}{asked[1]}" in " ".join(words("HEALTHCHECK"))


def test_commands_are_verbs() -> None:
    """Each process is one of the command line's; API, worker, sweeper and migrations are all there."""
    known = {command.name or (command.callback.__name__ if command.callback else "") for command in verbs.registered_commands}
    commands = {body["command"][0] for body in named(parsed(STACK), "module").values() if "command" in body}
    assert commands == {"serve", "worker", "sweeper", "migrate"}
    assert commands <= known


def test_alarms_read_what_the_sweeper_writes_and_name_runbooks() -> None:
    """The fields of its line in the log; runbooks by their names."""
    module = parsed(TERRAFORM / "modules" / "alarms")
    measured = next(each["measured"] for each in module["locals"] if "measured" in each)
    assert set(measured.values()) == set(Figures._fields)
    text = (TERRAFORM / "modules" / "alarms" / "main.tf").read_text(encoding="utf-8")
    assert 'event = \\"queue_measured\\"' in text
    assert set(re.findall(r"docs/runbooks/([a-z-]+)\.md", text)) <= RUNBOOKS


def test_every_exception_of_the_scanner_has_its_reason() -> None:
    """A sentence, not a number alone."""
    for path in FILES:
        for line in path.read_text(encoding="utf-8").splitlines():
            if "checkov:skip" in line:
                assert re.search(r"checkov:skip=CKV\w+:.{20,}", line), line


def test_data_rests_and_travels_encrypted() -> None:
    """Database and cache: encrypted at rest and on the way, reached by nobody from outside; production in several zones."""
    text = (TERRAFORM / "modules" / "database" / "main.tf").read_text(encoding="utf-8")
    for line in ("storage_encrypted               = true", "publicly_accessible             = false", "rds.force_ssl", "?ssl=require"):
        assert line in text
    cache = (TERRAFORM / "modules" / "cache" / "main.tf").read_text(encoding="utf-8")
    for line in ("transit_encryption_enabled = true", "at_rest_encryption_enabled = true", "rediss://", "noeviction"):
        assert line in cache
    production = named(parsed(TERRAFORM / "environments" / "production"), "module")["assay"]
    assert production["database"]["multi_az"] is True
    assert production["database"]["backup_days"] >= 30
    assert production["deletion_protection"] is True
