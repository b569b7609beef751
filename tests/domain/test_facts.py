"""Facts: each a true sentence with an id, in the order a summary tells them, and provable by construction."""

from catalogs import NAMES, candidate, essay, learner

from assay.domain.facts import TO_WORK_ON, WELL, gather
from assay.domain.fusion import Fact, FactKind, Sentence, verify
from assay.domain.ranking import rerank
from assay.domain.sources import choose_sources


def _facts(**changes: object) -> tuple[Fact, ...]:
    student = learner(essays=(essay(percent=58.333),), signals={"interest:http": 1.0}, **changes)
    found = [candidate("caching", "caching"), candidate("http", "http")]
    items = [(item, choose_sources(item.candidate.content, 1, {})) for item in rerank(student, found, NAMES).items]
    return gather(student, items, NAMES)


def test_facts_tell_standing_then_credentials_with_their_passages() -> None:
    """Kinds come in order, ids count up, a passage follows its credential and has its title as subject."""
    facts = _facts()
    kinds = [fact.kind for fact in facts]
    assert kinds[:3] == [FactKind.TRACK, FactKind.SCORE, FactKind.SCORE]
    assert kinds[-4:] == [FactKind.CREDENTIAL, FactKind.SNIPPET] * 2
    assert [fact.id for fact in facts] == [f"f{number}" for number in range(1, len(facts) + 1)]
    assert facts[-1].subject == facts[-2].subject


def test_scores_and_skills_are_said_in_their_set_words() -> None:
    """The narrators rely on these phrases."""
    texts = [fact.text for fact in _facts()]
    assert "The theory questions earned 50 percent." in texts
    assert "The essays earned 58.3 percent." in texts
    assert f"SQL {WELL}." in texts
    assert f"Caching {TO_WORK_ON}." in texts


def test_a_held_score_is_a_fact() -> None:
    """What waits for a person is told."""
    student = learner(essays=(essay(held=True, accuracy=None),))
    assert any(fact.subject == "held" for fact in gather(student, [], NAMES))


def test_each_fact_proves_itself() -> None:
    """A sentence that repeats a fact and cites it, and the credentials it names, stands."""
    facts = _facts()
    titles = {fact.subject: fact.id for fact in facts if fact.kind is FactKind.CREDENTIAL}
    sentences = [
        Sentence(text=fact.text, facts=tuple({fact.id, *(name for title, name in titles.items() if title in fact.text)})) for fact in facts
    ]
    assert verify(sentences, facts).dropped == ()
