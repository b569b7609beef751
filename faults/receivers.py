"""A receiver of webhooks that can be down, and verifies what it gets with the reference library of Standard Webhooks."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from hashlib import sha256

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from assay.domain.actors import Actor, Role
from assay.embedded.ports import LOOPBACK, pick_free
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import webhooks
from assay.services.webhooks import EndpointWrite
from benchmarks.report import Figure
from faults.tally import none

KEEPER = Actor(id=new_id(), role=Role.ADMIN)


@dataclass(slots=True)
class Receiver:
    """Listens on a port of its own, unless it is down."""

    port: int = field(default_factory=pick_free)
    secret: str = ""
    received: Counter[str] = field(default_factory=Counter)
    """Message ids with how often each came."""
    bodies: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    """Message ids with the hashes of what came under each."""
    about: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Assessments with the ids of the `assessment.completed` about them."""
    forged: int = 0
    """Messages whose signature the library refuses."""
    _runner: web.AppRunner | None = None

    async def register(self, runtime: Runtime) -> None:
        """Have the product tell this receiver everything."""
        async with runtime.open_uow() as uow:
            made = await webhooks.register(uow, KEEPER, EndpointWrite(url=f"http://{LOOPBACK}:{self.port}/hook"))
        self.secret = made.secret

    async def open(self) -> None:
        """Listen, on the same port as before."""
        app = web.Application()
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self.port, reuse_address=True).start()

    async def close(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _take(self, request: web.Request) -> web.Response:
        try:
            body = await request.read()
        except ConnectionResetError:  # the sender has died meanwhile
            return web.Response(status=400)
        try:
            event = Webhook(self.secret).verify(body, dict(request.headers))
        except WebhookVerificationError:
            self.forged += 1
            return web.Response(status=400)
        message_id = request.headers["webhook-id"]
        self.received[message_id] += 1
        self.bodies[message_id].add(sha256(body).digest())
        if event["type"] == "assessment.completed":
            self.about[event["data"]["assessmentId"]].add(message_id)
        return web.Response(status=204)

    def figures(self, announced: set[str], completed: set[str]) -> list[Figure]:
        """Against the ids of all events in the database, and all assessments with a result."""
        return [
            Figure("webhook messages received", (self.received.total(),), digits=0),
            none("events never received", len(announced - self.received.keys())),
            none("messages that no event stands for", len(self.received.keys() - announced)),
            none("assessments without exactly one completed event", sum(len(self.about[each]) != 1 for each in completed)),
            none("messages whose content changed between tries", sum(len(bodies) > 1 for bodies in self.bodies.values())),
            none("signatures that do not verify", self.forged),
            Figure("messages received again", (self.received.total() - len(self.received),), digits=0),
        ]
