"""The in-process copy of the active question bank, and of question versions, which never change once read."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from assay.db.models import QuestionVersion
from assay.db.unit_of_work import UnitOfWork
from assay.domain.bundle import BankQuestion
from assay.domain.questions import QuestionContent
from assay.domain.release import ReleasePolicy
from assay.domain.tracks import QuestionMix, TrackStatus
from assay.kit.model import Value
from assay.observability import metrics


class BankTrack(Value):
    """A track that can be started, with all questions it may ask."""

    id: UUID
    slug: str
    name: str
    version: int
    expiry_days: int
    question_mix: QuestionMix
    release_policy: ReleasePolicy = ReleasePolicy()
    questions: tuple[BankQuestion, ...]


class QuestionBank:
    """One per process. `version` is the bank's number at the time of reading; the start statement refuses an outdated one."""

    def __init__(self) -> None:
        self.version = 0
        self.tracks: dict[UUID, BankTrack] = {}
        self._contents: dict[UUID, QuestionContent] = {}

    async def refresh(self, uow: UnitOfWork) -> None:
        """Read the bank as it is now."""
        metrics.looked_up("question_bank", 0, 1)
        version = await uow.questions.bank_version()
        by_track: dict[UUID, list[BankQuestion]] = defaultdict(list)
        for row in await uow.questions.active_bank():
            content = self._contents.get(row.version_id) or QuestionContent.model_validate(row.content)
            self._contents[row.version_id] = content
            by_track[row.track_id].append(
                BankQuestion(
                    question_id=row.question_id,
                    version_id=row.version_id,
                    type=content.type,
                    difficulty=row.difficulty,
                    content=content,
                )
            )
        self.tracks = {
            track.id: BankTrack(
                id=track.id,
                slug=track.slug,
                name=track.name,
                version=track.version,
                expiry_days=track.expiry_days,
                question_mix=QuestionMix.model_validate(track.question_mix),
                release_policy=ReleasePolicy.model_validate(track.release_policy),
                questions=tuple(by_track[track.id]),
            )
            for track in await uow.tracks.list([TrackStatus.ACTIVE])
        }
        self.version = version

    async def contents(self, uow: UnitOfWork, version_ids: Iterable[UUID]) -> dict[UUID, QuestionContent]:
        """Question contents by version id, each read at most once per process.

        A version that can no longer be read (written under rules that have since changed) is absent from the answer.
        """
        wanted = list(version_ids)
        missing = [version for version in wanted if version not in self._contents]
        metrics.looked_up("question_versions", len(wanted) - len(missing), len(missing))
        if missing:
            for row in await uow.questions.versions(missing):
                if (content := _readable(row)) is not None:
                    self._contents[row.id] = content
        return {version: self._contents[version] for version in wanted if version in self._contents}


def _readable(row: QuestionVersion) -> QuestionContent | None:
    try:
        return QuestionContent.model_validate(row.content)
    except ValueError:
        return None
