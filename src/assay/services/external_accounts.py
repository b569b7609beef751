"""Accounts for people whom somebody else knows: found or made when they first come, and kept as that provider says."""

from assay.db.models import User
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Role
from assay.domain.audit import AuditAction
from assay.domain.errors import Forbidden
from assay.domain.identity_providers import Claimed, IdentityProvider
from assay.kit.clock import Clock
from assay.kit.ids import new_id
from assay.services import audit, enrolment


async def arrive(uow: UnitOfWork, provider: IdentityProvider, who: Claimed, clock: Clock) -> Actor:
    """The account of whoever comes with these claims, in the role and the cohorts they give.

    Raises `Forbidden` for an account that is closed, is known here in another role, or would leave nobody as admin.
    """
    await uow.external_identities.alone(who.issuer, who.subject)
    user = await uow.external_identities.known(who.issuer, who.subject) or await _met(uow, who)
    if not user.is_active:
        raise Forbidden("This account has been closed.", code="account_closed")
    if user.role != who.role:
        await _change_role(uow, user, who.role)
    await _keep_cohorts(uow, provider, who, user, clock)
    return Actor(id=user.id, role=who.role)


async def _met(uow: UnitOfWork, who: Claimed) -> User:
    """Somebody comes for the first time: by a verified address they may be known already, enrolled by a list."""
    user = await uow.accounts.by_email(who.email) if who.email else None
    if user is not None and user.role != who.role:
        raise Forbidden("There is an account with this address in another role. Ask an admin.", code="known_otherwise")
    made = user is None
    if user is None:
        user_id = new_id()
        email = who.email or f"{user_id}@external.invalid"  # nobody's domain (RFC 2606)
        user = User(id=user_id, email=email, name=who.name, role=who.role.value, pseudonym=new_id(), is_active=True)
        uow.accounts.add(user)
        await uow.session.flush()
    await uow.external_identities.add(user.id, who.issuer, who.subject)
    changes = {"issuer": who.issuer, "made": made, "role": who.role.value}
    await audit.record(uow, None, AuditAction.PERSON_ARRIVED, "person", user.id, changes)
    return user


async def _change_role(uow: UnitOfWork, user: User, role: Role) -> None:
    if user.role == Role.ADMIN and await uow.accounts.active_admins() == 1:
        raise Forbidden("This is the last admin. Make another one first.", code="last_admin")
    before, user.role = user.role, role.value
    await uow.session.flush()
    await audit.record(uow, None, AuditAction.PERSON_ROLE_CHANGED, "person", user.id, {"role": [before, role.value]})


async def _keep_cohorts(uow: UnitOfWork, provider: IdentityProvider, who: Claimed, user: User, clock: Clock) -> None:
    """Join the cohorts of the claims, and leave those that the provider keeps and no longer claims. Others are none of its business."""
    wanted = who.cohorts if who.role in enrolment.ENROLLED else frozenset()
    for name in sorted(frozenset(provider.cohorts.values())):
        cohort = await uow.enrolment.by_name(name)
        if name in wanted:
            await uow.accounts.join_cohort(name, user.id, clock())
        elif cohort is not None:
            await uow.enrolment.leave(cohort.id, user.id)
