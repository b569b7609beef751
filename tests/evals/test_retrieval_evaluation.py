"""The evaluation of retrieval on the real database: a tiny foreign set from files to report, and the product's own list beside it."""

import json
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from assay.domain.grading import EssayTask
from assay.domain.ranking import rerank
from assay.services import learners
from assay.services.essay_scoring import as_row
from assay.services.grading import Essay, Graded, unasked
from evals import foreign, golden
from evals.__main__ import app
from evals.catalog import opened
from evals.essays import DataError, Half
from evals.pipeline import Cut, recommend, search
from evals.questions import SEEDS, essay_questions, judge, open_grader
from evals.retrieval_queries import Reader

COURSES = [
    {"id": 1, "title": "Beginning SQL", "description": "Queries over tables, joins and grouping, with a database of a library."},
    {"id": "two", "title": "Sourdough", "description": "Bread.", "level": None, "skills": "baking; patience"},
    {"id": "three", "title": "Advanced REST APIs", "skills": ["API design", "HTTP"], "level": "Expert"},
    {"id": "four", "title": "Message brokers", "description": "How message queues carry work from one service to another."},
]
QUERIES = [
    {
        "id": "q",
        "track": "Backend Engineer",
        "skillFocus": ["SQL", "API design", "Message queues"],
        "interests": ["SQL"],
        "essay": "I like tables.",
    },
    {"id": "unjudged", "track": "Baker"},
]
QRELS = [{"query_id": "q", "credential_id": 1, "grade": 3}, {"query_id": "q", "credential_id": "three", "grade": 2}]


def _written(path: Path, rows: list[dict[str, object]]) -> str:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return str(path)


def _files(folder: Path, **changes: list[dict[str, object]]) -> list[str]:
    sets: dict[str, list[dict[str, object]]] = {"catalog": COURSES, "queries": QUERIES, "qrels": QRELS, **changes}
    return [word for name, rows in sets.items() for word in (f"--{name}", _written(folder / f"{name}.jsonl", rows))]


def test_a_foreign_set_from_files_to_report(tmp_path: Path) -> None:
    """Without skills, levels, even descriptions: a catalog of four is searched, measured beside every baseline, and reported."""
    done = CliRunner().invoke(app, ["retrieval", *_files(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    figures = {figure["name"]: figure["value"] for figure in report["figures"]}
    assert figures["hit@5"] == 1
    assert figures["P@5"] == 0.4
    assert [row["recommender"] for row in report["tables"][0]["rows"]] == ["Assay", "joined query, hybrid", "vector only", "BM25"]


def test_a_wrong_set_is_named(tmp_path: Path) -> None:
    """Files that do not belong together, or only some of them, are refused with the place."""
    unknown = _files(tmp_path, qrels=[{"query_id": "q", "credential_id": "nine", "grade": 1}])
    done = CliRunner().invoke(app, ["retrieval", *unknown])
    assert (done.exit_code, "qrels.jsonl:1: credential_id" in done.output) == (2, True)
    assert CliRunner().invoke(app, ["retrieval", *unknown[:2]]).exit_code == 2


def test_levels_are_read_from_words() -> None:
    """What is said outright counts, then the title, then nothing."""
    told = [("Expert", "X", "advanced"), ("", "Introduction to Go", "beginner"), ("mixed", "Go", "intermediate")]
    catalog = [foreign.Course(id=str(place), title=title, level=level) for place, (level, title, _) in enumerate(told)]
    assert [foreign._entry(course, "c", ("go",))["level"] for course in catalog] == [expected for *_, expected in told]


async def test_skills_are_found_in_the_text() -> None:
    """By the name of the skill in the title, in the description, or among the course's own words; nothing is invented for bread."""
    tagged = await foreign.tag([foreign.Course.model_validate(course) for course in COURSES], {"sql": "SQL", "api-design": "API design"})
    assert [skills[:1] for skills in tagged] == [("sql",), (), ("api-design",), ()]


def test_two_courses_of_one_id_are_refused() -> None:
    """An id that comes twice cannot be judged."""
    with pytest.raises(DataError, match="same id"):
        foreign.identify([foreign.Course(id="a", title="One"), foreign.Course(id="a", title="Two")])


async def test_nothing_switched_off_is_the_product(database_url: str) -> None:
    """The list measured is that of the product's own calls; a part that is switched off is not searched for."""
    given = of_first()
    query = await Reader(open_grader()).query(given, {})
    async with opened(database_url, SEEDS) as catalog:
        found = await search(catalog, query)
        ranking = rerank(query.learner, found.retrieved.candidates, catalog.names, prerequisites=found.retrieved.prerequisites)
        names = [item.candidate.slug for item in ranking.items]
        assert recommend(catalog, found) == names
        assert recommend(catalog, found, Cut(signals=frozenset({"relevance", "role_focus", "skill_gap", "interest"}))) != names
        assert recommend(catalog, found) == names


async def test_essays_are_read_as_the_product_reads_them() -> None:
    """The result of an essay is what the service makes of the stored score."""
    given = of_first()
    reader = Reader(open_grader())
    slug, name = next(iter(given.essays.items()))
    text = golden.essays()[name].essay
    seed = next(seed for seed in golden.seeds().questions if seed.slug == slug)
    question = essay_questions()[slug]
    judged = await judge(open_grader(), question, text)
    task = EssayTask(prompt=question.prompt, essay=text, rubric=question.rubric)
    essay = Essay(question_id=uuid4(), task=task)
    row = as_row(essay.question_id, Graded(essay, judged.verdict, unasked(essay, "built-in"), ""))
    assert await reader.essay(slug, text) == learners._essay(row, seed.content, text)


def of_first() -> golden.Answered:
    """A query of the development half."""
    return golden.of_half(Half.DEV)[0]
