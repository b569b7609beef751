"""The demonstration from sign-in to verdict, against an API of canned answers."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from rich.console import Console

from assay.embedded import demo, state
from assay.embedded.folder import open_folder
from assay.embedded.problems import StartProblem
from assay.embedded.state import Record

STAGE = {"state": "completed"}
QUESTION = {"id": "q1", "prompt": "How do you begin?", "format": "essay", "type": "essay", "options": {"maxLength": 6000}}
SOURCE = {"credentialVersion": 3, "section": "description", "snippet": "queues", "start": 6, "end": 12}
ITEM = {"rank": 1, "credentialId": "c1", "title": "Queues", "provider": "Campus", "level": "basic", "reasons": [], "sources": [SOURCE]}
RESULT: dict[str, Any] = {
    "track": "Backend Engineer",
    "degraded": False,
    "degradations": [],
    "scores": {"overall": 50, "rule": 50, "essay": 50},
    "essayScores": [],
    "recommendation": {"summary": {"text": "Queues."}, "items": [ITEM]},
}
ANSWERS: dict[str, Any] = {
    "POST /auth/token": {"accessToken": "t"},
    "GET /tracks": {"items": [{"id": "t1", "slug": "backend-engineer", "name": "Backend Engineer"}]},
    "POST /assessments/start": {"assessmentId": "a1", "questions": [QUESTION]},
    "PATCH /assessments/a1/responses": {"answered": 1, "savedAt": "now"},
    "POST /assessments/a1/submit": {"ruleScores": {"total": 1, "max": 2, "percent": 50}},
    "GET /assessments/a1/status": {
        "status": "completed",
        "percent": 100,
        "estimatedSecondsRemaining": None,
        "stages": {"ruleScoring": STAGE, "essayScoring": STAGE, "recommendations": STAGE},
    },
    "GET /assessments/a1/result": RESULT,
    "GET /credentials/c1": {"citedSections": {"description": "About queues."}},
}

type Play = Callable[..., tuple[int, str, list[httpx2.Request]]]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Plays beside an `up` whose API gives canned answers; returns exit code, what was shown, and what was asked."""
    real = httpx2.Client

    def run(*, track: str = "backend-engineer", **changes: Any) -> tuple[int, str, list[httpx2.Request]]:
        asked: list[httpx2.Request] = []
        answers = {**ANSWERS, **{key.replace("__", " /").replace("_", "/"): value for key, value in changes.items()}}

        def answer(request: httpx2.Request) -> httpx2.Response:
            asked.append(request)
            found = answers[f"{request.method} {request.url.path.removeprefix('/api/v1')}"]
            return found if isinstance(found, httpx2.Response) else httpx2.Response(200, json=found)

        monkeypatch.setattr(httpx2, "Client", lambda **options: real(transport=httpx2.MockTransport(answer), **options))
        folder, out = open_folder(tmp_path), io.StringIO()
        with state.held(folder):
            state.write(folder, Record(url="http://assay.test", pid=1))
            code = demo.demo(data=tmp_path, track=track, console=Console(file=out, width=140))
        return code, out.getvalue(), asked

    return run


def test_a_whole_journey(play: Play) -> None:
    """Every step is asked once and in order, with a token, and triggers carry an idempotency key."""
    code, shown, asked = play()
    assert code == 0
    assert [f"{request.method} {request.url.path.removeprefix('/api/v1')}" for request in asked] == list(ANSWERS)
    assert all(request.headers["Authorization"] == "Bearer t" for request in asked[1:])
    assert asked[2].headers["Idempotency-Key"] != asked[4].headers["Idempotency-Key"]
    assert json.loads(asked[3].content)["responses"][0]["questionId"] == "q1"
    assert asked[-1].url.query == b"version=3"
    assert "1 of 1 recommendations have a source; 1 of 1 snippets stand word for word" in shown


@pytest.mark.parametrize(
    "items",
    [[], [{**ITEM, "sources": []}], [{**ITEM, "sources": [{**SOURCE, "snippet": "topics"}]}], [ITEM, {**ITEM, "sources": []}]],
)
def test_a_result_without_proof_is_a_failure(play: Play, items: list[Any]) -> None:
    """No recommendation, one without a source, or a snippet that is not there: the exit code says so."""
    code, shown, _ = play(GET__assessments_a1_result={**RESULT, "recommendation": {**RESULT["recommendation"], "items": items}})
    assert code == 1
    assert "recommendations have a source" in shown


def test_a_refusal_is_told_in_the_words_of_the_api(play: Play) -> None:
    """The detail of a problem answer becomes the sentence."""
    refusal = httpx2.Response(409, json={"title": "Conflict", "detail": "Two answers are missing."})
    with pytest.raises(StartProblem, match=r"POST /assessments/a1/submit was refused: Two answers are missing\."):
        play(POST__assessments_a1_submit=refusal)


def test_an_unknown_track_is_told_with_those_there_are(play: Play) -> None:
    """A misspelt slug is answered with the list."""
    with pytest.raises(StartProblem, match=r"no track pilot\. There is: backend-engineer"):
        play(track="pilot")


def test_patience_ends(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that does not come ends the demonstration with a sentence."""
    monkeypatch.setattr(demo, "_PATIENCE_SECONDS", -1.0)
    pending = {**ANSWERS["GET /assessments/a1/status"], "status": "processing", "percent": 40, "estimatedSecondsRemaining": 3}
    with pytest.raises(StartProblem, match="it stands at 40 %"):
        play(GET__assessments_a1_status=pending)


def test_a_refusal_without_words_is_told_by_its_number(play: Play) -> None:
    """Something else that answers on the port, a proxy for instance, ends in a sentence too."""
    with pytest.raises(StartProblem, match="GET /tracks was refused: 502"):
        play(GET__tracks=httpx2.Response(502, text="<h1>Bad gateway</h1>", headers={"Content-Type": "text/html"}))


def test_an_api_that_breaks_off_is_a_sentence(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost connection is no traceback."""

    def lose(*_: object, **__: object) -> None:
        raise httpx2.ReadError("the connection was lost")

    monkeypatch.setattr(demo, "_play", lose)
    with pytest.raises(StartProblem, match=r"http://assay\.test did not answer as expected: the connection was lost"):
        play()
