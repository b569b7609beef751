"""What a student declares besides the answers: credentials and skills brought along, languages, time."""

from typing import Annotated

from pydantic import Field

from assay.domain.learner import Learner
from assay.domain.questions import Slug
from assay.domain.suitability import WEEKS, Preferences
from assay.kit.model import Value

type Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
type Languages = Annotated[tuple[Language, ...], Field(min_length=1, max_length=10)]
type WeeklyHours = Annotated[float, Field(gt=0, le=168, strict=True, allow_inf_nan=False)]


class Learning(Value):
    """A declaration. The values it has by itself are those of somebody who has declared nothing."""

    completed: tuple[Slug, ...] = ()
    """Credentials, by slug."""
    prior_learning: tuple[Slug, ...] = ()
    """Skills that the student masters already."""
    languages: Languages = ("en",)
    hours_per_week: WeeklyHours | None = None

    @property
    def preferences(self) -> Preferences:
        """What the rerank asks for besides the learner."""
        hours = None if self.hours_per_week is None else WEEKS * self.hours_per_week
        return Preferences(languages=frozenset(self.languages), completed=frozenset(self.completed), hours=hours)

    def known_of(self, learner: Learner) -> Learner:
        """`learner` with the prior learning."""
        return learner.model_copy(update={"prior_learning": self.prior_learning})
