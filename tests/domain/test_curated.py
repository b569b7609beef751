"""The static recommendation: the curated order, or what is nearest to the role."""

from catalogs import candidate, track

from assay.domain.curated import curated


def test_the_curated_order_stands() -> None:
    """Published credentials come as they are listed, with falling scores and a reason; retired ones go."""
    listed = [candidate("zeta", "http"), candidate("gone", "sql", published=False), candidate("alpha", "sql")]
    ranking = curated(track(), listed, [candidate("other", "sql")])
    assert [item.candidate.slug for item in ranking.items] == ["zeta", "alpha"]
    assert [item.score for item in ranking.items] == [1.0, 0.5]
    assert {reason.code for item in ranking.items for reason in item.reasons} == {"curated"}


def test_without_a_list_the_focus_decides() -> None:
    """With nothing listed, credentials that teach what the role asks for come first, at the level it asks, ties by slug."""
    catalog = [
        candidate("pots", "pottery"),
        candidate("beta", "sql"),
        candidate("deep", "sql", level="advanced"),
        candidate("alpha", "sql"),
    ]
    assert [item.candidate.slug for item in curated(track(), [], catalog).items] == ["alpha", "beta", "deep", "pots"]
