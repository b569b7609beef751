"""Lists of people: what is read, and what is said of what cannot be."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.actors import Role
from assay.domain.roster import MAX_ROWS, Entry, read


def test_rows_are_read_as_people_write_them() -> None:
    """With a mark, semicolons, columns in any order, spaces, empty lines, quotes and accents."""
    content = '\ufeffName; E-Mail ;ROLE;cohort\r\n"Zoë; Åsa";zoe@uni.example; Student ;2027\r\n\r\nBo;bo@uni.example;advisor;\r\n'.encode()
    assert read(content) == [
        Entry(2, "zoe@uni.example", "Zoë; Åsa", Role.STUDENT, "2027"),
        Entry(4, "bo@uni.example", "Bo", Role.ADVISOR, None),
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("a@uni.example,A", "has 2 cells instead of 3"),
        ("nobody,A,student", "email is no address"),
        ("a@b,A,student", "email is no address"),
        (f"{'a' * 320}@uni.example,A,student", "email is no address"),
        ("a@uni.example, ,student", "name is missing or too long"),
        ("a@uni.example,A,admin", "role is neither student nor advisor"),
        ("A@uni.example,A,student\na@UNI.example,A,student", "is in line 2 already"),
    ],
)
def test_a_bad_row_says_what_is_wrong(row: str, problem: str) -> None:
    """And the others stay good."""
    *_, bad = read(f"email,name,role\n{row}".encode())
    assert bad.problem == problem
    assert (bad.email, bad.name) == ("", "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"email,name\n",
        b"email,name,role,shoe size\n",
        b"email,email,name,role\n",
        b"\xff\xfe\x00",
        b'email,name,role\n"a',
        b"a\x00,b,c\n",
    ],
)
def test_what_is_no_such_file_is_a_sentence(content: bytes) -> None:
    """No columns, odd ones, twice the same, no text, an open quote."""
    with pytest.raises(ValueError, match=r"\.$"):
        read(content)


def test_there_is_a_limit() -> None:
    """One row more than may be is refused as a whole."""
    rows = "".join(f"p{number}@uni.example,P,student\n" for number in range(MAX_ROWS + 1))
    with pytest.raises(ValueError, match="5001 rows"):
        read(f"email,name,role\n{rows}".encode())


@given(st.binary(max_size=200))
def test_nothing_else_ever_comes_out(content: bytes) -> None:
    """Whatever the bytes: rows or a sentence."""
    with suppress(ValueError):
        assert isinstance(read(b"email,name,role\n" + content), list)
