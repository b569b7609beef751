"""The runner of documents' commands, on documents of its own."""

import os
from pathlib import Path

import pytest
from fences import fences_of, steps_of, work_through


def written(folder: Path, text: str) -> Path:
    """A document that says `text`."""
    document = folder / "page.md"
    document.write_text(text)
    return document


def test_a_document_is_one_shell(tmp_path: Path) -> None:
    """Variables, files and folders go on from fence to fence; other languages and marked fences are left alone."""
    document = written(
        tmp_path,
        "# Page\n\n```sh\nNAME=world\nmkdir in; cd in\n```\n\n```python\nraise\n```\n\n"
        "1. so\n   ```sh\n   echo hello \\\n     $NAME > there\n   cat there\n   # -> hello   world\n"
        "   ls nothing\n   # -> nothing\n   # -> exit 2\n   ```\n"
        "```sh aws\nfalse\n```\n```sh\npwd\n# -> /in\n```\n",
    )
    assert [(fence.line, fence.is_run) for fence in fences_of(document)] == [(4, True), (14, True), (23, False), (26, True)]
    steps = work_through(document, tmp_path, os.environ)
    assert [(step.line, step.said, step.code) for step in steps] == [
        (4, (), 0),
        (14, ("hello   world",), 0),
        (18, ("nothing",), 2),
        (26, ("/in",), 0),
    ]
    assert (tmp_path / "in" / "there").read_text() == "hello world\n"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("echo one\n# -> two", r"page\.md:2\necho one\ndoes not say 'two':\none"),
        ("true\nfalse\ntrue", r"ended with None, not 0"),
        ("true\n# -> exit 1", r"ended with 0, not 1"),
        ("echo $UNSET_IN_PAGES", r"ended with None"),
        ("exit 0\n# -> x\necho later", r"ended with None"),
    ],
)
def test_what_does_not_come_out_is_named(tmp_path: Path, body: str, complaint: str) -> None:
    """With the document, the line and the output."""
    with pytest.raises(AssertionError, match=complaint):
        work_through(written(tmp_path, f"```sh\n{body}\n```\n"), tmp_path, os.environ)


def test_a_mark_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    """A misspelt mark must not decide whether something is run."""
    with pytest.raises(ValueError, match=r"page\.md:1: no fence is marked asw"):
        fences_of(written(tmp_path, "```sh asw\nfalse\n```\n"))


def test_expectations_part_a_fence(tmp_path: Path) -> None:
    """Several of one command belong together; comments are none."""
    (fence,) = fences_of(written(tmp_path, "```sh\n# first\none\n# -> a\n# -> b\n\ntwo\n```\n"))
    assert [(step.script.strip(), step.said) for step in steps_of(fence)] == [("# first\none", ("a", "b")), ("two", ())]
