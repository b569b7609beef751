"""The access matrix, every cell tried: each route, by each kind of caller, for an object that is there, one that is not, and no id."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx2
import pytest
import test_catalog_files_api as catalog_files
from advising import advisor_of
from hooks import with_hooks
from journeys import Student
from receivers import Receiver
from sqlalchemy import text
from test_credential_edits_api import NEW as CREDENTIAL
from test_credential_edits_api import write as record_of
from test_question_edits_api import CHOICE
from test_track_edits_api import NEW as TRACK

from assay.api.access import Access, Door, Whose, markdown, table
from assay.api.app import create_api
from assay.domain.actors import FOR_MACHINES, Actor, Permission, Role
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.settings import Settings
from assay.worker.drainer import Drainer

ROWS: Final = table(create_api())
MISSING: Final = "01900000-0000-7000-8000-000000000000"
MALFORMED: Final = "not-an-id"
NONSENSE: Final = {"nonsense": True}
NOBODY: Final = frozenset({"nobody", "expired"})
ROLE: Final = {
    "owner": Role.STUDENT,
    "other student": Role.STUDENT,
    "advisor": Role.ADVISOR,
    "other advisor": Role.ADVISOR,
    "admin": Role.ADMIN,
}
SCOPES: Final = {"wide key": FOR_MACHINES, "narrow key": frozenset({Permission.TRACK_READ})}
"""Of service accounts: everything a machine may, and next to nothing."""
NOT_THEIRS: Final = {"other student": {Whose.OWN}, "other advisor": {Whose.OWN, Whose.ADVISED}}
"""Whose objects the one caller does not reach that another of the role does."""
WHY: Final = {"reason": "Asked for by letter"}
FITTING: Final[Mapping[tuple[str, str], Any]] = {
    ("PATCH", "/assessments/{assessment_id}/responses"): {"responses": [{"questionId": MISSING, "answer": "a"}], "clientBatchId": "b"},
    ("POST", "/assessments/{assessment_id}/what-if"): {},
    ("POST", "/assessments/{assessment_id}/flags"): {"code": "degraded", "note": "Look again"},
    ("POST", "/assessments/{assessment_id}/notes"): {"body": "Ask about SQL"},
    ("POST", "/assessments/{assessment_id}/inspect"): WHY,
    ("POST", "/recommendations/{recommendation_id}/feedback"): {"relevance": 4, "fit": 4},
    ("POST", "/essay-scores/{essay_score_id}/override"): {"levels": {"clarity": 2}, "reason": "It is clear."},
    ("PUT", "/tracks/{track_id}"): {name: value for name, value in TRACK.items() if name != "slug"},
    ("PUT", "/questions/{question_id}"): {name: value for name, value in CHOICE.items() if name != "slug"},
    ("POST", "/questions/{question_id}/dry-run"): {"answer": "a"},
    ("PUT", "/credentials/{credential_id}"): record_of(CREDENTIAL),
    ("PUT", "/cohorts/{cohort_id}"): {"name": "Class of 2029"},
    ("POST", "/service-accounts/{account_id}/keys"): {"expiresInDays": 1},
    ("POST", "/people/{person_id}/erase"): WHY,
    ("PUT", "/people/{person_id}/role"): {"role": "advisor"},
    ("PUT", "/people/{person_id}/hold"): WHY,
    ("POST", "/webhooks/endpoints/{endpoint_id}/rotate"): {},
}
"""Bodies that fit, for asking about what is not there: one that does not would be told so first."""
HEADERS: Final = {"If-Match": "*", "X-Reason": WHY["reason"], "Idempotency-Key": ""}
UPLOADS: Final = {
    ("POST", "/cohorts/{cohort_id}/members/import"): ("text/csv", b"email,name,role\nn@uni.example,N,student\n"),
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Loopback may be told."""
    return with_hooks(settings)


@dataclass
class World:
    """Tokens by caller, and an id for every name in a path."""

    client: httpx2.AsyncClient
    tokens: dict[str, str]
    ids: dict[str, str]
    spare: dict[str, str]
    """Other objects of the kind, for what only one can take away."""

    async def ask(self, row: Access, caller: str, path: str, *, fitting: bool) -> httpx2.Response:
        """Call a route; with a body that fits, or one of which nothing can come."""
        token = self.tokens[caller]
        headers = {
            **({"Authorization": f"Bearer {token}"} if token else {}),
            **(HEADERS if fitting else {}),
            "Idempotency-Key": str(new_id()),
        }
        body: dict[str, Any] = {} if row.method == "GET" else {"json": FITTING.get((row.method, row.path), {}) if fitting else NONSENSE}
        if upload := UPLOADS.get((row.method, row.path)):
            headers["Content-Type"], body = upload[0], {"content": upload[1]}
        return await self.client.request(row.method, f"/api/v1{path}", headers=headers, **body)

    def path(self, row: Access, caller: str, **replaced: str) -> str:
        """The route's path with ids; what an admin has taken away a machine cannot take away again."""
        spare = self.spare if row.method == "DELETE" and caller in SCOPES else {}
        return row.path.format_map({**self.ids, **spare, **replaced})


@pytest.fixture
async def world(  # noqa: PLR0917 - fixtures
    client: httpx2.AsyncClient,
    runtime: Runtime,
    admin: Student,
    student: Student,
    other_student: Student,
    advisor: Student,
    student_actor: Actor,
    track_id: UUID,
    drainer: Drainer,
    there: Receiver,
) -> World:
    """A finished assessment of the owner's, and one of everything else there is an id for."""
    endpoint = (await admin.request("POST", "/webhooks/endpoints", json={"url": there.url})).json()
    other_endpoint = (await admin.request("POST", "/webhooks/endpoints", json={"url": there.url})).json()
    _, result = await student.finished(track_id)
    spare = (await admin.request("POST", "/cohorts", json={"name": "Spare"})).json()
    imported = (await catalog_files.send(admin, catalog_files.lines(*catalog_files.numbered(2)))).json()
    own = (await advisor.request("GET", "/advisor/cohorts")).json()["items"][0]
    machines = [
        (await admin.request("POST", "/service-accounts", json={"name": name, "scopes": sorted(scopes), "expiresInDays": 9})).json()
        for name, scopes in [*SCOPES.items(), ("spare", SCOPES["narrow key"])]
    ]
    stranger = await advisor_of(runtime, client, None)
    expired = runtime.identity.tokens.access(student_actor, runtime.clock() - timedelta(hours=2))
    tokens = {"nobody": "", "expired": expired}
    people = {"owner": student, "other student": other_student, "advisor": advisor, "other advisor": stranger, "admin": admin}
    tokens |= {name: person.headers["Authorization"].removeprefix("Bearer ") for name, person in people.items()}
    tokens |= {each["name"]: each["key"] for each in machines[:-1]}
    async with runtime.open_uow(autocommit=True) as uow:

        async def one(query: str) -> str:
            return str(await uow.session.scalar(text(query)))

        ids = {
            "assessment_id": result["assessmentId"],
            "recommendation_id": result["recommendation"]["id"],
            "essay_score_id": result["essayScores"][0]["id"],
            "cohort_id": own["id"],
            "spare": spare["id"],
            "track_id": str(track_id),
            "question_id": await one("SELECT id FROM questions WHERE is_active ORDER BY slug LIMIT 1"),
            "credential_id": await one("SELECT id FROM credential_catalog WHERE status = 'published' ORDER BY slug LIMIT 1"),
            "import_id": imported["id"],
            "version_id": await one("SELECT id FROM index_versions LIMIT 1"),
            "job_id": await one("SELECT id FROM async_jobs WHERE job_type = 'score_essay' LIMIT 1"),
            "endpoint_id": endpoint["id"],
            "delivery_id": await one("SELECT id FROM webhook_deliveries LIMIT 1"),
            "account_id": machines[-1]["id"],
            "key_id": machines[-1]["keys"][0]["id"],
            "person_id": str(student_actor.id),
        }
        classmate = await uow.accounts.by_email("student2@assay.example")
    assert classmate is not None
    return World(client, tokens, ids, {"endpoint_id": other_endpoint["id"], "person_id": str(classmate.id)})


def expected(row: Access, caller: str, there: str) -> int | None:  # noqa: PLR0911 - one line a rule
    """The status of a refusal; None when the caller is let in."""
    if row.asks is Door.OPEN:
        return None
    if caller in NOBODY:
        return 401
    whose = _of_a_key(row, SCOPES[caller]) if caller in SCOPES else row.reach[ROLE[caller]]
    if whose is Whose.NONE:
        return 403
    if there == MALFORMED:
        return 422
    if there == WITHOUT_OBJECT:
        return None
    if there == MISSING or whose in NOT_THEIRS.get(caller, set()):
        return 404
    return None


def _of_a_key(row: Access, scope: frozenset[Permission]) -> Whose:
    return row.by_key if row.asks in scope else Whose.NONE


REFUSALS: Final = frozenset({401, 403, 404})
WITHOUT_OBJECT: Final = "nothing"


async def test_every_cell(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """No surprise in any of them: what is not one's own is refused as what never was, word for word, and what is one's own is not."""
    surprises: list[str] = []
    tried: Counter[str] = Counter()
    absent: dict[tuple[str, str, str], Any] = {}
    # what takes something away comes last, then what takes a person away, and what ends everybody's tokens last of all
    for row in sorted(ROWS, key=lambda row: (row.path.endswith("-everywhere"), row.path.endswith("/erase"), row.method == "DELETE")):
        for caller, there in product(world.tokens, _objects(row)):
            wanted = expected(row, caller, there)
            path = row.path if there == WITHOUT_OBJECT else world.path(row, caller, **({row.names[-1]: there} if there else {}))
            answer = await world.ask(row, caller, path, fitting=wanted == 404)
            got = answer.status_code
            fits = got == wanted if wanted else got not in REFUSALS and got < 500
            tried[str(wanted or "let in")] += 1
            if not fits:
                surprises.append(f"{row.method} {row.path} {caller} {there or 'there'}: {got} instead of {wanted or 'being let in'}")
            if got == 404:
                body = {name: value for name, value in answer.json().items() if name != "correlationId"}
                same = absent.setdefault((row.method, row.path, caller), body)
                if same != body:
                    surprises.append(f"{row.method} {row.path} {caller}: {body} tells from {same} that there is something")
    with capsys.disabled():
        print(  # noqa: T201 - how much was tried is for people to read
            f"\naccess matrix: {tried.total()} cells tried, {len(surprises)} surprises; {dict(sorted(tried.items()))}"
        )
    assert not surprises, "\n".join(surprises)


def _objects(row: Access) -> tuple[str, ...]:
    """What to ask a route about: the object that is there (nothing said), one that is not, what is no id."""
    return ("", MISSING, MALFORMED) if row.names and row.asks is not Door.OPEN else (WITHOUT_OBJECT,)


async def test_lists_hold_nothing_of_others(world: World) -> None:
    """A list that tells of own things alone does not name the owner's assessment to anybody else."""
    row = next(each for each in ROWS if (each.method, each.path) == ("GET", "/assessments"))
    for caller, holds in {"owner": True, "other student": False, "advisor": True, "other advisor": False}.items():
        answer = await world.ask(row, caller, "/assessments", fitting=True)
        assert (world.ids["assessment_id"] in json.dumps(answer.json())) is holds, caller


def test_the_table_in_the_documentation_is_the_one_in_force() -> None:
    """`assay access` prints it."""
    written = (Path(__file__).parents[2] / "docs" / "access.md").read_text(encoding="utf-8")
    assert markdown(ROWS) in written
