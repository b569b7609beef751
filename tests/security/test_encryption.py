"""Encryption at rest: only the right key in the right place gives the text back, and every other attempt ends in one named error."""

import base64
import hashlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql import asyncpg

from assay.db import types
from assay.db.types import EncryptedJson, EncryptedText, key_ring, use_key_ring
from assay.security.encryption import BOUND_TO_PLACE, BOUND_TO_ROW, ROW_TAG_BYTES, KeyRing, KeyRingError, new_key, row_tag

OLD, NEW, INDEX = (base64.b64encode(name * 8).decode() for name in (b"old.", b"new.", b"blin"))
RING = KeyRing({"new": NEW, "old": OLD}, INDEX)
DIALECT = asyncpg.dialect()
PLACE = "users.name"
KEY = UUID(int=7)
ROW = row_tag(KEY)
json_values = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner | st.none(), max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
)


@given(st.binary(max_size=300), st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.uuids().map(row_tag))
def test_what_was_encrypted_comes_back(plain: bytes, place: str, row: bytes) -> None:
    """Any bytes, bound to any place, and no longer than 42 bytes of overhead for a key id of three letters."""
    sealed = RING.encrypt(plain, place, row)
    assert RING.decrypt(sealed, place, row) == plain
    assert len(sealed) == len(plain) + 2 + 3 + 12 + 16


def test_the_plaintext_cannot_be_seen_and_never_looks_the_same() -> None:
    """A thousand ciphertexts of one text are all different and none contains it."""
    plain = b"Ada Lovelace"
    sealed = {RING.encrypt(plain, PLACE, ROW) for _ in range(1_000)}
    assert len({each[5:17] for each in sealed}) == len(sealed) == 1_000
    assert not any(plain in each for each in sealed)


@pytest.mark.parametrize("place", ["users.email", "users.nam", "users.name ", "", "USERS.NAME"])
def test_a_value_moved_elsewhere_does_not_decrypt(place: str) -> None:
    """A ciphertext copied into another column is refused."""
    with pytest.raises(KeyRingError, match="does not decrypt"):
        RING.decrypt(RING.encrypt(b"Ada", PLACE, ROW), place, ROW)


def test_every_changed_byte_is_noticed() -> None:
    """Flipping any single bit, in header, key id, nonce, text or tag, is refused by name."""
    sealed = RING.encrypt(b"Ada Lovelace", PLACE, ROW)
    for position in range(len(sealed)):
        for bit in range(8):
            damaged = bytearray(sealed)
            damaged[position] ^= 1 << bit
            with pytest.raises(KeyRingError):
                RING.decrypt(bytes(damaged), PLACE, ROW)


def test_every_truncation_is_noticed() -> None:
    """A value cut short anywhere, even to nothing, is refused by name; so is one with something added."""
    sealed = RING.encrypt(b"Ada Lovelace", PLACE, ROW)
    for length in range(len(sealed)):
        with pytest.raises(KeyRingError):
            RING.decrypt(sealed[:length], PLACE, ROW)
    with pytest.raises(KeyRingError):
        RING.decrypt(sealed + b"\x00", PLACE, ROW)


@given(st.binary(max_size=80))
def test_noise_is_refused_by_name(noise: bytes) -> None:
    """Bytes that were never a ciphertext raise the ring's own error and no other."""
    with pytest.raises(KeyRingError):
        RING.decrypt(noise, PLACE, ROW)


def test_a_wrong_key_under_the_right_name_is_refused() -> None:
    """The key's id is no proof: the tag decides."""
    with pytest.raises(KeyRingError, match="does not decrypt"):
        KeyRing({"new": new_key()}, INDEX).decrypt(RING.encrypt(b"Ada", PLACE, ROW), PLACE, ROW)


def test_the_ring_rotates() -> None:
    """Old values stay readable while the old key is in the ring, new ones carry the first key, and a removed key is named."""
    before = KeyRing({"old": OLD}, INDEX).encrypt(b"Ada", PLACE, ROW)
    after = RING.encrypt(b"Ada", PLACE, ROW)
    assert RING.decrypt(before, PLACE, ROW) == RING.decrypt(after, PLACE, ROW) == b"Ada"
    assert (before[2:5], after[2:5]) == (b"old", b"new")
    only_new = KeyRing({"new": NEW}, INDEX)
    assert only_new.decrypt(after, PLACE, ROW) == b"Ada"
    with pytest.raises(KeyRingError, match=r"users\.name was encrypted with the key 'old'"):
        only_new.decrypt(before, PLACE, ROW)


def test_an_error_tells_no_secret() -> None:
    """Neither the key nor the text is in any message or representation."""
    sealed = RING.encrypt(b"Ada Lovelace", PLACE, ROW)
    with pytest.raises(KeyRingError) as raised:
        RING.decrypt(sealed, "users.email", ROW)
    told = f"{raised.value!r} {raised.value.__cause__!r} {RING!r}"
    assert not any(secret in told for secret in (NEW, OLD, INDEX, "Ada", sealed.hex()))
    with pytest.raises(KeyRingError) as refused:
        KeyRing({"k": NEW[:-5]}, INDEX)
    assert NEW[:-5] not in str(refused.value)


@pytest.mark.parametrize(
    ("keys", "index", "message"),
    [
        ({}, INDEX, "no encryption key is set"),
        ({"k": ""}, INDEX, "0 bytes"),
        ({"k": "not base64!"}, INDEX, "not base64"),
        ({"k": "ключ"}, INDEX, "not base64"),
        ({"k": base64.b64encode(b"x" * 31).decode()}, INDEX, "31 bytes"),
        ({"k": base64.b64encode(b"x" * 33).decode()}, INDEX, "33 bytes"),
        ({"k": base64.b64encode(b"x" * 16).decode()}, INDEX, "16 bytes"),
        ({"good": NEW, "bad": "short"}, INDEX, "'bad'"),
        ({"k": NEW}, "", "blind index"),
        ({"k": NEW}, base64.b64encode(b"x" * 20).decode(), "blind index"),
        ({"": NEW}, INDEX, "id"),
        ({"k" * 300: NEW}, INDEX, "id"),
    ],
)
def test_a_malformed_key_is_refused_at_the_start(keys: dict[str, str], index: str, message: str) -> None:
    """Before anything is opened, by the id of the key and never by its value."""
    with pytest.raises(KeyRingError, match=message):
        KeyRing(keys, index)


@pytest.mark.parametrize("twin", ["ada@example.org", "ADA@Example.ORG", "  ada@example.org\n"])
def test_equal_texts_have_equal_indexes(twin: str) -> None:
    """Case and outer white space make no difference to a look-up."""
    assert RING.blind_index(twin) == RING.blind_index("ada@example.org")


def test_an_index_reveals_nothing_without_its_key() -> None:
    """It is no plain hash, differs for different texts and for another key, and does not change when data keys rotate."""
    mail = "ada@example.org"
    index = RING.blind_index(mail)
    assert index != hashlib.sha256(mail.encode()).digest()
    assert len({index, RING.blind_index("eve@example.org"), KeyRing({"new": NEW}, new_key()).blind_index(mail)}) == 3
    assert KeyRing({"other": OLD}, INDEX).blind_index(mail) == index


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ring above, installed for column types and taken out again."""
    monkeypatch.setattr(types, "_ring", None)
    use_key_ring(RING)


@pytest.mark.usefixtures("installed")
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_an_encrypted_text_column_keeps_text(text: str) -> None:
    """Bytes on the way in, the same text on the way out, nothing readable between; the text's place is its column and its row."""
    column = EncryptedText(PLACE)
    stored = column.sealed(text, KEY)
    assert stored is not None
    assert column.process_bind_param(stored, DIALECT) is stored
    assert column.process_result_value(ROW + stored, DIALECT) == column.opened(stored, KEY) == text
    for elsewhere, row in ((EncryptedText("users.email"), KEY), (column, UUID(int=8))):
        with pytest.raises(KeyRingError):
            elsewhere.opened(stored, row)
        with pytest.raises(KeyRingError):
            elsewhere.process_result_value(row_tag(row) + stored, DIALECT)


@pytest.mark.usefixtures("installed")
@given(json_values)
def test_an_encrypted_json_column_keeps_json(value: object) -> None:
    """Any JSON value comes back equal."""
    column = EncryptedJson("essay_scores.verdict")
    stored = column.sealed(value, KEY)
    assert (None if stored is None else column.opened(stored, KEY)) == value


@pytest.mark.usefixtures("installed")
def test_null_stays_null() -> None:
    """An absent value is not encrypted: a column can be asked whether there is something."""
    for column in (EncryptedText(PLACE), EncryptedJson(PLACE)):
        assert column.sealed(None, KEY) is None
        assert column.process_bind_param(None, DIALECT) is None
        assert column.process_result_value(None, DIALECT) is None


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("bare", ["Ada", b"Ada", "", [], {}])
def test_what_is_not_sealed_is_not_written(bare: object) -> None:
    """A statement that does not say which row it writes to is refused, and told how to say it."""
    with pytest.raises(KeyRingError, match=r"users\.name was to be written without its row: give it as sealed\(value, id\)"):
        EncryptedText(PLACE).process_bind_param(bare, DIALECT)


def test_rows_with_different_keys_have_different_tags() -> None:
    """Also where the parts of a key run into one another, and for text that differs in its bytes alone."""
    one, other = UUID(int=1), UUID(int=2)
    tags = [
        row_tag(one),
        row_tag(other),
        row_tag(one, other),
        row_tag(other, one),
        row_tag(one, "é"),
        row_tag(one, "e\u0301"),
        row_tag("é"),
    ]
    assert len(set(tags)) == len(tags)
    assert {len(tag) for tag in tags} == {ROW_TAG_BYTES}


def test_a_value_of_an_older_version_stays_readable_and_cannot_be_made_of_a_newer_one() -> None:
    """What is bound to its place alone is read in any row, as it always was; relabelling what is bound to a row does not unbind it."""
    older = KeyRing({"new": NEW}, INDEX, bind_rows=False)
    before, now = older.encrypt(b"Ada", PLACE, ROW), RING.encrypt(b"Ada", PLACE, ROW)
    assert (before[0], now[0]) == (BOUND_TO_PLACE, BOUND_TO_ROW)
    assert RING.decrypt(before, PLACE, ROW) == RING.decrypt(before, PLACE, row_tag(UUID(int=8))) == b"Ada"
    assert older.decrypt(now, PLACE, ROW) == b"Ada", "whoever writes the older format reads the newer one all the same"
    for relabelled, row in ((bytes([BOUND_TO_PLACE]) + now[1:], ROW), (bytes([BOUND_TO_ROW]) + before[1:], ROW)):
        with pytest.raises(KeyRingError, match="does not decrypt"):
            RING.decrypt(relabelled, PLACE, row)


def test_a_key_proves_itself() -> None:
    """The same name with another key proves nothing, nor does a proof under another name; look-ups likewise, under any of their keys."""
    proof = RING.proof()
    assert RING.proves("new", proof)
    assert not RING.proves("old", proof)
    assert not KeyRing({"new": OLD}, INDEX).proves("new", proof)
    assert not KeyRing({"old": NEW}, INDEX).proves("new", proof)
    assert not RING.proves("new", proof[:-1])
    assert RING.proves_index(KeyRing({"k": OLD}, f"{INDEX},{NEW}").index_proof())
    assert KeyRing({"k": OLD}, f"{NEW}, {INDEX}").proves_index(RING.index_proof())
    assert not KeyRing({"k": OLD}, NEW).proves_index(RING.index_proof())


def test_two_keys_for_look_ups_give_two_indexes() -> None:
    """The first is written; both are looked for."""
    both = KeyRing({"new": NEW}, f"{NEW},{INDEX}")
    mail = "ada@example.org"
    assert both.blind_index(mail) == KeyRing({"new": NEW}, NEW).blind_index(mail)
    assert both.blind_indexes(mail) == [both.blind_index(mail), RING.blind_index(mail)]


def test_without_a_ring_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without keys cannot write personal data in clear by accident."""
    monkeypatch.setattr(types, "_ring", None)
    with pytest.raises(KeyRingError, match="no key ring"):
        key_ring()
    with pytest.raises(KeyRingError, match="no key ring"):
        EncryptedText(PLACE).sealed("Ada", KEY)
