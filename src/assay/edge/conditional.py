"""Conditional requests (RFC 9110, 13.1): the ETag of what is shown, and which states a caller says to have seen."""

import re
from typing import Annotated, Final

from fastapi import Depends, Header, Response

from assay.domain.preconditions import ANY, tag
from assay.kit.model import Value

_TAG: Final = re.compile(r'"([^"]*)"')


def _seen(
    if_match: Annotated[str, Header(max_length=1_000, description="The ETag of the state that is edited, as reading it gave it")] = "",
) -> frozenset[str]:
    return frozenset({ANY}) if if_match.strip() == ANY else frozenset(_TAG.findall(if_match))


type Seen = Annotated[frozenset[str], Depends(_seen)]


def tagged[State: Value](response: Response, state: State) -> State:
    """`state`, its tag in the header `ETag`."""
    response.headers["ETag"] = f'"{tag(state)}"'
    return state
