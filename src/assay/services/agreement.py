"""How far advisors agree with the models that graded: per dimension, and that per track and per model."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from assay.db.repositories.overrides import PairCount
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.agreement import Agreement, measure
from assay.domain.rubric import Dimension
from assay.kit.model import Value
from assay.services.assessments import TrackName

type ByDimension = dict[Dimension, Agreement]


class TrackAgreement(Value):
    """Agreement on the essays of one track."""

    track: TrackName
    dimensions: ByDimension


class ModelAgreement(Value):
    """Agreement with one model of one producer."""

    producer: str
    model: str
    dimensions: ByDimension


class AgreementReport(Value):
    """Agreement over everything the caller may see, all dimensions present; then the same by track and by model."""

    dimensions: ByDimension
    tracks: tuple[TrackAgreement, ...]
    models: tuple[ModelAgreement, ...]


async def report(uow: UnitOfWork, actor: Actor) -> AgreementReport:
    """Every level that an advisor changed or confirmed against the model's: an advisor's own cohorts, for an admin all.

    Where an advisor spoke twice on the same verdict, what stands counts. A level is compared with the verdict it was said of, also
    when that has been replaced since.
    """
    pairs = await uow.overrides.pairs(actor)
    tracks, models = defaultdict[TrackName, list[PairCount]](list), defaultdict[tuple[str, str], list[PairCount]](list)
    for pair in pairs:
        tracks[TrackName(id=pair.track_id, slug=pair.track_slug, name=pair.track_name)].append(pair)
        models[pair.producer, pair.model].append(pair)
    return AgreementReport(
        dimensions=_by_dimension(pairs),
        tracks=tuple(
            TrackAgreement(track=track, dimensions=_by_dimension(tracks[track])) for track in sorted(tracks, key=lambda each: each.name)
        ),
        models=tuple(
            ModelAgreement(producer=producer, model=model, dimensions=_by_dimension(models[producer, model]))
            for producer, model in sorted(models)
        ),
    )


def _by_dimension(pairs: Sequence[PairCount]) -> ByDimension:
    return {dimension: _measure(pair for pair in pairs if pair.dimension == dimension) for dimension in Dimension}


def _measure(pairs: Iterable[PairCount]) -> Agreement:
    held = 0
    levels = Counter[tuple[int, int]]()
    for pair in pairs:
        if pair.model_level is None:
            held += pair.times
        else:
            levels[pair.advisor_level, pair.model_level] += pair.times
    return measure(levels, held)
