"""A person and words like nobody else's, and the search for them wherever they could have stayed."""

import base64
import io
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from uuid import UUID

import pytest
import structlog

from assay.domain.bundle import BankQuestion, choose
from assay.domain.questions import QuestionFormat
from assay.domain.tracks import QuestionMix
from assay.observability.logging import configure_logging
from assay.runtime import Runtime
from assay.services import assessments

NAME, EMAIL, EXTERNAL = "Quentin Zabriskie", "zabriskie.q@uni.example", "matric-77-zulu"
PERSON = (NAME, "Zabriskie", EMAIL, EXTERNAL)
ESSAY = (
    "At Wobblethwaite I learned that an idempotent endpoint can be called again without changing the outcome. For example, my uncle "
    "Perpetuus ran a bakery whose payment service stored a key with every request. When the same key arrived twice, the service returned "
    "the stored response, so Wobblethwaite never charged a customer twice. Therefore the key, the effect and the response belong in one "
    "transaction. Perpetuus would say that a network can fail after the work is done. I would also measure how often keys repeat."
)
FREE_TEXT = "Since Kilimanjarovsky I enjoy data models, and Kilimanjarovsky taught me SQL."
COMMENT, REASON = "Fits me, says Grandmother Ottoline.", "Ottoline already has it"
WORDS = ("Wobblethwaite", "Perpetuus", "Kilimanjarovsky", "Ottoline")


def disguises(canary: str) -> set[str]:
    """The ways in which text hides in a dump: as it is, in hexadecimal, in base64 at any offset, in UTF-16, escaped."""
    raw = canary.encode()
    coded = {base64.b64encode(b"x" * shift + raw)[4:-4].decode() for shift in range(3)}
    wide = [canary.encode(each) for each in ("utf-16-le", "utf-16-be")]
    spread = {each for text in wide for each in (text.hex(), text.decode("latin-1").lower())}
    return {canary.lower(), raw.hex(), json.dumps(canary).strip('"').lower(), *spread, *coded}


def found(dump: str, canaries: tuple[str, ...]) -> set[str]:
    """The canaries that `dump` betrays."""
    lowered = dump.lower()
    return {each for each in canaries if any(disguise in dump or disguise in lowered for disguise in disguises(each))}


def ask_for_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw questions until one wants a text of the student's own, which not every bundle has."""

    def drawn(offered: Sequence[BankQuestion], mix: QuestionMix, *, seed: int) -> list[BankQuestion]:
        bundles = (choose(offered, mix, seed=seed + further) for further in count())
        return next(each for each in bundles if any(question.content.format is QuestionFormat.FREE_TEXT for question in each))

    monkeypatch.setattr(assessments, "choose", drawn)


@contextmanager
def captured_logs() -> Iterator[io.StringIO]:
    """Everything logged meanwhile, at the most talkative level."""
    root, quiet = logging.getLogger(), structlog.get_config()
    before = (list(root.handlers), root.level)
    stream = io.StringIO()
    configure_logging("json", "DEBUG", stream)
    yield stream
    root.handlers, root.level = before
    structlog.configure(**quiet)


async def rename(runtime: Runtime, user_id: UUID) -> None:
    """Give the demo student a name that is nobody else's."""
    async with runtime.open_uow() as uow:
        user = await uow.accounts.get(user_id)
        assert user is not None
        user.name, user.email, user.external_id = NAME, EMAIL, EXTERNAL
        uow.accounts.add(user)
