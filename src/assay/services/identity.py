"""Who somebody is: sign in, keep signed in, sign out."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from assay.db.models import RefreshToken, User
from assay.db.repositories.accounts import Access
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.actors import PERMISSIONS, Actor, Permission, Role
from assay.domain.errors import Unauthenticated
from assay.kit.clock import Clock
from assay.kit.ids import new_id
from assay.kit.model import Value
from assay.security.passwords import Passwords
from assay.security.tokens import Tokens, new_secret, secret_hash

DEMO_PASSWORD: Final = "assay-demo"  # noqa: S105 - published on purpose, in the embedded runtime alone
DEMO_PEOPLE: Final = (
    ("student@assay.example", "Sam Student", Role.STUDENT),
    ("student2@assay.example", "Toni Student", Role.STUDENT),
    ("advisor@assay.example", "Ada Advisor", Role.ADVISOR),
    ("admin@assay.example", "Alex Admin", Role.ADMIN),
)
DEMO_COHORT: Final = "Demo cohort"


class TokenPair(Value):
    """What a sign-in gives. `expires_in` is in seconds."""

    access_token: str
    refresh_token: str
    token_type: str = "Bearer"  # noqa: S105 - the name of a scheme
    expires_in: int
    role: Role


class Person(Value):
    """Who I am."""

    id: UUID
    name: str
    email: str
    role: Role
    permissions: tuple[Permission, ...]


class Identity:
    """Sign-in against stored accounts. Holds what never changes; each call gets its unit of work."""

    def __init__(self, tokens: Tokens, passwords: Passwords, clock: Clock, refresh_days: int) -> None:
        self.tokens = tokens
        self._passwords = passwords
        self._clock = clock
        self._refresh_lifetime = timedelta(days=refresh_days)
        self._changed: dict[UUID, Access] = {}

    async def sign_in(self, open_uow: OpenUnitOfWork, email: str, password: str) -> TokenPair:
        """Tokens for the account with this e-mail and password. Raises `Unauthenticated` without saying which was wrong."""
        user = await self._known(open_uow, email, password)
        async with open_uow() as uow:
            return self._pair(uow, user, family_id=new_id())

    async def recognise(self, open_uow: OpenUnitOfWork, email: str, password: str) -> Actor:
        """Whose e-mail and password these are. Raises `Unauthenticated` without saying which was wrong."""
        user = await self._known(open_uow, email, password)
        return Actor(id=user.id, role=Role(user.role))

    async def _known(self, open_uow: OpenUnitOfWork, email: str, password: str) -> User:
        async with open_uow(autocommit=True) as uow:
            user = await uow.accounts.by_email(email)
        # hashing takes a fifth of a second: no transaction is held meanwhile
        fits = await self._passwords.verify(password, user.password_hash if user else None)
        if user is None or not fits or not user.is_active:
            raise Unauthenticated("E-mail or password is wrong.", code="wrong_credentials")
        return user

    async def refresh(self, open_uow: OpenUnitOfWork, refresh_token: str) -> TokenPair:
        """New tokens for a live refresh token, which is spent by this. A spent one revokes its whole chain (RFC 9700, 4.14)."""
        async with open_uow() as uow:
            spent = await uow.accounts.use_refresh_token(secret_hash(refresh_token))
            user = await uow.accounts.get(spent.user_id) if spent else None
            if spent is None or user is None or not user.is_active:
                await uow.accounts.revoke_family_of(secret_hash(refresh_token))
                pair = None
            else:
                pair = self._pair(uow, user, family_id=spent.family_id)
        if pair is None:
            raise Unauthenticated("The session has ended. Sign in again.", code="session_ended")
        return pair

    async def sign_out(self, open_uow: OpenUnitOfWork, refresh_token: str) -> None:
        """Revoke the chain of this refresh token; an unknown one changes nothing."""
        async with open_uow() as uow:
            await uow.accounts.revoke_family_of(secret_hash(refresh_token))

    def resume_token(self, assessment_id: UUID, student_id: UUID, started_at: datetime, expires_at: datetime) -> str:
        """The token that opens this assessment on another device."""
        return self.tokens.resume(assessment_id, student_id, started_at, expires_at)

    def resume(self, token: str) -> tuple[Actor, str, timedelta]:
        """Who a resume token speaks for, an access token confined to its assessment, and that token's lifetime."""
        now = self._clock()
        assessment_id, student_id, expires_at = self.tokens.resumed(token, now)
        actor = Actor(id=student_id, role=Role.STUDENT, assessment_id=assessment_id)
        lifetime = min(self.tokens.access_lifetime, max(expires_at - now, timedelta(0)))
        return actor, self.tokens.access(actor, now, lifetime), lifetime

    def authenticate(self, token: str) -> Actor:
        """Whose access token this is. Raises `Unauthenticated`, also for somebody whose sessions were ended or who has another role now."""
        return self.require_current(*self.tokens.issued(token, self._clock()))

    def require_current(self, actor: Actor, issued: datetime) -> Actor:
        """`actor` again, if what was true when their token was made still is. Raises `Unauthenticated`."""
        changed = self._changed.get(actor.id)
        if changed is None:
            return actor
        if changed.role is None:
            raise Unauthenticated("This account has been closed.", code="session_ended")
        if changed.role is not actor.role:
            raise Unauthenticated("What this account may do has changed. Sign in again.", code="session_ended")
        if changed.sessions_ended_at and issued < changed.sessions_ended_at:
            raise Unauthenticated("You have signed out everywhere. Sign in again.", code="session_ended")
        return actor

    async def learn_who_left(self, open_uow: OpenUnitOfWork) -> None:
        """Take in whose tokens say what is no longer true: they are checked without asking the database. To be called every few seconds."""
        async with open_uow(autocommit=True) as uow:
            self._changed = await uow.accounts.access_changes(self.tokens.access_lifetime)

    def _pair(self, uow: UnitOfWork, user: User, family_id: UUID) -> TokenPair:
        now = self._clock()
        secret = new_secret()
        uow.accounts.add_refresh_token(
            RefreshToken(family_id=family_id, user_id=user.id, token_hash=secret_hash(secret), expires_at=now + self._refresh_lifetime)
        )
        role = Role(user.role)
        return TokenPair(
            access_token=self.tokens.access(Actor(id=user.id, role=role), now),
            refresh_token=secret,
            expires_in=int(self.tokens.access_lifetime.total_seconds()),
            role=role,
        )


async def describe(uow: UnitOfWork, actor: Actor) -> Person:
    """The caller's own account. Raises `Unauthenticated` when it is gone."""
    user = await uow.accounts.get(actor.id)
    if user is None or not user.is_active:
        raise Unauthenticated("This account no longer exists.")
    role = Role(user.role)
    return Person(id=user.id, name=user.name, email=user.email, role=role, permissions=tuple(sorted(PERMISSIONS[role])))


async def add_account(uow: UnitOfWork, passwords: Passwords, *, email: str, name: str, role: Role, password: str) -> UUID:
    """Write a new account; its id. A taken e-mail violates the table's unique index."""
    user = User(
        id=new_id(),
        email=email,
        name=name,
        role=role,
        pseudonym=new_id(),
        password_hash=await passwords.hash(password),
    )
    uow.accounts.add(user)
    return user.id


async def ensure_demo_accounts(open_uow: OpenUnitOfWork, passwords: Passwords, clock: Clock) -> None:
    """Make the demo people and put students and advisor into one cohort. For the embedded runtime alone."""
    async with open_uow() as uow:
        for email, name, role in DEMO_PEOPLE:
            user = await uow.accounts.by_email(email)
            user_id = user.id if user else await add_account(uow, passwords, email=email, name=name, role=role, password=DEMO_PASSWORD)
            if role is not Role.ADMIN:
                await uow.session.flush()
                await uow.accounts.join_cohort(DEMO_COHORT, user_id, clock())
