"""Which passwords are taken: long ones that others would not try, whatever characters they have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.password_rules import LEAST, MOST, normal, objection

ABOUT = ("Robin Campus", "robin.campus@uni-example.edu")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "tulpen im regen am kanal",
        "ваш поезд уходит в полночь",
        "雨が降る夜に窓から見える遠い町の灯り",
        "kf83-xx!Q2_vv0.mm7",
        "my robin eats seventeen plums",
        "🐢🦊🐙🌵🍋🎈🧭🪁🎹🧩🛶🌋🪐🧊🎲",
    ],
)
def test_what_is_taken(password: str) -> None:
    """No rule says which characters; spaces and any script are welcome."""
    assert objection(password, ABOUT) is None


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "fourteen chars",
        "passwordpassword",
        "Password123456789",
        "PASSWORD2026 password2026!",
        "welcome to assay 2026",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabcabc",
        "123456789012345678",
        "98765432109876543210",
        "qwertyuiopasdfghjkl",
        "Robin Campus Robin Campus",
        "robincampus@uni-example.edu",
        "student university 2026",
        "x" * (MOST + 1),
    ],
)
def test_what_is_not(password: str) -> None:
    """Too short, too long, everybody's first try, one's own name, runs and repetitions; the reason never repeats the password."""
    told = objection(password, ABOUT)
    assert told
    assert not password or password not in told


@given(st.text(max_size=LEAST - 1))
def test_nothing_short_is_taken(password: str) -> None:
    """Whatever it is made of."""
    assert objection(password) is not None or len(normal(password)) >= LEAST


def test_two_keyboards_type_the_same() -> None:
    """A letter with its accent is one password, composed or not."""
    assert normal("cafe\u0301 au lait ici") == normal("caf\u00e9 au lait ici")
