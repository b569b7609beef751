"""`./dev demo`: a student takes an assessment through the HTTP API, reads the result, and its evidence is checked."""

import contextlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx2
from rich.console import Console

from assay.embedded import content, state
from assay.embedded.demo_answers import answer
from assay.embedded.demo_report import print_result
from assay.embedded.folder import DataFolder
from assay.embedded.ports import pick_free
from assay.embedded.problems import StartProblem

type Json = dict[str, Any]

_POLL_SECONDS: Final = 0.3
_PATIENCE_SECONDS: Final = 180.0
_STAGES: Final = {
    "ruleScoring": "Theory is scored",
    "essayScoring": "Essays are read and scored",
    "recommendations": "Credentials are compared and chosen",
}


def demo(*, data: Path, track: str, console: Console) -> int:
    """Play, print, check. Returns the exit code, 0 when every recommendation has a source that holds. Raises `StartProblem`."""
    with _service(data, console) as url:
        try:
            with httpx2.Client(base_url=f"{url}/api/v1", timeout=30, trust_env=False) as client:
                return _play(Student(client, console), track)
        except httpx2.HTTPError as error:
            raise StartProblem(f"{url} did not answer as expected: {error}") from error


@contextmanager
def _service(data: Path, console: Console) -> Iterator[str]:
    """The URL of what runs in `data`, or of one started for the occasion and forgotten after."""
    if record := state.running(DataFolder(data.resolve())):
        console.print(f"Using what runs at {record.url}.")
        yield record.url
        return
    console.print("Nothing is running here, so it is started for the occasion.")
    folder = Path(tempfile.mkdtemp(prefix="assay-demo-"))
    command = (sys.executable, "-m", "assay", "up", "--port", str(pick_free()), "--data", str(folder), "--no-browser")
    supervisor = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield _url_when_ready(supervisor, console)
    finally:
        supervisor.send_signal(signal.SIGTERM)
        supervisor.communicate()
        shutil.rmtree(folder, ignore_errors=True)


def _url_when_ready(supervisor: subprocess.Popen[str], console: Console) -> str:
    for line in supervisor.stdout or ():
        console.print(line.rstrip(), style="dim", markup=False, highlight=False)
        if line.startswith("ready "):
            return line.split()[1]
    raise StartProblem("", exit_code=supervisor.wait() or 1)


@dataclass(frozen=True, slots=True)
class Student:
    """Somebody with a browser; here, a client of the API."""

    client: httpx2.Client
    console: Console

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Json:
        """One request. Raises `StartProblem` with the API's own words when it is refused."""
        reply = self.client.request(method, path, json=body, headers=headers)
        is_json = reply.headers.get("Content-Type", "").partition(";")[0].endswith("json")
        answered: Json = reply.json() if is_json else {}
        if not reply.is_success:
            why = answered.get("detail") or answered.get("title") or reply.status_code
            raise StartProblem(f"{method} {path} was refused: {why}")
        return answered

    def trigger(self, path: str, body: Any = None) -> Json:
        """A POST that must have its effect once, however often it is sent."""
        return self.ask("POST", path, body, **{"Idempotency-Key": str(uuid4())})

    def say(self, words: str) -> None:
        """Progress in plain words."""
        self.console.print(f"[green]✓[/] {words}")


def _play(student: Student, track: str) -> int:
    _sign_in(student)
    chosen = _find_track(student, track)
    started = student.trigger("/assessments/start", {"trackId": chosen["id"]})
    path, questions = f"/assessments/{started['assessmentId']}", started["questions"]
    student.say(f"Started [bold]{chosen['name']}[/]: {len(questions)} questions")
    _answer_all(student, path, questions)
    receipt = student.trigger(f"{path}/submit")
    student.say(f"Submitted. Theory at once: {_points(receipt['ruleScores'])}")
    _wait(student, path)
    result = student.ask("GET", f"{path}/result")
    print_result(student.console, result, {question["id"]: question["prompt"] for question in questions})
    return _check_evidence(student, result)


def _sign_in(student: Student) -> None:
    email = content.DEMO_ACCOUNTS["student"]
    token = student.ask("POST", "/auth/token", {"email": email, "password": content.DEMO_PASSWORD})
    student.client.headers["Authorization"] = f"Bearer {token['accessToken']}"
    student.say(f"Signed in as {email}")


def _find_track(student: Student, slug: str) -> Json:
    tracks: list[Json] = student.ask("GET", "/tracks")["items"]
    for track in tracks:
        if track["slug"] == slug:
            return track
    raise StartProblem(f"There is no track {slug}. There is: {', '.join(track['slug'] for track in tracks)}")


def _answer_all(student: Student, path: str, questions: list[Json]) -> None:
    """Three at a time, as somebody would who saves now and then."""
    saved: Json = {}
    with student.console.status("Answering …"):
        for batch in batched(questions, 3):
            responses = [{"questionId": question["id"], "answer": answer(question)} for question in batch]
            saved = student.ask("PATCH", f"{path}/responses", {"responses": responses, "clientBatchId": str(uuid4())})
    student.say(f"Answered {saved['answered']} of {len(questions)}, saved at {saved['savedAt']}")


def _points(score: Mapping[str, Any]) -> str:
    return f"{score['total']:g} of {score['max']:g} points ({score['percent']:.0f} %)"


def _wait(student: Student, path: str) -> None:
    """Follow the stages until the result is there, saying each as it ends."""
    begun, told = time.monotonic(), set[str]()
    with student.console.status("Waiting for the result …") as status:
        while True:
            now = student.ask("GET", f"{path}/status")
            for stage, words in _STAGES.items():
                state_of_it = now["stages"][stage]["state"]
                if stage not in told and state_of_it in {"completed", "degraded", "failed"}:
                    told.add(stage)
                    student.say(f"{words}: {state_of_it}, {time.monotonic() - begun:.1f} s after submitting")
            if now["status"] == "completed":
                return
            if time.monotonic() - begun > _PATIENCE_SECONDS:
                raise StartProblem(f"There was no result after {_PATIENCE_SECONDS:.0f} s; it stands at {now['percent']} %.")
            with contextlib.suppress(TypeError):
                status.update(f"{now['percent']} %, about {now['estimatedSecondsRemaining']:.0f} s to go …")
            time.sleep(_POLL_SECONDS)


def _check_evidence(student: Student, result: Json) -> int:
    """Look up every source in the catalog version it cites. Returns the exit code."""
    items = result["recommendation"]["items"]
    found = [[_stands(student, item["credentialId"], source) for source in item["sources"]] for item in items]
    proved = sum(any(sources) for sources in found)
    snippets = [stands for sources in found for stands in sources]
    whole = bool(items) and proved == len(items) and all(snippets)
    student.console.print(
        f"\n[{'green' if whole else 'red'}]{proved} of {len(items)} recommendations[/] have a source; "
        f"{sum(snippets)} of {len(snippets)} snippets stand word for word in the cited credential version."
    )
    return 0 if whole else 1


def _stands(student: Student, credential: str, source: Json) -> bool:
    """Whether the snippet is what the cited version says at the cited place."""
    version = student.ask("GET", f"/credentials/{credential}?version={source['credentialVersion']}")
    return stands_in(version, source)


def stands_in(version: Mapping[str, Any], source: Mapping[str, Any]) -> bool:
    """Whether `source` quotes `version` (a credential as the API returns it) word for word, at its offsets."""
    text, snippet = version["citedSections"].get(source["section"], ""), source["snippet"]
    return bool(snippet.strip()) and text[source["start"] : source["end"]] == snippet
