"""Single sign-on with OpenID providers (authorization code with PKCE), their access tokens, and their word that a session is over."""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import structlog

from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.actors import Actor
from assay.domain.errors import Fault, NotFound, ProviderError, Unauthenticated, Unavailable
from assay.domain.identity_providers import IdentityProvider, OpenIdClient, claimed
from assay.kit.clock import Clock
from assay.kit.kept import Kept
from assay.security.jwks import PublishedKeys
from assay.security.jws import unverified_issuer
from assay.security.tokens import new_secret
from assay.services import external_accounts
from assay.services.identity import Identity

log = structlog.get_logger(__name__)

ON_THE_WAY: Final = timedelta(minutes=10)
"""How long somebody may take to sign in at the provider."""
BELIEVED_SECONDS: Final = 60.0
"""An access token of others is checked in full again after so long."""
BELIEVED_AT_MOST: Final = 10_000
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_DISCOVERED_SECONDS: Final = 3_600.0
_RETRY_SECONDS: Final = 5.0


class Departure(NamedTuple):
    """Where a browser goes to sign in, and what it has to bring back."""

    url: str
    note: str


class _Believed(NamedTuple):
    actor: Actor
    issued_at: datetime
    until: float


class _Provider:
    """A provider with what it publishes of itself."""

    def __init__(self, key: str, described: IdentityProvider, client: OpenIdClient, now: Callable[[], float]) -> None:
        self.key = key
        self.described = described
        self.client = client
        self._document = Kept(self._discover, seconds=_DISCOVERED_SECONDS, now=now)
        self.keys = PublishedKeys(self._published, now=now)

    async def endpoint(self, name: str) -> str | None:
        """An address of its discovery document (OpenID Connect Discovery, 3)."""
        found = (await self._document.get()).get(name)
        return found if isinstance(found, str) else None

    async def _discover(self) -> dict[str, Any]:
        found = await self.client.document(f"{self.described.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.described.issuer:
            raise ProviderError(Fault.MISCONFIGURED, "says that it is another issuer")
        return found

    async def _published(self) -> dict[str, Any]:
        return await self.client.document(await self.endpoint("jwks_uri") or "")


class SingleSignOn:
    """Sign-in at other providers. Holds what they publish; each call gets its unit of work."""

    def __init__(
        self,
        providers: Mapping[str, IdentityProvider],
        connect: Callable[[], OpenIdClient],
        identity: Identity,
        clock: Clock,
        public_url: str,
        *,
        now: Callable[[], float] = monotonic,
    ) -> None:
        """`connect` is called for each provider, at once; `now` counts seconds for what is kept."""
        self._providers = {key: _Provider(key, described, connect(), now) for key, described in providers.items()}
        self._issuers = {each.described.issuer: each for each in self._providers.values() if each.described.audience}
        self._identity = identity
        self._clock = clock
        self._public_url = public_url.rstrip("/")
        self._now = now
        self._believed: OrderedDict[str, _Believed] = OrderedDict()

    @property
    def buttons(self) -> tuple[tuple[str, str], ...]:
        """Key and name of each provider that people can sign in with."""
        return tuple((key, each.described.name) for key, each in self._providers.items() if each.described.client_id)

    async def depart(self, key: str, target: str) -> Departure:
        """Begin a sign-in that is to end at `target`, a path of ours. Raises `NotFound`, `Unavailable`."""
        provider = self._named(key)
        state, nonce, verifier = new_secret(), new_secret(), new_secret()
        endpoint = await self._asking(provider.endpoint("authorization_endpoint"))
        url = provider.client.authorization_url(
            endpoint or "",
            client_id=provider.described.client_id,
            redirect_uri=self._callback(key),
            scope=provider.described.scope,
            state=state,
            nonce=nonce,
            verifier=verifier,
        )
        note = self._identity.tokens.note(
            "sign-in", key, self._clock(), ON_THE_WAY, state=state, nonce=nonce, verifier=verifier, target=target
        )
        return Departure(url, note)

    async def arrive(self, open_uow: OpenUnitOfWork, key: str, note: str, state: str, code: str) -> tuple[Actor, str]:
        """Who comes back from the provider, and where to. Raises `Unauthenticated`, `Forbidden`, `NotFound`, `Unavailable`."""
        provider = self._named(key)
        noted = self._identity.tokens.noted("sign-in", note, self._clock())
        if noted["sub"] != key or not state or noted["state"] != state or not code:
            raise _refused("state")
        endpoint = await self._asking(provider.endpoint("token_endpoint"))
        described = provider.described
        try:
            tokens = await provider.client.exchange(
                endpoint or "",
                client_id=described.client_id,
                client_secret=described.client_secret.get_secret_value(),
                redirect_uri=self._callback(key),
                code=code,
                verifier=noted["verifier"],
            )
        except ProviderError as error:
            raise _refused(error.detail) from error
        claims = await self._verified(provider, tokens.get("id_token"), described.client_id, {"nonce": noted["nonce"]})
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != described.client_id:
            raise _refused("azp")
        return await self._enter(open_uow, provider, claims), str(noted["target"])

    def issues(self, token: str) -> bool:
        """Whether `token` claims to be of a provider whose access tokens are taken."""
        return bool(self._issuers) and unverified_issuer(token) in self._issuers

    async def bearer(self, open_uow: OpenUnitOfWork, token: str) -> Actor:
        """Whose access token of a provider this is. Raises `Unauthenticated`, `Forbidden`, `Unavailable`."""
        if (actor := self.believed(token)) is not None:
            return actor
        provider = self._issuers.get(unverified_issuer(token) or "")
        if provider is None:
            raise _refused("issuer")
        claims = await self._verified(provider, token, provider.described.audience, {})
        if "nonce" in claims:  # an ID token says who signed in at somebody's pages, and opens nothing here
            raise _refused("ID token")
        actor = await self._enter(open_uow, provider, claims)
        now = self._clock()
        lasts = min(BELIEVED_SECONDS, claims["exp"] - now.timestamp())
        self._believed[_key(token)] = _Believed(actor, now, self._now() + lasts)
        if len(self._believed) > BELIEVED_AT_MOST:
            self._believed.popitem(last=False)
        return actor

    def believed(self, token: str) -> Actor | None:
        """Whose token this is, if it was checked within the last minute and nothing has changed since."""
        found = self._believed.get(_key(token)) if self._believed else None
        if found is None or found.until <= self._now():
            return None
        return self._identity.require_current(found.actor, found.issued_at)

    async def end(self, open_uow: OpenUnitOfWork, key: str, logout_token: str) -> None:
        """A provider says that somebody's session there is over (OpenID Connect Back-Channel Logout, 2.6): so are theirs here.

        Raises `Unauthenticated` for a token that is none, `NotFound`, `Unavailable`.
        """
        provider = self._named(key)
        claims = await self._verified(provider, logout_token, provider.described.client_id, {"jti": None, "sub": None})
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict) or "nonce" in claims:
            raise _refused("event")
        async with open_uow() as uow:
            if user := await uow.external_identities.known(provider.described.issuer, claims["sub"]):
                await uow.web_sessions.end_all(user.id)
        await self._identity.learn_who_left(open_uow)

    async def farewell(self, key: str) -> str | None:
        """Where a browser signs out at the provider too (OpenID Connect RP-Initiated Logout, 2), if there is such a place."""
        provider = self._named(key)
        endpoint = await self._asking(provider.endpoint("end_session_endpoint"))
        if not endpoint:
            return None
        query = urlencode({"client_id": provider.described.client_id, "post_logout_redirect_uri": f"{self._public_url}/"})
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"

    async def _verified(self, provider: _Provider, token: Any, audience: str, essential: Mapping[str, str | None]) -> dict[str, Any]:
        wanted = {"iss": provider.described.issuer, "aud": audience, "sub": None, "exp": None, "iat": None, **essential}
        try:
            _, claims = await provider.keys.verified(token, wanted, now=int(self._clock().timestamp()))
        except ProviderError as error:
            raise _away(error) from error
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise _refused("token") from error
        return claims

    async def _enter(self, open_uow: OpenUnitOfWork, provider: _Provider, claims: Mapping[str, Any]) -> Actor:
        try:
            who = claimed(provider.described, claims)
        except ValueError as error:
            raise _refused("claims") from error
        async with open_uow() as uow:
            return await external_accounts.arrive(uow, provider.described, who, self._clock)

    async def _asking(self, answer: Awaitable[str | None]) -> str | None:
        try:
            return await answer
        except ProviderError as error:
            raise _away(error) from error

    def _named(self, key: str) -> _Provider:
        provider = self._providers.get(key)
        if provider is None or not provider.described.client_id:
            raise NotFound("There is no such way to sign in.")
        return provider

    def _callback(self, key: str) -> str:
        return f"{self._public_url}/sign-in/{key}/callback"


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _refused(why: str) -> Unauthenticated:
    log.warning("single_sign_on_refused", why=why)
    return Unauthenticated("The sign-in was not completed, or has expired. Sign in again.", code="sign_in_refused")


def _away(error: ProviderError) -> Unavailable:
    log.warning("single_sign_on_away", why=error.detail)
    return Unavailable("The sign-in service does not answer at the moment. Try again in a few seconds.", retry_after=_RETRY_SECONDS)
