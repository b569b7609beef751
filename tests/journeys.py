"""A person at the API, and answers that fit whatever is asked."""

import asyncio
from typing import Any
from uuid import UUID

import httpx2

ESSAY = (
    "An idempotent endpoint is one that a client can call again without changing the outcome. The service stores a key with every "
    "request, because a network can fail after the work is done. When the same key arrives twice, the service returns the stored "
    "response. For example, a payment must not be taken twice when a phone loses its connection. Therefore the key, the effect and "
    "the response belong in one transaction. I would also measure how often keys repeat, so that a faulty client is noticed early."
)


def fitting_answer(question: dict[str, Any]) -> Any:  # noqa: PLR0911 - one arm per format
    """An answer of the right shape, the same every time."""
    options = question["options"]
    match question["format"]:
        case "singleChoice" | "trueFalse" | "likert":
            return options[0]["id"]
        case "multipleChoice":
            return [options[0]["id"], options[1]["id"]]
        case "ordering" | "ranking":
            return [option["id"] for option in options]
        case "matching":
            return {left["id"]: right["id"] for left, right in zip(options["left"], options["right"], strict=False)}
        case "numeric":
            return 42
        case "shortText":
            return "index"
        case "freeText":
            return "I like building reliable interfaces and dashboards."
        case _:
            return ESSAY


class Student:
    """An API client with a bearer token, and the steps of the journey."""

    def __init__(self, client: httpx2.AsyncClient, token: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"}

    async def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Any request under /api/v1."""
        headers = {**self.headers, **options.pop("headers", {})}
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **options)

    async def start(self, track_id: UUID) -> dict[str, Any]:
        """Start a track."""
        answer = await self.request("POST", "/assessments/start", json={"trackId": str(track_id)})
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    async def save(self, bundle: dict[str, Any], answers: dict[str, Any], batch: str = "batch-1", **times: str) -> httpx2.Response:
        """Save answers by question id; `answeredAt` for all when given."""
        responses = [{"questionId": question, "answer": answer, **times} for question, answer in answers.items()]
        body = {"responses": responses, "clientBatchId": batch}
        return await self.request("PATCH", f"/assessments/{bundle['assessmentId']}/responses", json=body)

    async def answer_all(self, bundle: dict[str, Any], **replaced: Any) -> None:
        """Answer every question with something that fits; `essay=…` replaces the answers of a format."""
        answers = {question["id"]: replaced.get(question["format"], fitting_answer(question)) for question in bundle["questions"]}
        saved = await self.save(bundle, answers)
        assert saved.status_code == 200, saved.text

    async def submit(self, bundle: dict[str, Any], **options: Any) -> httpx2.Response:
        """Submit."""
        return await self.request("POST", f"/assessments/{bundle['assessmentId']}/submit", **options)

    async def result(self, bundle: dict[str, Any], within: float = 60.0) -> dict[str, Any]:
        """Wait for the result."""
        deadline = asyncio.get_running_loop().time() + within
        while asyncio.get_running_loop().time() < deadline:
            answer = await self.request("GET", f"/assessments/{bundle['assessmentId']}/result")
            if answer.status_code == 200:
                return answer.json()
            assert answer.status_code == 409, answer.text
            await asyncio.sleep(0.05)
        raise AssertionError(answer.text)

    async def finished(self, track_id: UUID, **replaced: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """A whole journey: bundle and result. Needs a running drainer."""
        bundle = await self.start(track_id)
        await self.answer_all(bundle, **replaced)
        receipt = await self.submit(bundle)
        assert receipt.status_code == 202, receipt.text
        return bundle, await self.result(bundle)
