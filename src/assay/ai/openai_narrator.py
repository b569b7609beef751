"""The narrator that asks a language model to put facts into prose."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from assay.ai import prompts
from assay.ai.openai_model import OpenAIModel, Question
from assay.ai.openai_replies import checked
from assay.ai.wire import SummaryForm
from assay.domain.errors import Fault, ProviderError
from assay.domain.fusion import Fact, Sentence
from assay.domain.grading import Identity, ModelReply
from assay.kit.hashing import canonical_json

_PROMPT: Final = prompts.load("narrate")


@dataclass(frozen=True, slots=True)
class OpenAINarrator:
    """A `Narrator` on a model behind the OpenAI protocol."""

    model: OpenAIModel

    @property
    def identity(self) -> Identity:
        """Model, prompt hash and parameters as sent."""
        return self.model.identity(_PROMPT.hash)

    async def ask(self, facts: Sequence[Fact]) -> ModelReply:
        """Sentences that cite fact ids, as the model wrote them. Raises `ProviderError`, also when there is no sentence."""
        lines = "\n".join(canonical_json(fact) for fact in facts)  # JSON keeps each fact on its line, whatever it says
        reply = await self.model.ask(
            Question(
                instructions=_PROMPT.render("instructions"),
                text=_PROMPT.render("facts", facts=prompts.delimited("facts", lines)),
                schema=SummaryForm,
                cache_key=_PROMPT.hash[:16],
            )
        )
        if not self.read(reply):
            raise ProviderError(Fault.INVALID_REPLY, "a summary without a sentence")
        return reply

    def read(self, reply: ModelReply) -> list[Sentence]:
        """The sentences in a reply, new or stored, unverified; blank ones are left out. Raises `ProviderError`."""
        form = checked(SummaryForm, reply.content)
        return [
            Sentence(text=sentence.text.strip(), facts=tuple(dict.fromkeys(sentence.facts)))
            for sentence in form.sentences
            if sentence.text.strip()
        ]
