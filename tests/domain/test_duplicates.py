"""Near-duplicates: what differs by a word is found, what shares only its phrases is not, however many there are."""

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.domain.duplicates import Alike, Wordings
from benchmarks import generated

TEXT = "Learners read the plans of slow statements, find the step that costs most, and say in a few words what would spare it."


def alike(texts: Iterable[tuple[str, str]], least: float = 0.8) -> list[Alike]:
    """Pairs of these texts."""
    wordings = Wordings()
    for name, text in texts:
        wordings.add(name, text)
    return wordings.alike(least)


words = st.lists(st.sampled_from(TEXT.split()), min_size=0, max_size=30).map(" ".join)


def test_a_changed_word_makes_no_other_text() -> None:
    """Case and punctuation count for nothing; another text is another text; too few words are like none."""
    near = TEXT.replace("slow", "quick").upper().replace(",", " -")
    found = alike(
        [("a", TEXT), ("b", near), ("c", TEXT + " " + TEXT.upper()), ("d", "Something else is said here, of no plan at all.")], 0.7
    )
    assert {("a", "c"), ("a", "b")} <= {pair[:2] for pair in found}
    assert found[0][:2] == ("a", "c")
    assert "d" not in {name for pair in found for name in pair[:2]}
    assert alike([("a", "two words"), ("b", "two words")]) == alike([]) == []


@settings(max_examples=50)
@given(texts=st.lists(words, max_size=6))
def test_every_pair_is_really_alike(texts: list[str]) -> None:
    """Equal texts are always found, and whatever is told shares what it says."""
    named = [(str(number), text) for number, text in enumerate(texts)]
    found = {(pair.one, pair.other): pair.share for pair in alike(named)}
    assert all(0.8 <= share <= 1 for share in found.values())
    equal = {(one, other) for one, text in named for other, same in named if one < other and text == same and len(text.split()) > 2}
    assert equal <= set(found)


def test_a_large_catalog_of_common_phrases() -> None:
    """Of a thousand credentials that share their phrases and of one copy, the copy is told."""
    skills = {name: name.title() for name in ("sql", "http", "caching", "testing", "git", "linux", "docker", "python")}
    texts = [(str(number), content.description) for number, content in enumerate(generated.credentials(1_000, skills))]
    found = alike([*texts, ("copy", texts[500][1])])
    assert ("500", "copy", 1.0) in found
