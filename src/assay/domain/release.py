"""Release policies: when a student sees the result. Advisors see it as soon as there is one."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import model_validator

from assay.kit.model import Moment, Value


class ReleaseWhen(StrEnum):
    """What a result waits for before the student sees it."""

    AT_ONCE = "atOnce"
    AFTER_REVIEW = "afterReview"
    """An advisor releases it."""
    ON_DATE = "onDate"
    """A day and time, unless an advisor releases it before."""


class ReleasePolicy(Value):
    """When results are shown; `on` goes with `onDate` alone."""

    when: ReleaseWhen = ReleaseWhen.AT_ONCE
    on: Moment | None = None

    @model_validator(mode="after")
    def _whole(self) -> "ReleasePolicy":
        if (self.on is not None) is not (self.when is ReleaseWhen.ON_DATE):
            msg = "onDate needs a date in `on`, the others have none"
            raise ValueError(msg)
        return self

    @property
    def stored(self) -> dict[str, Any]:
        """As a row holds it."""
        return self.model_dump(mode="json", exclude_none=True)


class Release(Value):
    """What an assessment's row says of its release: the policy it was started under, and when an advisor released it."""

    policy: ReleasePolicy = ReleasePolicy()
    released_at: datetime | None = None

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None, released_at: datetime | None) -> "Release":
        """From a row; an assessment without a policy is shown at once."""
        return cls(policy=ReleasePolicy.model_validate(stored or {}), released_at=released_at)

    def held(self, now: datetime) -> str | None:
        """What the student is told while the result is held back, in a sentence; None when it is not."""
        if self.released_at is not None:
            return None
        match self.policy.when:
            case ReleaseWhen.AFTER_REVIEW:
                return "Your result is ready, and an advisor looks at it before you see it. You need not do anything."
            case ReleaseWhen.ON_DATE if self.policy.on is not None and now < self.policy.on:
                return f"Your result is ready and will be shown from {self.policy.on:%-d %B %Y, %H:%M %Z} on. You need not do anything."
            case _:
                return None
