"""How the questions of the bank have worked in finished assessments, for those who keep it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from assay.db.repositories.item_statistics import NEWEST, SealedAnswer
from assay.db.repositories.questions import BankFilter
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.agreement import Agreement, measure
from assay.domain.item_statistics import ItemStatistics, Observed, analyse, urgency
from assay.domain.questions import QuestionContent, QuestionFormat, QuestionType
from assay.domain.rubric import Dimension
from assay.kit.model import Value
from assay.services import question_edits

ASSESSMENTS: Final = 10_000
"""The newest so many that asked a question are looked at, where one question is."""
TOGETHER: Final = 200_000
"""Of many questions the newest so many in all, and so fewer of each: a statement has seconds, not minutes."""
GLANCE: Final = 500
"""For a list that is opened often."""
_LEAST: Final = 100
ANSWERS: Final = 20_000
"""The newest so many answers are decrypted and counted at one look, over all questions that are looked at."""
_PIECE: Final = 500
_ROWS: Final = 200
_CHOSEN: Final = frozenset({QuestionFormat.SINGLE_CHOICE, QuestionFormat.TRUE_FALSE, QuestionFormat.MULTIPLE_CHOICE, QuestionFormat.LIKERT})


class VersionStatistics(Value):
    """A version of a question and how it has worked."""

    version: int
    statistics: ItemStatistics


class QuestionStatistics(Value):
    """A question in all its versions, the newest first."""

    question_id: UUID
    slug: str
    versions: tuple[VersionStatistics, ...]


class ListedStatistics(Value):
    """A question in its current version."""

    question_id: UUID
    slug: str
    type: QuestionType
    format: QuestionFormat
    is_active: bool
    version: int
    statistics: ItemStatistics


class StatisticsList(Value):
    """All questions in one answer: what somebody should look at first, then by slug."""

    items: tuple[ListedStatistics, ...]
    next_cursor: str | None = None


class _Counts:
    """What was read of some questions, by version."""

    def __init__(self) -> None:
        self.observed: dict[UUID, Observed] = {}
        self.chosen: dict[UUID, Counter[str]] = defaultdict(Counter)
        self.levels: dict[UUID, dict[Dimension, Counter[int | None]]] = defaultdict(lambda: defaultdict(Counter))
        self.agreement: dict[UUID, dict[Dimension, Agreement]] = {}

    def of(self, version_id: UUID, content: QuestionContent) -> ItemStatistics:
        """The statistics of one version."""
        return analyse(
            content,
            self.observed.get(version_id),
            self.chosen.get(version_id),
            self.levels.get(version_id),
            self.agreement.get(version_id),
        )


async def of_question(open_uow: OpenUnitOfWork, question_id: UUID) -> QuestionStatistics:
    """One question, version by version. Raises `NotFound`."""
    async with open_uow(autocommit=True) as uow:
        question = await question_edits.get(uow, question_id)
        history = {row.id: row for row in await uow.questions.history(question_id)}
    contents = {version_id: QuestionContent.model_validate(row.content) for version_id, row in history.items()}
    counts = await _counts(open_uow, {question_id: question})
    versions = tuple(
        VersionStatistics(version=row.version, statistics=counts.of(version_id, contents[version_id]))
        for version_id, row in history.items()
    )
    return QuestionStatistics(question_id=question_id, slug=question.slug, versions=versions)


async def of_bank(open_uow: OpenUnitOfWork, track_id: UUID | None = None) -> StatisticsList:
    """Every question, or those of one track, in the current version."""
    async with open_uow(autocommit=True) as uow:
        standing = await _bank(uow, track_id)
    contents = {version.id: QuestionContent.model_validate(version.content) for _, version, _ in standing}
    questions = {question.id: contents[version.id] for question, version, _ in standing}
    counts = await _counts(open_uow, questions)
    items = [
        ListedStatistics(
            question_id=question.id,
            slug=question.slug,
            type=contents[version.id].type,
            format=contents[version.id].format,
            is_active=question.is_active,
            version=version.version,
            statistics=counts.of(version.id, contents[version.id]),
        )
        for question, version, _ in standing
    ]
    return StatisticsList(items=tuple(sorted(items, key=lambda item: (*urgency(item.statistics), item.slug))))


async def of_versions(open_uow: OpenUnitOfWork, standing: Mapping[UUID, tuple[UUID, QuestionContent]]) -> dict[UUID, ItemStatistics]:
    """By question, how each of these versions has worked in the newest `GLANCE` assessments that asked it, without what was chosen."""
    counts = await _counts(open_uow, {question_id: content for question_id, (_, content) in standing.items()}, glance=True)
    return {question_id: counts.of(version_id, content) for question_id, (version_id, content) in standing.items()}


async def _bank(uow: UnitOfWork, track_id: UUID | None) -> list[Any]:
    found: list[Any] = []
    cursor = None
    while rows := await uow.questions.page(BankFilter(None, track_id, None), cursor, _ROWS):
        found += rows
        cursor = rows[-1].question.slug
    return found


async def _counts(open_uow: OpenUnitOfWork, questions: Mapping[UUID, QuestionContent], *, glance: bool = False) -> _Counts:
    counts = _Counts()
    essays = [question_id for question_id, content in questions.items() if content.type is QuestionType.ESSAY]
    most = max(_LEAST, min(GLANCE if glance else ASSESSMENTS, TOGETHER // max(1, len(questions))))
    async with open_uow(autocommit=True) as uow:
        counts.observed = await uow.item_statistics.observed(questions, most)
        if essays:
            await _read_essays(uow, counts, essays, most)
    if glance:
        return counts
    await _count_answers(open_uow, counts, [question_id for question_id, content in questions.items() if content.format in _CHOSEN])
    return counts


async def _read_essays(uow: UnitOfWork, counts: _Counts, questions: Collection[UUID], most: int) -> None:
    for each in await uow.item_statistics.levels(questions, most):
        counts.levels[each.version_id][Dimension(each.dimension)][each.level] += each.times
    pairs: dict[tuple[UUID, Dimension], Counter[tuple[int, int]]] = defaultdict(Counter)
    decided = Counter[tuple[UUID, Dimension]]()
    for said in await uow.item_statistics.overrides(questions, most):
        place = said.version_id, Dimension(said.dimension)
        if said.model_level is None:
            decided[place] += said.times
        else:
            pairs[place][said.advisor_level, said.model_level] += said.times
    for version_id, dimension in {*pairs, *decided}:
        agreement = measure(pairs[version_id, dimension], decided[version_id, dimension])
        counts.agreement.setdefault(version_id, {})[dimension] = agreement


async def _count_answers(open_uow: OpenUnitOfWork, counts: _Counts, questions: Sequence[UUID]) -> None:
    """Answers are encrypted by the application, so they are counted here: piece by piece, opened in a thread, forgotten at once."""
    before, left = NEWEST, ANSWERS
    while questions and left > 0:
        async with open_uow(autocommit=True) as uow:
            piece = await uow.item_statistics.answers(questions, before, min(_PIECE, left))
        if not piece:
            return
        for version_id, chosen in (await asyncio.to_thread(_chosen, piece)).items():
            counts.chosen[version_id] += chosen
        before, left = (piece[-1].assessment_id, piece[-1].question_id), left - len(piece)


def _chosen(answers: Iterable[SealedAnswer]) -> dict[UUID, Counter[str]]:
    """By version how often each option was chosen, and under the empty name how many answered."""
    found: dict[UUID, Counter[str]] = defaultdict(Counter)
    for sealed in answers:
        said = sealed.opened()
        found[sealed.version_id].update(["", *(said if isinstance(said, list) else [str(said)])])
    return found
