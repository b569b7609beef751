"""The graders as the product uses them, with the defences against what an essay may say to a grader, and without."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import uvicorn

from assay.ai.openai_client import AsyncClient, open_client
from assay.ai.openai_grader import OpenAIGrader
from assay.ai.openai_model import OpenAIModel
from assay.ai.scripted import Control, create_scripted_openai
from assay.domain import doubts, judging, twins
from assay.domain.grading import EssayTask, Part, Quote, Verdict, VerdictDraft
from assay.domain.judging import Looks, Round
from assay.domain.ports import Grader
from assay.domain.prechecks import Flag, precheck
from assay.domain.rubric import Dimension
from evals.questions import Question

DEADLINE: Final = 30.0
MODEL: Final = "scripted-grader"
GULLIBLE: Final = ("gullible",)

type Levels = dict[str, int]


class Outcome(NamedTuple):
    """The levels that count without the defences, and with them; what is held is absent."""

    bare: Levels
    levels: Levels
    asked_twice: bool = False
    """Whether the grader was asked once more about the sentences that touch the question alone."""

    @property
    def held(self) -> int:
        """How many dimensions are held for a person."""
        return len(Dimension) - len(self.levels)


@dataclass(slots=True)
class Judge:
    """Judges essays by one grader, doubtful verdicts with a second. What it has asked before it does not ask again until `forget`."""

    name: str
    grader: Grader
    second: "Judge | None" = None
    _drafts: dict[tuple[str, ...], VerdictDraft] = field(default_factory=dict)

    async def __call__(self, question: Question, essay: str) -> Outcome:
        """Both readings of `essay`. Raises `ProviderError`."""
        task = EssayTask(prompt=question.prompt, essay=essay, rubric=question.rubric)
        flags = precheck(essay, prompt=question.prompt, min_words=question.min_words)
        harmless = [flag for flag in flags if flag.kind not in twins.CUT]
        bare = judging.conclude(await self.read(task), task, harmless)
        found = await self.read(task, judging.set_aside(flags))
        twin = judging.twin_of(task, flags)
        looks = await self._looked_closer(found, task, flags, Looks(twin=await self.read(twin) if twin else None))
        return Outcome(_levels(bare), _levels(judging.conclude(found, task, flags, looks)), looks.core is not None)

    def forget(self) -> None:
        """Ask anew from here on: the grader behind it has changed."""
        self._drafts.clear()

    async def _looked_closer(self, found: Round, task: EssayTask, flags: Sequence[Flag], looks: Looks) -> Looks:
        """As the service does: a second reader, then, if that does not refute the verdict, the sentences that touch the question."""
        verdict = judging.compared(found, task, flags, looks.twin)
        if self.second is None or not doubts.is_doubtful(verdict):
            return looks
        core = judging.core_of(task, flags)
        if (whole := judging.second_of(task, flags)) is not None:
            second = await self.second.read(whole)
            if core is not None and judging.refuted(verdict, second):
                second = await self.second.read(core)
            looks = looks._replace(second=second)
            if judging.refuted(verdict, second):
                return looks
        return looks if core is None else looks._replace(core=await self.read(core))

    async def read(self, task: EssayTask, aside: Sequence[Quote] = ()) -> Round:
        """As the service does: ask, check the evidence, ask once more about what is unproved."""
        found = judging.judge([(Part(), await self._draft(task))], task.essay, aside)
        if not found.unproved:
            return found
        again = await self._draft(task, *(found.failed or ("",)))
        return judging.judge_again(found, [(Part(), again)], task.essay, aside)

    async def _draft(self, task: EssayTask, *failed: str) -> VerdictDraft:
        key = (task.prompt, task.essay, *failed)
        if key not in self._drafts:
            self._drafts[key] = self.grader.read(task, await self.grader.ask(task, failed_quotes=failed))
        return self._drafts[key]


class Provider(NamedTuple):
    """A scripted model on a port of the loopback interface, and a client of it."""

    url: str
    client: AsyncClient

    @property
    def grader(self) -> OpenAIGrader:
        """OpenAI's grader on this model."""
        return OpenAIGrader(OpenAIModel(self.client, MODEL, deadline=DEADLINE))

    async def obey(self, text: str) -> None:
        """From here on the model obeys `text`, wherever half of it stands in an essay, and whatever else asks for full marks."""
        await self._change(Control(faults=GULLIBLE, obeys=(text,) if text else ()))

    async def read_honestly(self) -> None:
        """From here on the model believes nothing of what an essay asks for."""
        await self._change(Control(faults=(), obeys=()))

    async def _change(self, control: Control) -> None:
        await self.client.post(f"{self.url}/control", cast_to=object, body=control.model_dump(mode="json", exclude_none=True))


@asynccontextmanager
async def gullible() -> AsyncIterator[Provider]:
    """A scripted model that believes what it is told, over real HTTP, for as long as the context lasts."""
    app = create_scripted_openai(Control(faults=GULLIBLE))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells no other way
        await asyncio.sleep(0.005)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    client = open_client(api_key="", base_url=f"{url}/v1", call_timeout=DEADLINE)
    try:
        yield Provider(url, client)
    finally:
        await client.close()
        server.should_exit = True
        await serving


def _levels(verdict: Verdict) -> Levels:
    return {name.value: level for name, level in verdict.levels().items()}
