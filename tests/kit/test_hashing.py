"""Content addresses: equal content, equal hash."""

import json
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from assay.kit.hashing import canonical_json, content_hash, text_hash
from assay.kit.model import Value

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
)


class Sample(Value):
    """A value with a name that is spelled otherwise on the wire."""

    first_name: str
    parts: dict[str, int] = Field(default_factory=dict)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), values, max_size=5), st.randoms())
def test_the_order_of_keys_is_irrelevant(content: dict[str, Any], shuffler: random.Random) -> None:
    """The same pairs inserted in another order have the same address."""
    pairs = list(content.items())
    shuffler.shuffle(pairs)
    assert content_hash(dict(pairs)) == content_hash(content)


@given(values)
def test_canonical_json_is_json(content: Any) -> None:
    """What is hashed can be read back as the same content, whatever the characters."""
    assert json.loads(canonical_json(content)) == content


def test_the_order_of_a_list_is_content() -> None:
    """Lists are ordered, so another order is another content; so are 1 and "1", and null and nothing."""
    assert len({content_hash(each) for each in ([1, 2], [2, 1], ["1", "2"], {"a": None}, {}, [], None)}) == 7


def test_a_model_is_addressed_as_it_is_written() -> None:
    """A value and the JSON it serialises to have one address."""
    sample = Sample(first_name="é", parts={"b": 1, "a": 2})
    assert canonical_json(sample) == '{"firstName":"é","parts":{"a":2,"b":1}}'
    assert content_hash(sample) == content_hash(sample.model_dump(mode="json"))


def test_text_is_addressed_by_its_bytes() -> None:
    """SHA-256 in hexadecimal; composed and decomposed twins differ."""
    assert text_hash("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert text_hash("\u00e9") != text_hash("e\u0301")
    assert len(content_hash({})) == 64
