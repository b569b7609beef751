"""How many jobs may be in hand: fewer when the provider says it is too much, more again as calls succeed (AIMD)."""


class Slots:
    """Additive increase, multiplicative decrease, between 1 and `most` (Chiu and Jain, 1989)."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._capacity = float(most)

    def free(self, in_hand: int) -> int:
        """How many more jobs may be claimed with `in_hand` under way."""
        return max(0, int(self._capacity) - in_hand)

    def grow(self) -> None:
        """A job went well."""
        self._capacity = min(self._most, self._capacity + 1)

    def shrink(self) -> None:
        """The provider asked for less."""
        self._capacity = max(1.0, self._capacity / 2)
