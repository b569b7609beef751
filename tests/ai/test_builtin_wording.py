"""The wording of an essay in numbers: what is counted, in which sentences, and what a text too short to tell comes to."""

from collections.abc import Sequence

import pytest
from essays import task

from assay.ai.builtin_calibration import CALIBRATION
from assay.ai.builtin_embedder import BuiltinEmbedder
from assay.ai.builtin_reading import read
from assay.ai.builtin_wording import Wording, rarity, wording


async def worded(essay: str, weights: Sequence[float] | None = None) -> Wording:
    """The wording of an answer on backups."""
    reading = await read(task("backups", essay), BuiltinEmbedder(), CALIBRATION)
    return wording(reading, [1.0] * len(reading.sentences) if weights is None else weights, CALIBRATION)


async def test_signs_are_counted_per_word() -> None:
    """Twenty words with two conditions, two denials, one joint, and one of two sentences that leans on the other."""
    found = await worded(
        "If a disk fails, the office cannot work: every order stands there alone. It never comes back unless someone copied."
    )
    assert (found.conditions, found.denials, found.joints) == pytest.approx((2 / 20, 2 / 20, 1 / 20))
    assert found.leaning == 0.5


async def test_a_time_of_day_ties_nothing_together() -> None:
    """A colon inside a number is no joint."""
    assert (await worded("At 16:20 the disk fails and at 16:40 the copy is back.")).joints == 0


async def test_contractions_deny_too() -> None:
    """The same thing said informally counts the same."""
    formal, informal = [(await worded(f"The disk {word} reach the copy.")).denials for word in ("does not", "doesn't")]
    assert formal == informal > 0


async def test_a_sentence_without_weight_is_not_heard() -> None:
    """With its weight at 0 a sentence changes nothing but what it shares with the prompt."""
    one = await worded("The copy lies elsewhere.")
    both = await worded("The copy lies elsewhere. Unless extraordinarily complicated circumstances arise, nobody objects.", (1.0, 0.0))
    assert both._replace(of_the_prompt=0) == one._replace(of_the_prompt=0)


async def test_little_text_is_as_usual() -> None:
    """One long word moves the mean length by little."""
    usual = CALIBRATION.usual_words[0]
    assert usual < (await worded("Administration.")).letters < usual + 1


def test_frequent_words_are_less_rare() -> None:
    """A word anybody uses stands above one of the trade, and what the vocabulary does not have is rarest."""
    assert rarity("people") < rarity("threshold") < rarity("qwertyuiopasdf") == 1.0
