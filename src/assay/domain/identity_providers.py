"""Who else may say who somebody is, and what of their words counts here: roles and cohorts by a mapping that is set, never by default."""

from collections.abc import Mapping
from typing import Any, Final, Protocol, Self

from pydantic import Field, SecretStr, model_validator

from assay.domain.actors import Role
from assay.domain.errors import Forbidden
from assay.kit.model import Value

_RANK: Final = (Role.ADMIN, Role.ADVISOR, Role.STUDENT)
MAX_COHORTS: Final = 100


class IdentityProvider(Value):
    """One OpenID provider, as the settings describe it."""

    name: str = Field(min_length=1, max_length=80)
    """As the button says it."""
    issuer: str
    client_id: str = ""
    """With it people sign in to the pages there."""
    client_secret: SecretStr = SecretStr("")
    audience: str = ""
    """With it the API takes this provider's access tokens for that audience."""
    scope: str = "openid profile email"
    role_claim: str = ""
    roles: Mapping[str, Role] = {}
    """Role by value of the claim; the one that may most counts."""
    default_role: Role | None = None
    """Of whoever has none of these values; without it they are refused."""
    cohort_claim: str = ""
    cohorts: Mapping[str, str] = {}
    """Name of the cohort by value of the claim. Who loses the value leaves the cohort."""
    trust_email: bool = False
    """Take an address for verified although the provider does not say so."""

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        if not (self.client_id or self.audience):
            raise ValueError("it needs a client_id to sign in with, an audience to take tokens for, or both")
        if self.default_role is Role.ADMIN:
            raise ValueError("default_role must not be admin")
        if not (self.default_role or (self.role_claim and self.roles)):
            raise ValueError("it needs a role_claim with roles, or a default_role")
        if not self.issuer.startswith(("https://", "http://127.0.0.1", "http://localhost", "http://[::1]")):
            raise ValueError("its issuer must begin with https://")
        return self


class Claimed(Value):
    """Who somebody is by a provider's word."""

    issuer: str
    subject: str = Field(min_length=1, max_length=255)
    name: str = Field(max_length=200)
    email: str | None = Field(max_length=320)
    """None unless the provider has verified it."""
    role: Role
    cohorts: frozenset[str]


def claimed(provider: IdentityProvider, claims: Mapping[str, Any]) -> Claimed:
    """What counts of `claims`. Raises `Forbidden` when no role follows from them, `ValueError` when they are odd."""
    email = claims.get("email")
    believed = isinstance(email, str) and "@" in email and (claims.get("email_verified") is True or provider.trust_email)
    name = claims.get("name") or claims.get("preferred_username") or "Without a name"
    groups = values(claims, provider.cohort_claim)
    return Claimed(
        issuer=provider.issuer,
        subject=claims["sub"],
        name=str(name)[:200],
        email=email.strip() if believed and isinstance(email, str) else None,
        role=_role(provider, claims),
        cohorts=frozenset(cohort for value, cohort in list(provider.cohorts.items())[:MAX_COHORTS] if value in groups),
    )


def values(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """The texts in a claim: of its own name, or reached by dots (`realm_access.roles`); none where it is missing or odd."""
    found: Any = claims.get(name)
    if found is None:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    listed = found if isinstance(found, list) else [found]
    return frozenset(each for each in listed if isinstance(each, str))


def _role(provider: IdentityProvider, claims: Mapping[str, Any]) -> Role:
    held = (
        {provider.roles[value] for value in values(claims, provider.role_claim) if value in provider.roles}
        if provider.role_claim
        else set()
    )
    found = next((role for role in _RANK if role in held), provider.default_role)
    if found is None:
        raise Forbidden(f"{provider.name} knows you, but gives you no role here. Ask whoever runs this installation.", code="no_role")
    return found


class OpenIdClient(Protocol):
    """Speaks to providers. Each method raises `ProviderError`."""

    async def document(self, url: str) -> dict[str, Any]:
        """A JSON document."""

    def authorization_url(
        self, endpoint: str, *, client_id: str, redirect_uri: str, scope: str, state: str, nonce: str, verifier: str
    ) -> str:
        """Where a browser goes to sign in (authorization code with PKCE, S256)."""

    async def exchange(
        self, endpoint: str, *, client_id: str, client_secret: str, redirect_uri: str, code: str, verifier: str
    ) -> dict[str, Any]:
        """The tokens for a code."""
