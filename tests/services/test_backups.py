"""A database dumped, wiped and restored: the same to the byte, fit for its keys alone, and without the people who were erased since."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from uuid import UUID

import applications
import httpx2
import pytest
import servers
from invariants import broken
from journeys import Student

from assay.db.archives import Archive
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction
from assay.domain.backups import erased_people
from assay.domain.errors import Conflict, Invalid, NotFound
from assay.embedded import postgres
from assay.kit.ids import new_id
from assay.runtime import Runtime, open_runtime
from assay.security.encryption import new_key
from assay.services import audit, backups, erasure, people
from assay.services.people import Reasoned
from assay.settings import Settings

type Elsewhere = Callable[..., AbstractAsyncContextManager[Runtime]]

pytestmark = pytest.mark.usefixtures("drainer")


def archive_of(runtime: Runtime) -> Archive:
    """Its database, and the programs of the wheel."""
    return Archive(runtime.engine, runtime.settings.async_database_url, (postgres.binaries(),))


async def backed_up(runtime: Runtime, file: Path) -> backups.BackedUp:
    """A backup of it."""
    return await backups.back_up(archive_of(runtime), runtime.open_uow, runtime.clock, file)


@pytest.fixture
def elsewhere(shared: servers.Servers, settings: Settings) -> Iterator[Elsewhere]:
    """Opens runtimes with other settings on an empty database of this test."""
    name = f"restored_{new_id().hex}"
    url = shared.empty_database(name)

    @asynccontextmanager
    async def opened(**changes: object) -> AsyncIterator[Runtime]:
        async with open_runtime(Settings.model_validate({**dict(settings), "database_url": url, **changes})) as runtime:
            yield runtime

    yield opened
    shared.drop_database(name)


async def bodies(runtime: Runtime, actor: Actor, assessments: list[str]) -> list[bytes]:
    """What the API answers to whoever asks for their results, to the byte; and the list of them."""
    headers = {"Authorization": f"Bearer {runtime.identity.tokens.access(actor, runtime.clock())}"}
    async with (
        applications.on(runtime) as app,
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://assay.test") as client,
    ):
        paths = ["/assessments", *(f"/assessments/{each}/result" for each in assessments)]
        answers = [await client.get(f"/api/v1{path}", headers=headers) for path in paths]
    assert [answer.status_code for answer in answers] == [200] * len(paths), answers[0].text
    return [answer.content for answer in answers]


async def test_dump_wipe_restore(
    runtime: Runtime, student: Student, student_actor: Actor, track_id: UUID, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    """Every invariant holds, the audit chain too, each table is what it was, and every result is the same to the byte."""
    finished = [(await student.finished(track_id))[0]["assessmentId"] for _ in range(2)]
    before = await bodies(runtime, student_actor, finished)
    file = tmp_path / "assay.dump"
    made = await backed_up(runtime, file)
    assert made.manifest.tables["assessments"].rows == 2
    assert (file.stat().st_mode & 0o777, backups.manifest_beside(file).stat().st_mode & 0o777) == (0o600, 0o600)
    secrets = [key.get_secret_value() for key in runtime.settings.encryption_keys.values()]
    said = backups.manifest_beside(file).read_text()
    assert not any(secret in said for secret in [*secrets, runtime.settings.blind_index_key.get_secret_value()])
    async with elsewhere() as other:
        restored = await backups.restore(archive_of(other), other.open_uow, file)
        assert (restored.complete, restored.broken, restored.erased) == (True, (), None)
        assert await broken(other.open_uow) == {}
        assert await bodies(other, student_actor, finished) == before
        async with other.open_uow(autocommit=True) as uow:
            assert (await audit.verify(uow)).holds
            ended = await uow.accounts.get(student_actor.id)
        assert ended is not None
        assert ended.sessions_ended_at is not None
        with pytest.raises(Conflict, match="is not empty"):
            await backups.restore(archive_of(other), other.open_uow, file)


async def test_who_was_erased_since_is_erased_again(
    runtime: Runtime, student: Student, student_actor: Actor, track_id: UUID, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    """By a list from the audit log or from the log; who came later or is held is told, and nothing is erased twice."""
    await student.finished(track_id)
    async with runtime.open_uow() as uow:
        held = await uow.accounts.by_email("student2@assay.example")
        assert held is not None
        await people.hold(uow, None, held.id, Reasoned(reason="A complaint is pending"))
    file = tmp_path / "assay.dump"
    await backed_up(runtime, file)
    await erasure.erase(runtime.open_uow, None, student_actor.id, Reasoned(reason="Asked by letter"))
    later = new_id()
    said = [
        json.dumps({"action": "person:erase", "targetId": str(student_actor.id)}),
        json.dumps({"event": "person_erased", "person_id": str(student_actor.id), "rows": 40}),
        json.dumps({"event": "person_erased", "person_id": str(later)}),
        json.dumps({"event": "person_erased", "person_id": str(held.id)}),
        json.dumps({"action": "person:find", "targetId": str(held.id)}),
        "",
    ]
    async with elsewhere() as other:
        restored = await backups.restore(archive_of(other), other.open_uow, file, erased_people(said))
        assert restored.erased is not None
        assert (restored.erased.erased, restored.erased.unknown, restored.erased.already) == ((student_actor.id,), 1, 0)
        assert [(each.person_id, "legal hold" in each.why) for each in restored.erased.refused] == [(held.id, True)]
        assert (restored.complete, restored.broken) == (False, ())
        async with other.open_uow(autocommit=True) as uow:
            assert (await uow.personal.trail(student_actor.id)).assessments == []


async def test_what_cannot_come_out_whole_is_refused(runtime: Runtime, elsewhere: Elsewhere, tmp_path: Path) -> None:
    """Before anything is written: other keys, a damaged file, a missing manifest, a schema from the future, a name that is taken."""
    file = tmp_path / "assay.dump"
    await backed_up(runtime, file)
    with pytest.raises(Conflict, match="overwrites none"):
        await backed_up(runtime, file)
    manifest = backups.manifest_beside(file)
    said, dumped = manifest.read_text(), file.read_bytes()
    async with elsewhere(encryption_keys={"other": new_key()}) as other:
        with pytest.raises(Conflict, match="the key 'test', which ASSAY_ENCRYPTION_KEYS does not have"):
            await backups.restore(archive_of(other), other.open_uow, file)
    async with elsewhere(blind_index_key=new_key()) as other:
        with pytest.raises(Conflict, match="another key than ASSAY_BLIND_INDEX_KEY"):
            await backups.restore(archive_of(other), other.open_uow, file)
    async with elsewhere() as other:
        file.write_bytes(dumped[:-9] + bytes(each ^ 1 for each in dumped[-9:]))
        with pytest.raises(Invalid, match="damaged or replaced"):
            await backups.restore(archive_of(other), other.open_uow, file)
        file.write_bytes(dumped)
        manifest.write_text(said.replace(json.loads(said)["revision"], "9999_later"))
        with pytest.raises(Conflict, match="does not know"):
            await backups.restore(archive_of(other), other.open_uow, file)
        manifest.unlink()
        with pytest.raises(NotFound, match="Bring both"):
            await backups.restore(archive_of(other), other.open_uow, file)
        assert await archive_of(other).occupants() == []


async def test_a_backup_is_noted(runtime: Runtime, tmp_path: Path) -> None:
    """In the audit trail, by which anybody can tell how old the last one is."""
    made = await backed_up(runtime, tmp_path / "assay.dump")
    async with runtime.open_uow(autocommit=True) as uow:
        newest = (await uow.audit.chain(0))[-1].entry
    assert (newest.action, newest.target_id, newest.changes["sha256"]) == (
        AuditAction.DATABASE_BACKED_UP,
        str(made.manifest.id),
        made.manifest.sha256,
    )
