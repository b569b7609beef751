"""Essays at known quality for tests of graders, read from `essays.yaml`."""

from pathlib import Path
from typing import Any, Final

import yaml

from assay.domain.grading import EssayTask
from assay.domain.rubric import Rubric

_DATA: Final[dict[str, Any]] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))

PROMPTS: Final[dict[str, str]] = {topic: question["prompt"] for topic, question in _DATA["questions"].items()}
RUBRICS: Final = {topic: Rubric.model_validate(question["rubric"]) for topic, question in _DATA["questions"].items()}
ESSAYS: Final[dict[str, dict[str, str]]] = {topic: question["essays"] for topic, question in _DATA["questions"].items()}
"""By topic: `good`, `middling`, `poor`, and `stuffed` with the topic's key words."""
OFF_TOPIC: Final[str] = _DATA["off_topic"]


def task(topic: str, essay: str) -> EssayTask:
    """`essay` as an answer to the question on `topic`."""
    return EssayTask(prompt=PROMPTS[topic], essay=essay, rubric=RUBRICS[topic])
