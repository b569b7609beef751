"""Commands of a document, run as somebody would who works through it from top to bottom.

The convention, for everything under docs/ and README.md:

    ```sh                a fence with this mark is run
    ```sh aws            needs an account at AWS: not run (so with `needs-engine`, for what needs a container engine, and `leaves`, for what
                         would end or change the machine that the tests run on)
    # -> text            under a command: its output (both streams) has this text in it, wherever, each run of blanks as good as another
    # -> exit 1          the command ends with this code; without it with 0

All fences of a document are one shell, in order, in one empty folder: what a command leaves there, or in a variable, the next find.
Commands between two expectations stand and fall together.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

NOT_RUN: Final = frozenset({"aws", "needs-engine", "leaves"})
_FENCE: Final = re.compile(r"^(?P<dent> *)```(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=dent)```\s*$", re.MULTILINE | re.DOTALL)
_EXPECTED: Final = re.compile(r"^\s*# -> (.+?)\s*$")
_EXIT: Final = re.compile(r"exit (\d+)")
_MARK: Final = "=== step "


class Fence(NamedTuple):
    """A fence in `sh`: where its first command stands, what is said beside the language, and its lines."""

    line: int
    marks: frozenset[str]
    lines: tuple[str, ...]

    @property
    def is_run(self) -> bool:
        """Whether it can be, here."""
        return not self.marks & NOT_RUN


class Step(NamedTuple):
    """Commands with what is expected of them."""

    line: int
    script: str
    said: tuple[str, ...]
    code: int


def fences_of(document: Path) -> list[Fence]:
    """The fences in `sh` of a document, in order. Raises `ValueError` for a mark that nobody knows: it would silently be run, or not."""
    text, found = document.read_text(encoding="utf-8"), []
    for fence in _FENCE.finditer(text):
        language, *marks = fence["info"].split() or [""]
        if language != "sh":
            continue
        line = text.count("\n", 0, fence.start("body")) + 1
        if unknown := set(marks) - NOT_RUN:
            raise ValueError(f"{document.name}:{line - 1}: no fence is marked {', '.join(sorted(unknown))}")
        dent = len(fence["dent"])
        found.append(Fence(line, frozenset(marks), tuple(each[dent:] for each in fence["body"].splitlines())))
    return found


def steps_of(fence: Fence) -> Iterator[Step]:
    """Its commands, parted behind each expectation."""
    lines: list[str] = []
    said: list[str] = []
    code, begun = 0, fence.line
    for number, line in enumerate((*fence.lines, None), fence.line):
        expected = _EXPECTED.match(line) if line is not None else None
        if expected and (exits := _EXIT.fullmatch(expected[1])):
            code = int(exits[1])
        elif expected:
            said.append(expected[1])
        elif line is None or said or code:
            if any(each.strip() for each in lines):
                yield Step(begun, "\n".join(lines), tuple(said), code)
            lines, said, code, begun = [line or ""], [], 0, number
        else:
            lines.append(line)


def work_through(document: Path, folder: Path, environment: Mapping[str, str], *, seconds: float = 110.0) -> list[Step]:
    """Run every fence that can be run, in `folder`; the steps. Raises `AssertionError` naming line, output and what was missing."""
    steps = [step for fence in fences_of(document) if fence.is_run for step in steps_of(fence)]
    shell = subprocess.run(
        ["sh", "-c", _script(steps)], cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace", timeout=seconds, check=False,
    )  # fmt: skip
    outputs = _by_step(shell.stdout)
    for number, step in enumerate(steps):
        where = f"{document.name}:{step.line}\n{step.script}\n"
        assert number in outputs, f"{where}was never reached:\n{shell.stdout}"
        output, code = outputs[number]
        assert code == step.code, f"{where}ended with {code}, not {step.code}:\n{output}"
        for text in step.said:
            assert _even(text) in _even(output), f"{where}does not say {text!r}:\n{output}"
    return steps


def _script(steps: list[Step]) -> str:
    """A failure ends it, unless it is expected; then it happens in a shell of its own."""
    parts = []
    for number, step in enumerate(steps):
        parts.append(f"printf '\\n{_MARK}{number}\\n'")
        parts.append(f"(\nset -eu\n{step.script}\n)" if step.code else f"set -eu\n{step.script}\nset +eu")
        parts.append(f"printf '\\n{_MARK}{number} %s\\n' $?" if step.code else f"printf '\\n{_MARK}{number} 0\\n'")
    return "\n".join(parts) + "\n"


def _by_step(output: str) -> dict[int, tuple[str, int | None]]:
    """Output and exit code by step; no code for the one in which the shell ended."""
    found: dict[int, tuple[str, int | None]] = {}
    for number, said in re.findall(rf"^{_MARK}(\d+)\n(.*?)(?=^{_MARK}|\Z)", output, re.MULTILINE | re.DOTALL):
        ended = re.search(rf"^{_MARK}{number} (\d+)$", output, re.MULTILINE)
        found[int(number)] = (said, int(ended[1]) if ended else None)
    return found


def _even(text: str) -> str:
    return " ".join(text.split())
