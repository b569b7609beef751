"""The question bank at the API of those who keep it."""

import asyncio
from typing import Any
from uuid import UUID

from journeys import Student

from assay.domain.actors import Actor
from assay.embedded import content
from assay.runtime import Runtime
from assay.services import seeding

CHOICE = {
    "slug": "which-status-for-created",
    "type": "theoretical",
    "format": "singleChoice",
    "prompt": "Which status says that something new was made?",
    "skills": ["http"],
    "options": [{"id": "a", "text": "200"}, {"id": "b", "text": "201"}],
    "rule": {"kind": "singleChoice", "correct": "b"},
    "tracks": ["backend-engineer"],
}


async def _bank(admin: Student, track_id: UUID, kind: str, **filters: str) -> list[dict[str, Any]]:
    answer = await admin.request("GET", "/questions", params={"track": str(track_id), "type": kind, "limit": "200", **filters})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def _read(admin: Student, question: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    answer = await admin.request("GET", f"/questions/{question['id']}")
    return answer.json(), {"If-Match": answer.headers["ETag"]}


def _write(question: dict[str, Any], **changes: Any) -> dict[str, Any]:
    told = {name: value for name, value in question.items() if name not in {"id", "slug", "version", "isActive", "changedAt"}}
    return told | changes


async def test_a_question_is_made_edited_and_remembered(admin: Student, runtime: Runtime) -> None:
    """Another content is another version, another difficulty is not; every version can be read, and every change has an entry."""
    made = await admin.request("POST", "/questions", json=CHOICE)
    assert made.status_code == 201, made.text
    question, path = made.json(), f"/questions/{made.json()['id']}"
    assert (question["version"], question["isActive"], question["rule"]["correct"]) == (1, True, "b")
    harder = await admin.request("PUT", path, json=_write(question, difficulty=3), headers={"If-Match": made.headers["ETag"]})
    assert (harder.status_code, harder.json()["version"], harder.json()["difficulty"]) == (200, 1, 3)
    prompt = "Which status code says that something new was made?"
    edited = await admin.request("PUT", path, json=_write(harder.json(), prompt=prompt), headers={"If-Match": harder.headers["ETag"]})
    assert edited.json()["version"] == 2
    history = (await admin.request("GET", f"{path}/versions")).json()["items"]
    assert [(each["version"], each["content"]["prompt"]) for each in history] == [(2, prompt), (1, CHOICE["prompt"])]
    async with runtime.open_uow(autocommit=True) as uow:
        entries = [link.entry for link in await uow.audit.chain()]
    assert [entry.action for entry in entries] == ["question:create", "question:update", "question:update"]
    assert entries[1].changes == {"/difficulty": {"before": 2, "after": 3}}
    assert entries[2].changes["/prompt"] == {"before": CHOICE["prompt"], "after": prompt}


async def test_open_assessments_keep_what_they_were_asked(admin: Student, student: Student, track_id: UUID) -> None:
    """Every question of the track is edited while an assessment is open: it asks, and is scored by, the versions it began with."""
    bundle = await student.start(track_id)
    for question in bundle["questions"]:
        read, seen = await _read(admin, question)
        answer = await admin.request("PUT", f"/questions/{read['id']}", json=_write(read, prompt=f"{read['prompt']} (new)"), headers=seen)
        assert answer.status_code == 200, answer.text
    again = await student.request("GET", f"/assessments/{bundle['assessmentId']}")
    assert {each["prompt"] for each in again.json()["questions"]} == {each["prompt"] for each in bundle["questions"]}


async def test_the_last_question_that_a_track_needs_stays(admin: Student, track_id: UUID) -> None:
    """Neither deactivated nor deleted nor taken from the track: the answer names the track and what to do. One more makes room."""
    essays = await _bank(admin, track_id, "essay")
    for question in essays[3:]:
        _, seen = await _read(admin, question)
        done = await admin.request("POST", f"/questions/{question['id']}/deactivate", headers=seen)
        assert (done.status_code, done.json()["isActive"]) == (200, False)
    last, seen = await _read(admin, essays[0])
    path = f"/questions/{last['id']}"
    refusals = [
        await admin.request("DELETE", path, headers=seen),
        await admin.request("POST", f"{path}/deactivate", headers=seen),
        await admin.request("PUT", path, json=_write(last, tracks=[]), headers=seen),
    ]
    for refused in refusals:
        assert (refused.status_code, refused.json()["code"]) == (409, "track_short_of_questions")
        assert "Backend Engineer needs 3 essay questions and has 2" in refused.json()["detail"]
        assert "Add or activate questions" in refused.json()["detail"]
    assert len(await _bank(admin, track_id, "essay", active="true")) == 3
    _, other = await _read(admin, essays[3])
    assert (await admin.request("POST", f"/questions/{essays[3]['id']}/activate", headers=other)).status_code == 200
    assert (await admin.request("DELETE", path, headers=seen)).status_code == 204
    assert (await admin.request("GET", path)).status_code == 404
    assert (await admin.request("POST", "/questions", json=_write(last, slug=last["slug"]))).json()["code"] == "slug_taken"


async def test_a_repeated_switch_is_answered_with_what_it_did(admin: Student, track_id: UUID, runtime: Runtime) -> None:
    """Under its key the second request finds the tag outdated, by its own first, and is told what that made."""
    question, seen = await _read(admin, (await _bank(admin, track_id, "essay"))[0])
    path, headers = f"/questions/{question['id']}", seen | {"Idempotency-Key": "switch-off"}
    one, two = [await admin.request("POST", f"{path}/deactivate", headers=headers) for _ in range(2)]
    assert (one.status_code, one.json()["isActive"]) == (200, False)
    assert (two.status_code, two.json(), two.headers["ETag"]) == (200, one.json(), one.headers["ETag"])
    assert (await admin.request("POST", f"{path}/deactivate", headers=seen)).status_code == 412
    assert (await admin.request("POST", f"{path}/activate", headers=headers)).json()["code"] == "idempotency_key_reused"
    async with runtime.open_uow(autocommit=True) as uow:
        assert [link.entry.action for link in await uow.audit.chain()] == ["question:deactivate"]


async def test_the_bank_is_narrowed_by_format_skill_and_words(admin: Student, track_id: UUID) -> None:
    """Each filter narrows; the words are looked for in slug and prompt, and `%` is a character like any other."""
    theory = await _bank(admin, track_id, "theoretical")
    multiple = await _bank(admin, track_id, "theoretical", format="multipleChoice")
    assert {question["slug"] for question in multiple} == {each["slug"] for each in theory if each["format"] == "multipleChoice"} != set()
    on_http = await _bank(admin, track_id, "theoretical", skill="http")
    assert {question["slug"] for question in on_http} == {each["slug"] for each in theory if "http" in each["skills"]} != set()
    assert [each["slug"] for each in await _bank(admin, track_id, "theoretical", text="IDEMPOTENT-METH")] == ["backend-idempotent-methods"]
    assert await _bank(admin, track_id, "theoretical", text="%_%") == []
    assert (await admin.request("GET", "/questions", params={"text": "a\x00"})).status_code == 422


async def test_two_cannot_take_the_last_two_at_once(admin: Student, track_id: UUID) -> None:
    """Whoever comes second sees what the first has left."""
    essays = await _bank(admin, track_id, "essay")
    for question in essays[4:]:
        _, seen = await _read(admin, question)
        await admin.request("POST", f"/questions/{question['id']}/deactivate", headers=seen)
    pairs = [(question, (await _read(admin, question))[1]) for question in essays[:4]]
    answers = await asyncio.gather(
        *(admin.request("POST", f"/questions/{question['id']}/deactivate", headers=seen) for question, seen in pairs)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert len(await _bank(admin, track_id, "essay", active="true")) == 3


async def test_what_is_wrong_is_pointed_at(admin: Student) -> None:
    """A field inside a rule, a rubric without key points' ids, skills and tracks that there are not, a type that stays."""
    wrong = await admin.request("POST", "/questions", json=CHOICE | {"rule": {"kind": "singleChoice", "correct": 7}})
    assert wrong.status_code == 422
    assert any(each["pointer"].startswith("/rule") for each in wrong.json()["errors"])
    loose = await admin.request("POST", "/questions", json=CHOICE | {"rule": {"kind": "singleChoice", "correct": "c"}})
    assert "no such option: c" in loose.text
    unknown = await admin.request("POST", "/questions", json=CHOICE | {"skills": ["witchcraft"], "tracks": ["backend-engineer", "wizard"]})
    assert [each["pointer"] for each in unknown.json()["errors"]] == ["/skills/0", "/tracks/1"]
    made = await admin.request("POST", "/questions", json=CHOICE)
    free = {"type": "profile", "format": "freeText", "prompt": "What would you like to learn?", "signals": {"kind": "textSignals"}}
    other = await admin.request("PUT", f"/questions/{made.json()['id']}", json=free, headers={"If-Match": made.headers["ETag"]})
    assert (other.status_code, other.json()["code"]) == (409, "question_type_stays")
    nul = await admin.request("POST", "/questions", json=CHOICE | {"slug": "other", "prompt": "What is this \x00 character?"})
    assert nul.status_code == 422


async def test_the_bank_is_the_admins(student: Student, advisor: Student) -> None:
    """It holds the right answers: nobody else may even read it."""
    for person in (student, advisor):
        assert (await person.request("GET", "/questions")).status_code == 403
        assert (await person.request("POST", "/questions", json=CHOICE)).status_code == 403


async def test_the_bank_is_read_page_by_page(admin: Student, track_id: UUID) -> None:
    """By slug, each once."""
    slugs, cursor = list[str](), None
    while True:
        params = {"limit": "7", "track": str(track_id), **({"cursor": cursor} if cursor else {})}
        page = (await admin.request("GET", "/questions", params=params)).json()
        slugs += [each["slug"] for each in page["items"]]
        if (cursor := page["nextCursor"]) is None:
            break
    assert slugs == sorted(set(slugs))
    assert len(slugs) == sum([len(await _bank(admin, track_id, kind)) for kind in ("theoretical", "essay", "profile")])


async def test_seeds_leave_the_institutions_own_alone(admin: Student, track_id: UUID, runtime: Runtime, student_actor: Actor) -> None:
    """What an admin has edited or deleted stays so when the shipped content is loaded again."""
    read = await admin.request("GET", f"/tracks/{track_id}")
    told = ("name", "description", "skillFocus", "questionMix", "targetLevel", "expiryDays", "fallbackCredentials", "status")
    body = {name: read.json()[name] for name in told} | {"name": "Backend Developer"}
    assert (await admin.request("PUT", f"/tracks/{track_id}", json=body, headers={"If-Match": read.headers["ETag"]})).status_code == 200
    edited, gone = (await _bank(admin, track_id, "essay"))[:2]
    question, seen = await _read(admin, edited)
    answer = await admin.request(
        "PUT", f"/questions/{edited['id']}", json=_write(question, difficulty=1, prompt="Explain it in your own words."), headers=seen
    )
    assert answer.status_code == 200
    assert (await admin.request("DELETE", f"/questions/{gone['id']}", headers=(await _read(admin, gone))[1])).status_code == 204
    report = await seeding.load(runtime.open_uow, content.seeds_folder())
    assert (report.tracks, report.questions) == (0, 0)
    assert (await admin.request("GET", f"/tracks/{track_id}")).json()["name"] == "Backend Developer"
    assert (await _read(admin, edited))[0] == answer.json()
    assert (await admin.request("GET", f"/questions/{gone['id']}")).status_code == 404
