"""Faults that admins make: the bank, the catalog and the index change under assessments that are under way."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from assay.db.models import User
from assay.domain import rules
from assay.domain.actors import Actor, Role
from assay.domain.credentials import CredentialContent
from assay.embedded.content import seeds_folder
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import replay, responses, seeding
from benchmarks import people
from benchmarks.people import Taken
from benchmarks.report import Figure
from faults.scenes import Scene, scene
from faults.tally import none
from faults.world import API, SWEEPER, WORKERS, World, until

FINISHED: Final = 8
UNDER_WAY: Final = 30
LOAD_SECONDS: Final = 16.0
MARK: Final = "REVISED-EDITION"
"""Stands in every question and credential as it was edited."""
_BOOKKEEPING: Final = frozenset({"id", "slug", "version", "isActive", "changedAt"})
_CONFLICT: Final = 409
_KEPT: Final = ("assessment_question_snapshots", "assessment_responses", "rule_scores")
"""What stands from the submission on."""
_RESULTS: Final = (*_KEPT, "essay_scores", "recommendations", "degraded_stages")
_DIGEST: Final = (
    "SELECT md5(coalesce(string_agg(row.word, ' ' ORDER BY row.word), '')) FROM (SELECT t::text AS word FROM {} t WHERE {}) row"
)
_ITEMS: Final = "recommendation_id IN (SELECT id FROM recommendations WHERE assessment_id = $1)"
_CITED: Final = """
    SELECT v.content, source ->> 'section' AS section, source ->> 'snippet' AS snippet,
           (source ->> 'start')::int AS first, (source ->> 'end')::int AS past
    FROM recommendation_items i JOIN recommendations r ON r.id = i.recommendation_id
    JOIN credential_versions v ON v.id = i.credential_version_id, jsonb_array_elements(i.sources) source
    WHERE r.assessment_id = ANY($1)
"""


async def under_way(world: World) -> list[Figure]:
    """Every question that is asked is edited, some are deleted, the catalog is published anew and the index switched, under load."""
    async with scene(world, FINISHED + UNDER_WAY, API, SWEEPER, *WORKERS, latency="uniform:2,4") as on, _admin(on) as admin:
        finished, others = on.taken[:FINISHED], on.taken[FINISHED:]
        await on.submit(*finished)
        await world.drained(60)
        rows = [await _digests(world, each, _RESULTS) for each in finished]
        read = [await on.clients.result(each) for each in finished]
        asked = [await _digests(world, each, _KEPT[:2]) for each in others]
        arriving = asyncio.create_task(on.load(others, LOAD_SECONDS))
        await until(lambda: _some_under_way(world))
        edited = await admin.edit_what_is_asked()
        deleted = await admin.delete_what_may_be()
        published = await admin.publish()
        switches = await admin.switch_the_index()
        left = await world.value("SELECT count(*) FROM async_jobs WHERE finished_at IS NULL")
        await arriving
        verdict = await on.verdict()
        of_old = sum(MARK in str(entry["body"]) for entry in await on.journal() if entry["task"] == "grade")
        late = await on.clients.prepared(1, uuid4().hex[:8])
        await on.submit(*late)
        await world.drained(60)
        of_new = sum(MARK in str(entry["body"]) for entry in await on.journal() if entry["task"] == "grade")
        return [
            Figure("questions edited, rule or rubric with them", (edited,), digits=0, at_least=10),
            Figure("questions deleted", (deleted,), digits=0, at_least=1),
            Figure("credentials published anew", (published,), digits=0, at_least=10),
            Figure("switches of the index", (switches,), digits=0, at_least=3),
            Figure("jobs under way after all of it", (left,), digits=0, at_least=1),
            none("calls about a question as it was edited later", of_old),
            Figure("such calls for who began afterwards", (of_new,), digits=0, at_least=1),
            none(
                "finished assessments of which a row has changed", _differing(rows, [await _digests(world, e, _RESULTS) for e in finished])
            ),
            none("results that read otherwise", _differing(read, [await on.clients.result(each) for each in finished])),
            none("snapshots or answers changed", _differing(asked, [await _digests(world, each, _KEPT[:2]) for each in others])),
            none("rule scores by another rule than was asked", await _otherwise_scored(on.runtime, others)),
            none("essays by another rubric than was asked", await _otherwise_graded(on.runtime, on.taken)),
            none("citations that do not stand in their version", await _not_there(world, on.taken)),
            none("results degraded by it", await on.degraded(on.taken)),
            *verdict,
        ]


async def _some_under_way(world: World) -> bool:
    return bool(await world.value("SELECT count(*) > 2 FROM async_jobs WHERE status = 'leased'"))


class _Admin:
    """Somebody who keeps bank, catalog and index, through the API where there is a route."""

    def __init__(self, on: Scene, actor: Actor) -> None:
        self._on = on
        self._actor = actor

    async def edit_what_is_asked(self) -> int:
        """Edit every question of which an assessment has a snapshot; how many."""
        edited = 0
        for question_id in await self._asked():
            status, question, tag = await self._call("GET", f"questions/{question_id}")
            changed = {name: value for name, value in question.items() if name not in _BOOKKEEPING}
            status, *_ = await self._call("PUT", f"questions/{question_id}", _edited(changed), {"If-Match": tag})
            edited += status == 200
        return edited

    async def delete_what_may_be(self) -> int:
        """Delete every question that was asked and that its tracks can do without; how many."""
        deleted = 0
        for question_id in await self._asked():
            _, _, tag = await self._call("GET", f"questions/{question_id}")
            status, *_ = await self._call("DELETE", f"questions/{question_id}", headers={"If-Match": tag})
            deleted += status == 204
        return deleted

    async def publish(self) -> int:
        """Another edition of every credential in one of the catalog's files; how many."""
        with tempfile.TemporaryDirectory(prefix="assay-seeds-") as folder:
            await asyncio.to_thread(_second_edition, Path(folder))
            return (await seeding.load(self._on.runtime.open_uow, Path(folder))).credentials

    async def switch_the_index(self) -> int:
        """Build a version of the new catalog and switch to it, back, and to it once more; how many switches."""
        _, built, _ = await self._call("POST", "index/rebuild", {})

        async def active() -> bool:
            return bool((await self._call("GET", f"index/versions/{built['id']}"))[1]["status"] == "active")

        await until(active)
        back, *_ = await self._call("POST", "index/rollback")
        again, *_ = await self._call("POST", f"index/versions/{built['id']}/activate")
        return 1 + (back == 200) + (again == 200)

    async def _asked(self) -> list[UUID]:
        return [row["id"] for row in await self._on.world.query("SELECT DISTINCT question_id AS id FROM assessment_question_snapshots")]

    async def _call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any, str]:
        """Status, document, tag. Raises `aiohttp.ClientError`, also for a refusal other than 409."""
        known = {**people.authorization(self._on.runtime, self._actor), **(headers or {})}
        url = f"{self._on.world.stack.url}/api/v1/{path}"
        async with self._on.world.session.request(method, url, headers=known, json=body) as answer:
            if answer.status != _CONFLICT:
                answer.raise_for_status()
            return answer.status, await answer.json() if answer.status != 204 else None, answer.headers.get("ETag", "")


@asynccontextmanager
async def _admin(on: Scene) -> AsyncIterator[_Admin]:
    user_id = new_id()
    async with on.runtime.open_uow() as uow:
        email = f"admin-{user_id}@benchmark.example"
        uow.accounts.add(User(id=user_id, email=email, name="admin", role=Role.ADMIN, pseudonym=new_id(), password_hash=None))
    yield _Admin(on, Actor(id=user_id, role=Role.ADMIN))


def _edited(question: dict[str, Any]) -> dict[str, Any]:
    """The question asked otherwise, and judged otherwise where that is simple."""
    question["prompt"] = f"{MARK} {question['prompt']}"
    if question["rubric"]:
        question["rubric"]["keyPoints"].append({"id": "revised", "text": f"{MARK}: the answer names what has changed.", "weight": 10})
    if (question["rule"] or {}).get("kind") == "singleChoice":
        others = [option["id"] for option in question["options"] if option["id"] != question["rule"]["correct"]]
        question["rule"]["correct"] = others[0]
    return question


def _second_edition(folder: Path) -> None:
    shutil.copytree(seeds_folder(), folder, dirs_exist_ok=True)
    catalog = folder / "credentials" / "backend.yaml"
    text = catalog.read_text(encoding="utf-8")
    catalog.write_text(text.replace("  description: >-\n    ", f"  description: >-\n    {MARK}. "), encoding="utf-8")


def _differing(before: Sequence[object], after: Sequence[object]) -> int:
    return sum(one != other for one, other in zip(before, after, strict=True))


async def _digests(world: World, taken: Taken, tables: Sequence[str]) -> list[str]:
    """A hash of an assessment's rows in each table, those of its recommendations where recommendations are asked for."""
    wanted = [(table, "assessment_id = $1") for table in tables]
    if "recommendations" in tables:
        wanted.append(("recommendation_items", _ITEMS))
    return [await world.value(_DIGEST.format(table, condition), taken.assessment_id) for table, condition in wanted]


async def _otherwise_scored(runtime: Runtime, taken: Sequence[Taken]) -> int:
    """Rule scores that the rule as asked does not give."""
    found = 0
    for each in taken:
        async with runtime.open_uow() as uow:
            contents = await responses.asked_contents(uow, runtime.bank, each.assessment_id)
            answers = await uow.responses.all(each.assessment_id)
            scores = {score.question_id: score.credit for score in await uow.scores.rule_scores(each.assessment_id)}
        found += sum(
            scores[question_id] != rules.score(content.rule, answers[question_id].answer)
            for question_id, content in contents.items()
            if content.rule is not None
        )
    return found


async def _otherwise_graded(runtime: Runtime, taken: Sequence[Taken]) -> int:
    """Assessments whose levels do not follow from the stored replies about the essays as asked."""
    replays = [await replay.replay(runtime.open_uow, runtime.bank, runtime.readers, each.assessment_id) for each in taken]
    return sum(not each.same for each in replays)


async def _not_there(world: World, taken: Sequence[Taken]) -> int:
    cited = await world.query(_CITED, [each.assessment_id for each in taken])
    if not cited:
        return 1
    return sum(row["snippet"] != _section(row["content"], row["section"])[row["first"] : row["past"]] for row in cited)


def _section(content: str, name: str) -> str:
    return CredentialContent.model_validate_json(content).sections()[name]
