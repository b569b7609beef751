"""What the evaluations make of verdicts: agreement, moves of twins, inflation, targets and the report; and one run on a small set."""

import json
import math
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console
from typer.testing import CliRunner

from evals import grading, safety
from evals.__main__ import app
from evals.agreement import Scored, length_band, picture, sample
from evals.essays import GradedEssay
from evals.picture import draw
from evals.questions import Question, essay_questions
from evals.report import Figure, Report, Table
from evals.twins import pair

QUESTION: Question = next(iter(essay_questions().values()))


def scored(name: str, human: int, machine: int | None, *, style: str = "plain", twin_of: str | None = None, words: int = 5) -> Scored:
    """An essay with one accuracy score from each marker; None stands for held."""
    essay = GradedEssay(name, QUESTION, "word " * words, {"accuracy": human}, 0, 4, "good", style, twin_of)
    return Scored(essay, {} if machine is None else {"accuracy": machine})


def test_held_dimensions_are_left_out() -> None:
    """A sample has only what both markers scored, in one order."""
    of = sample([scored("a", 1, 2), scored("b", 3, None), scored("c", 4, 4)], "accuracy")
    assert (of.human.tolist(), of.machine.tolist(), of.length.tolist()) == ([1, 4], [2, 4], [5, 5])


def test_the_picture_counts_pairs() -> None:
    """Rows are human scores, columns the grader's."""
    table = picture([scored("a", 1, 2), scored("b", 1, 2), scored("c", 4, 4)])
    assert table.rows[1][1] == {"0": 0, "1": 0, "2": 2, "3": 0, "4": 0}
    assert table.rows[4][1] == {"0": 0, "1": 0, "2": 0, "3": 0, "4": 1}


def test_length_bands_are_ordered() -> None:
    """100 words are short, 180 long."""
    assert [length_band(scored("a", 1, 1, words=words))[0] for words in (0, 100, 101, 179, 180)] == list("11223")


def test_style_moves_count_both_ways() -> None:
    """One twin a level up and one down move accuracy by one level, not by none; a held one counts as held."""
    base = scored("a", 2, 2)
    moved = [scored(f"a{machine}", 2, machine, style="informal", twin_of="a") for machine in (1, 3, None)]
    twins = pair([base, *moved])
    assert [twin.move("accuracy") for twin in twins[:2]] == [-1, 1]
    assert math.isnan(twins[2].move("accuracy"))
    figure = grading.style_figure(twins)
    assert (figure.value, figure.met) == (1.0, False)


def test_time_is_measured_beside_its_target() -> None:
    """Median and worst over all essays, and the median of those near 300 words, which alone has a target."""
    median, worst, near = grading.speed([(10, 1.0), (20, 3.0), (300, 200.0)])
    assert (median.value, worst.value, near.value) == (3.0, 200.0, 200.0)
    assert (median.met, worst.met, near.met) == (None, None, False)
    assert [figure.value for figure in grading.speed([(10, 1.0)])] == [1.0, 1.0]


def test_the_drawing_tells_what_it_shows() -> None:
    """One cell for each pair of scores, the counts and moves as text too, well-formed, in colours for light and dark, titles escaped."""
    base = [scored("a", 2, 2), scored("b", 4, 1)]
    twins = pair([*base, scored("a1", 2, 1, style="informal", twin_of="a")])
    root = ET.fromstring(draw("Agreement <here>", base, twins))
    space = {"s": "http://www.w3.org/2000/svg"}
    assert len(root.findall(".//s:rect[@x]", space)) == 25
    assert [cell.text for cell in root.findall(".//s:text", space) if "count" in cell.get("class", "").split()] == ["1", "1"]
    told = root.findtext("s:desc", namespaces=space) or ""
    assert "accuracy: kappa" in told
    assert "informal twins, accuracy: mean -1.00, without its sign 1.00; 1 of 1 lower" in told
    assert root.findtext("s:title", namespaces=space) == "Agreement <here>"
    assert "prefers-color-scheme: dark" in (root.findtext("s:style", namespaces=space) or "")


def test_rises_leave_out_what_is_held() -> None:
    """A dimension that does not stand on both sides is no rise."""
    assert safety.rises({"clarity": 1, "accuracy": 2}, {"clarity": 3, "coherence": 4}) == (2,)


def test_losses_do_not_hide_in_the_absolute_mean() -> None:
    """A gain and a loss cancel in the mean, not in the mean without its sign."""
    pairs = [safety.Pair(0, 0, (1, -1), held=1, flagged=True), safety.Pair(1, 0, (), held=3, flagged=False)]
    assert (safety.mean_rise(pairs), safety.mean_rise(pairs, abs)) == (0.0, 1.0)


@pytest.mark.parametrize(("value", "met"), [(0.7, True), (0.69, False), (math.nan, False)])
def test_targets_decide(value: float, met: bool) -> None:  # noqa: FBT001 - a table of cases
    """A figure meets its target or misses it; an undefined one misses it; a figure without a target does neither."""
    report = Report("x", "", {}, [Figure("kappa", value, "2 essays", at_least=0.7), Figure("other", 0.0, "")], [], [])
    assert report.met is met
    assert report.decision.startswith(f"x: {'met' if met else 'MISSED'}: kappa")


def test_a_report_is_printed_and_written() -> None:
    """The decisive line comes last; JSON has null for what is undefined."""
    table = Table("Table", ("", "cell"), [("row", {"kappa": math.nan, "exact": 0.5})])
    report = Report("x", "what", {"data": "none"}, [Figure("kappa", 0.71234, "2 essays", (0.5, 0.9), at_least=0.7)], [table], ["a note"])
    console = Console(file=StringIO(), width=120)
    report.show(console)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]  # the file is the StringIO above
    assert lines[-1] == "x: met: kappa 0.71 (≥ 0.7)"
    document = json.loads(report.as_json())
    assert document["tables"][0]["rows"] == [{"": "row", "cell": {"kappa": None, "exact": 0.5}}]
    assert (document["met"], document["figures"][0]["interval"]) == (True, [0.5, 0.9])


def test_a_small_set_runs_through(tmp_path: Path) -> None:
    """The command grades another set, prints JSON alone on standard output, and tells missed targets and wrong data by its exit code."""
    right = " ".join(point.text for point in QUESTION.rubric.key_points)
    points = [point.text for point in QUESTION.rubric.key_points]
    texts = {right: 4, "Bananas are yellow and grow in warm countries, where people like to eat them at breakfast.": 0}
    lines = [
        json.dumps({"prompt": QUESTION.prompt, "key_points": points, "essay": essay, "scores": {"accuracy": score}})
        for essay, score in texts.items()
    ]
    data = tmp_path / "set.jsonl"
    data.write_text("\n".join(lines), encoding="utf-8")
    drawn = tmp_path / "picture.svg"
    run = CliRunner().invoke(app, ["grading", "--json", "--data", str(data), "--picture", str(drawn)])
    assert ET.parse(drawn).getroot().tag.endswith("svg")
    document = json.loads(run.stdout)
    figure, *times = document["figures"]
    assert all(time["name"].startswith("milliseconds") for time in times)
    assert (figure["name"], figure["value"]) == ("accuracy: QWK", 1.0)
    assert run.exit_code == (0 if document["met"] else 1) == 0
    data.write_text("\n".join([*lines, lines[0].replace('"accuracy": 4', '"accuracy": 0')]), encoding="utf-8")
    assert CliRunner().invoke(app, ["grading", "--data", str(data)]).exit_code == 1
    data.write_text(lines[0].replace('"accuracy": 4', '"accuracy": 9'), encoding="utf-8")
    assert CliRunner().invoke(app, ["grading", "--data", str(data)]).exit_code == 2
