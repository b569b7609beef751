"""Bodies of sign-in and sign-out."""

from typing import Annotated

from pydantic import EmailStr, Field

from assay.kit.model import Value
from assay.kit.text import StorableText


class Credentials(Value):
    """E-mail and password."""

    email: EmailStr
    password: Annotated[StorableText, Field(min_length=1, max_length=256)]


class RefreshRequest(Value):
    """A refresh token, which is spent by the request."""

    refresh_token: Annotated[StorableText, Field(min_length=1, max_length=200)]
