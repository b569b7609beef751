"""Trying a question before anybody is asked it."""

from typing import Any

from journeys import ESSAY, Student
from sqlalchemy import text
from test_question_edits_api import CHOICE

from assay.runtime import Runtime


async def _try(admin: Student, answer: Any, **question: Any) -> Any:
    return await admin.request("POST", "/questions/dry-run", json={"question": CHOICE_ALONE | question, "answer": answer})


CHOICE_ALONE = {name: value for name, value in CHOICE.items() if name != "slug"}


async def test_a_rule_is_tried(admin: Student) -> None:
    """The credit is that of the real scoring, partly right answers included; what is no answer is refused by its place."""
    assert [(await _try(admin, answer)).json()["credit"] for answer in ("a", "b")] == [0.0, 1.0]
    several = {
        "format": "multipleChoice",
        "options": [{"id": name, "text": name.upper()} for name in "abcd"],
        "rule": {"kind": "multipleChoice", "correct": ["a", "b"]},
    }
    assert (await _try(admin, ["a"], **several)).json()["credit"] == 0.5
    wrong = await _try(admin, ["a", "z"], **several)
    assert (wrong.status_code, wrong.json()["errors"]) == (422, [{"pointer": "/answer", "message": "no such option"}])


async def test_signals_are_tried(admin: Student) -> None:
    """What a profile answer would say of its student."""
    answer = await _try(
        admin,
        "b",
        type="profile",
        skills=[],
        rule=None,
        signals={"kind": "optionSignals", "options": {"b": {"interest:sql": 0.8}}},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["signals"] == {"interest:sql": 0.8}


async def test_an_essay_is_tried_by_the_grader(admin: Student, runtime: Runtime) -> None:
    """An essay question of the bank: levels with evidence, the rubric's weaknesses, an entry in the trail, and nothing stored."""
    listed = (await admin.request("GET", "/questions?type=essay&limit=1")).json()["items"][0]
    path = f"/questions/{listed['id']}/dry-run"
    tried = await admin.request("POST", path, json={"answer": ESSAY})
    assert tried.status_code == 200, tried.text
    (built_in,) = tried.json()["essay"]
    assert (built_in["producer"], built_in["fault"]) == ("built-in", None)
    for dimension in built_in["verdict"]["dimensions"].values():
        assert all(ESSAY[quote["start"] : quote["end"]] == quote["text"] for quote in dimension["quotes"])
    assert tried.json()["lint"] == []
    blank = await admin.request("POST", path, json={"answer": " "})
    assert (blank.status_code, blank.json()["essay"]) == (200, [])
    async with runtime.open_uow(autocommit=True) as uow:
        assert [link.entry.action for link in await uow.audit.chain()] == ["question:try"] * 2
        assert ESSAY[:40] not in str([link.entry.changes for link in await uow.audit.chain()])
        assert await uow.session.scalar(text("SELECT (SELECT count(*) FROM model_calls) + (SELECT count(*) FROM model_replies)")) == 0
