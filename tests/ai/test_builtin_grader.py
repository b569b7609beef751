"""The built-in grader: orders essays as a teacher would, is not fooled by tricks, proves every level and explains every number."""

import random
from collections.abc import Sequence
from functools import cache
from statistics import fmean
from time import process_time

import pytest
from essays import ESSAYS, OFF_TOPIC, PROMPTS, RUBRICS, task
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.ai.builtin_accuracy import contradiction
from assay.ai.builtin_calibration import CALIBRATION
from assay.ai.builtin_embedder import BuiltinEmbedder, _encode
from assay.ai.builtin_grader import BuiltinGrader
from assay.ai.builtin_language import sentences
from assay.ai.builtin_spelling import spelling
from assay.domain.errors import Fault, ProviderError
from assay.domain.evidence import verify
from assay.domain.grading import EssayTask, ModelReply, VerdictDraft
from assay.domain.rubric import MAX_LEVEL, Dimension
from assay.kit.transactions import NetworkInsideTransaction, transaction_marked

CLARITY, ACCURACY, COHERENCE = Dimension.CLARITY, Dimension.ACCURACY, Dimension.COHERENCE
TOPICS = sorted(PROMPTS)
KINDS = ["good", "middling", "poor", "stuffed"]


class DirectEmbedder(BuiltinEmbedder):
    """The built-in embedder without its thread, for examples by the hundred."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """As the original."""
        return _encode(texts)


GRADER = BuiltinGrader(BuiltinEmbedder())


async def grade(essay_task: EssayTask) -> VerdictDraft:
    """The draft for one essay."""
    return GRADER.read(essay_task, await GRADER.ask(essay_task))


async def levels(topic: str, essay: str) -> dict[Dimension, int]:
    """The three levels for one essay."""
    draft = await grade(task(topic, essay))
    return {name: dimension.level for name, dimension in draft.dimensions.items()}


@cache
def all_essays() -> list[EssayTask]:
    """Every essay at hand, each beside its question."""
    return [task(topic, essay) for topic in TOPICS for essay in (*ESSAYS[topic].values(), OFF_TOPIC, PROMPTS[topic])]


@pytest.mark.parametrize("topic", TOPICS)
async def test_better_essays_get_higher_levels(topic: str) -> None:
    """Good above middling above poor: strictly in accuracy and in the sum, never the other way round in a dimension."""
    good, middling, poor = [await levels(topic, ESSAYS[topic][kind]) for kind in ("good", "middling", "poor")]
    assert good[ACCURACY] > middling[ACCURACY] > poor[ACCURACY]
    assert sum(good.values()) > sum(middling.values()) > sum(poor.values())
    assert all(good[name] >= middling[name] >= poor[name] for name in Dimension)
    assert good[CLARITY] > poor[CLARITY]
    assert good[COHERENCE] > poor[COHERENCE]
    assert good[ACCURACY] >= 3
    assert poor[ACCURACY] <= 1


@pytest.mark.parametrize("topic", TOPICS)
async def test_a_fluent_answer_to_nothing_asked_earns_little(topic: str) -> None:
    """Another subject is not accurate, and being easy to read does not make it clear or coherent on this question."""
    found = await levels(topic, OFF_TOPIC)
    assert found[ACCURACY] == 0
    assert max(found.values()) <= 1


@pytest.mark.parametrize("topic", TOPICS)
async def test_an_answer_to_another_question_is_not_accurate(topic: str) -> None:
    """A very good essay on the other topic covers next to nothing here."""
    other = next(name for name in TOPICS if name != topic)
    assert (await levels(topic, ESSAYS[other]["good"]))[ACCURACY] <= 1


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize(
    "shape",
    ["{}", "- {}", "{}."],
    ids=["commas", "bullets", "fragments"],
)
async def test_key_words_without_sentences_prove_nothing(topic: str, shape: str) -> None:
    """A list of the right terms stays at level 1 or below everywhere, whatever separates them."""
    terms = ESSAYS[topic]["stuffed"].split(", ")
    essay = ", ".join(terms) if shape == "{}" else "\n".join(shape.format(term) for term in terms)
    assert max((await levels(topic, essay)).values()) <= 1


@pytest.mark.parametrize("topic", TOPICS)
async def test_key_words_joined_by_and_are_still_a_list(topic: str) -> None:
    """Articles and conjunctions between the terms do not make them an argument."""
    terms = ESSAYS[topic]["stuffed"].split(", ")
    found = await levels(topic, f"The {' and the '.join(terms)}.")
    assert found[CLARITY] <= 1
    assert found[COHERENCE] <= 1
    assert found[ACCURACY] <= 2


@pytest.mark.parametrize("topic", TOPICS)
async def test_repeating_the_prompt_earns_nothing(topic: str) -> None:
    """The question given back, once, twice or with a word before it, is no answer; the levels say so and the comment too."""
    for essay in (PROMPTS[topic], f"{PROMPTS[topic]} {PROMPTS[topic]}", f"The question is this. {PROMPTS[topic]}"):
        draft = await grade(task(topic, essay))
        assert draft.dimensions[ACCURACY].level <= 1
        assert draft.topics_well == ()
        assert "repeats the question" in draft.dimensions[ACCURACY].rationale
        assert max(dimension.level for dimension in draft.dimensions.values()) <= 1


async def test_saying_the_prompt_in_other_words_is_no_answer() -> None:
    """A text that tells what is asked, without copying a run of it, is level 0 throughout and says why."""
    retold = (
        "There is a forum which has 40 000 members, and it stored the passwords of the members as MD5 hashes without a salt. On a public"
        " website somebody found a copy of the table of users last night. What the finder can do is to be explained, and how the forum"
        " should store its passwords. It is also asked how the accounts which exist are moved, and what one has to tell the members."
    )
    draft = await grade(task("passwords", retold))
    assert [dimension.level for dimension in draft.dimensions.values()] == [0, 0, 0]
    assert all("adds nothing" in dimension.rationale for dimension in draft.dimensions.values())


async def test_wording_tells_nothing_without_the_matter() -> None:
    """Plain and careful sentences about something else earn none of the signs of wording in accuracy, and dilute none of them."""
    alone, point, padded = [
        (await grade(task("backups", text))).dimensions[ACCURACY].features
        for text in (OFF_TOPIC, ESSAYS["backups"]["good"], f"{ESSAYS['backups']['good']} {OFF_TOPIC}")
    ]
    signs = ("plain_words", "telling_words", "conditions", "denials")
    assert sum(alone[f"{sign}.contribution"] for sign in signs) < 0.05
    assert all(padded[sign] == pytest.approx(point[sign], abs=0.15) for sign in signs)


@pytest.mark.parametrize("topic", TOPICS)
async def test_length_alone_earns_nothing(topic: str) -> None:
    """Saying little again and again, or padding with another subject, lifts no dimension."""
    poor = await levels(topic, ESSAYS[topic]["poor"])
    repeated = await levels(topic, " ".join([ESSAYS[topic]["poor"]] * 6))
    padded = await levels(topic, f"{ESSAYS[topic]['poor']} {OFF_TOPIC} {OFF_TOPIC}")
    for longer in (repeated, padded):
        assert all(longer[name] <= poor[name] + (name is not ACCURACY) for name in Dimension)
        assert longer[ACCURACY] <= poor[ACCURACY]


@pytest.mark.parametrize("topic", TOPICS)
async def test_shuffled_words_are_no_text(topic: str) -> None:
    """The right words in no order are neither clear nor coherent, and prove less than the text they come from."""
    words = ESSAYS[topic]["good"].split()
    random.Random(3).shuffle(words)
    found = await levels(topic, " ".join(words))
    assert found[CLARITY] <= 1
    assert found[COHERENCE] <= 1
    assert found[ACCURACY] < (await levels(topic, ESSAYS[topic]["good"]))[ACCURACY]


@pytest.mark.parametrize("topic", TOPICS)
async def test_shuffled_sentences_lose_coherence(topic: str) -> None:
    """The same sentences in another order score lower in most orders and on average, and accuracy hardly moves."""
    whole = await grade(task(topic, ESSAYS[topic]["good"]))
    shuffled = []
    for seed in range(10):
        parts = [sentence.text for sentence in sentences(ESSAYS[topic]["good"])]
        random.Random(seed).shuffle(parts)
        shuffled.append(await grade(task(topic, " ".join(parts))))
    scores = [draft.dimensions[COHERENCE].features["score"] for draft in shuffled]
    own = whole.dimensions[COHERENCE].features["score"]
    assert sum(score < own for score in scores) >= 7
    assert fmean(scores) < own - 0.05
    assert all(abs(draft.dimensions[ACCURACY].level - whole.dimensions[ACCURACY].level) <= 1 for draft in shuffled)


async def test_the_opposite_of_a_point_does_not_cover_it() -> None:
    """Denying what the rubric says is not saying it, and the comment mentions it."""
    right = "The backup must be kept offline, since malware that encrypts files reaches every connected disk."
    wrong = "The backup must not be kept offline, since malware that encrypts files never reaches every connected disk."
    said, denied = [await grade(task("backups", text)) for text in (right, wrong)]
    point = "point.ransomware"
    assert said.dimensions[ACCURACY].features[point] > 2 * denied.dimensions[ACCURACY].features[point]
    assert "ransomware" in said.topics_well
    assert "ransomware" in denied.topics_missed


@pytest.mark.parametrize(
    ("point", "unit", "turned"),
    [
        ("Each password needs its own random salt.", "Each password needs its own random salt.", False),
        ("Each password needs its own random salt.", "A password does not need a random salt.", True),
        ("The image must not be lazy-loaded.", "I would use lazy loading for the image.", True),
        ("The image must not be lazy-loaded.", "Lazy loading would be a mistake for the image.", False),
        ("Scan the table because an index is missing.", "There is no index, so it scans the table.", False),
        ("Send the same key with every retry.", "Send a different key with every retry.", True),
        ("Keep a copy in another building.", "Fire destroys both disks.", False),
    ],
)
def test_contradictions_are_told_from_other_words(point: str, unit: str, turned: object) -> None:
    """Negation and opposites count where they turn a shared statement round, not where two texts deny the same thing differently."""
    assert (contradiction(point, unit) > 0) is turned


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The answer is no. We stop here.", ["The answer is no.", "We stop here."]),
        ("See no. 5 of the list, e.g. the first line.", ["See no. 5 of the list, e.g. the first line."]),
        ("Logs, traces etc. Then we decide.", ["Logs, traces etc.", "Then we decide."]),
        ("Logs, traces etc. are kept.", ["Logs, traces etc. are kept."]),
        ("It takes 10 min. Then it ends.", ["It takes 10 min.", "Then it ends."]),
    ],
)
def test_abbreviations_end_a_sentence_only_where_they_can(text: str, expected: list[str]) -> None:
    """A word such as "no" ends a sentence unless a number follows; a list's "etc." does when a capital follows."""
    assert [sentence.text for sentence in sentences(text)] == expected


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("The cusotmer sends the requesst.", "The customer sends the request."),
        ("You gotta ask the custmer.", "You have to ask the customer."),
        ("Bicycles and pencils are anew.", "Bicycles and pencils are anew."),
        ("The CSP and the MFA.", "The content security policy and the second factor authentication."),
        ("Call revokeSessions, keep HttpOnly and `cusotmer`.", "Call revoke Sessions, keep HttpOnly and `cusotmer`."),
    ],
)
def test_slips_are_read_as_what_they_stand_for(written: str, meant: str) -> None:
    """Misspelt and chat words, initials and joined names are read as meant; what is right, given or code stays."""
    read = spelling(["A customer sends each request once; a content security policy helps, and an HttpOnly cookie."])
    assert read(written) == meant


@pytest.mark.parametrize("topic", TOPICS)
async def test_slips_cost_no_accuracy(topic: str) -> None:
    """One letter left out of every third long word: clarity notices, accuracy stays within a level."""
    parts = ESSAYS[topic]["good"].split()
    slipped = " ".join(
        f"{part[:3]}{part[4:]}" if place % 3 == 0 and part.isalpha() and len(part) > 6 else part for place, part in enumerate(parts)
    )
    whole, misspelt = [await grade(task(topic, essay)) for essay in (ESSAYS[topic]["good"], slipped)]
    assert misspelt.dimensions[CLARITY].features["errors"] > whole.dimensions[CLARITY].features["errors"]
    assert abs(misspelt.dimensions[ACCURACY].level - whole.dimensions[ACCURACY].level) <= 1


async def test_waving_things_aside_costs_accuracy() -> None:
    """The same text with every measure called unnecessary covers less and says so."""
    point = "A copy must be kept offline, because ransomware encrypts every disk it can reach."
    said, waved = [
        await grade(task("backups", f"{point} {rest}"))
        for rest in ("Restoring is tested each month.", "Testing the restore is unnecessary, and other copies are not needed either.")
    ]
    assert waved.dimensions[ACCURACY].features["dismissals"] > said.dimensions[ACCURACY].features["dismissals"] == 0
    assert waved.dimensions[ACCURACY].features["score"] < said.dimensions[ACCURACY].features["score"]


async def test_being_sure_on_another_subject_costs_and_earns_nothing() -> None:
    """Assurances count where they are made about the question: about something else they change the belief in an answer neither way."""
    point = "A copy must be kept offline, because ransomware encrypts every disk it can reach."
    sure = "The disks of the backup are always safe, no ransomware can ever reach them, and nobody needs another proof of that."
    aside = "Bananas are always yellow, nobody doubts it, and grandmother certainly never bought any other fruit, which is proof enough."
    plain, said, elsewhere = [await grade(task("backups", text)) for text in (point, f"{point} {sure}", f"{point} {aside}")]
    trust = [draft.dimensions[ACCURACY].features["trust"] for draft in (plain, said, elsewhere)]
    assurance = [draft.dimensions[ACCURACY].features["assurance"] for draft in (plain, said, elsewhere)]
    assert trust[1] < trust[0] == trust[2]
    assert assurance[1] > assurance[2]


@pytest.mark.parametrize(
    ("opening", "dangles"),
    [
        ("It stands in the attacker's domain.", True),
        ("If it does not answer, show the usual price.", True),
        ("The second danger is a stolen password.", True),
        ("Therefore a random number decides.", True),
        ("It is good that the team has thought of fairness.", False),
        ("Both complaints have one root.", False),
        ("The first thing I would do is to look at the logs.", False),
        ("On Monday the team asks what happened.", False),
    ],
)
async def test_an_opening_must_not_point_back_to_nothing(opening: str, dangles: object) -> None:
    """A first sentence that only an earlier one could explain loses the signal, one that the question explains does not."""
    draft = await grade(task("backups", f"{opening} {ESSAYS['backups']['good']}"))
    assert (draft.dimensions[COHERENCE].features["opening"] == 0) is dangles


async def test_every_level_above_zero_is_proved() -> None:
    """All quotes of all essays are found again, none is missing where a level needs one, and accuracy cites what covers a point."""
    for essay_task in all_essays():
        draft = await grade(essay_task)
        verdict, failed = verify(draft, essay_task.essay)
        assert failed == {}
        assert not any(dimension.held for dimension in verdict.dimensions.values())
        assert all(bool(dimension.quotes) == (dimension.level != 0) for dimension in verdict.dimensions.values())


PIECES = st.one_of(
    st.sampled_from([sentence.text for topic in TOPICS for kind in KINDS for sentence in sentences(ESSAYS[topic][kind])]),
    st.sampled_from(
        ["\n\n", "- ", "1. ", "...", "i", "\u2014", "\u200b", "\u4fdd\u5b58\u5bc6\u94a5", "e\u0301", "!?", "(", "\u201c", "x" * 950]
    ),
    st.text(max_size=30),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=12), st.sampled_from([" ", "\n", "  "]))
async def test_any_text_is_graded_with_quotes_that_stand_in_it(pieces: list[str], gap: str) -> None:
    """Whatever is written, there is a verdict with every dimension, and no quote that the essay does not have."""
    essay_task = task("backups", gap.join(pieces))
    grader = BuiltinGrader(DirectEmbedder())
    draft = grader.read(essay_task, await grader.ask(essay_task))
    assert set(draft.dimensions) == set(Dimension)
    assert verify(draft, essay_task.essay).failed == {}


async def test_nothing_written_is_level_zero_everywhere() -> None:
    """A blank essay is judged without asking the embedder, and says why."""
    for essay in ("", "  \n", "...?!"):
        draft = await grade(task("backups", essay))
        assert [dimension.level for dimension in draft.dimensions.values()] == [0, 0, 0]
        assert all("no answer to read" in dimension.rationale for dimension in draft.dimensions.values())
        assert draft.topics_missed == tuple(point.id for point in RUBRICS["backups"].key_points)


async def test_features_add_up_to_the_score() -> None:
    """Every measured value is there with its contribution, and the contributions sum to what the level was cut from."""
    draft = await grade(task("passwords", ESSAYS["passwords"]["middling"]))
    for name in Dimension:
        features = draft.dimensions[name].features
        parts = [value for key, value in features.items() if key.endswith(".contribution")]
        assert sum(parts) == pytest.approx(features["score"], abs=0.002)
        assert all(key.removesuffix(".contribution") in features for key in features)
    features = draft.dimensions[ACCURACY].features
    points = [point.id for point in RUBRICS["passwords"].key_points]
    assert sum(features[f"point.{point}.of_coverage"] for point in points) == pytest.approx(features["coverage"], abs=0.002)
    assert all(0 <= features[f"point.{point}"] <= 1 for point in points)
    features = draft.dimensions[COHERENCE].features
    assert sum(value for key, value in features.items() if key.startswith("sign.")) == pytest.approx(features["order"], abs=0.002)


async def test_topics_follow_from_the_features() -> None:
    """A point is covered from the stated strength on, in the rubric's order, and is either covered or missed."""
    draft = await grade(task("passwords", ESSAYS["passwords"]["middling"]))
    points = [point.id for point in RUBRICS["passwords"].key_points]
    features = draft.dimensions[ACCURACY].features
    assert list(draft.topics_well) == [point for point in points if features[f"point.{point}"] >= CALIBRATION.point_counts]
    assert sorted((*draft.topics_well, *draft.topics_missed)) == sorted(points)


async def test_feedback_is_usable_and_fits_its_level() -> None:
    """Comments use the level's own descriptor, improvements the next one; no figures; no praise at the bottom, no want at the top."""
    for essay_task in all_essays():
        draft = await grade(essay_task)
        for name, dimension in draft.dimensions.items():
            descriptors = essay_task.rubric.dimension(name).levels
            assert descriptors[dimension.level] in dimension.rationale
            if dimension.level < MAX_LEVEL:
                assert descriptors[dimension.level + 1] in dimension.improvement
            else:
                assert "very good" in dimension.rationale
                assert "next step" not in dimension.improvement
            assert ("nothing here yet" in dimension.rationale) is (dimension.level == 0)
            assert not any(
                char.isdigit() for char in (dimension.rationale + dimension.improvement).replace("MD5", "").replace("Argon2", "")
            )
        assert draft.feedback


async def test_the_same_essay_gets_the_same_verdict_and_can_be_read_again() -> None:
    """No chance is involved, and a stored reply gives the draft back."""
    essay_task = task("backups", ESSAYS["backups"]["middling"])
    first, second = await GRADER.ask(essay_task), await GRADER.ask(essay_task, failed_quotes=("not there",))
    assert first.content == second.content
    stored = ModelReply.model_validate_json(first.model_dump_json())
    assert GRADER.read(essay_task, stored) == GRADER.read(essay_task, first)
    assert first.usage.duration_ms > 0
    assert first.usage.input_tokens == 0


def test_the_identity_changes_with_what_a_level_depends_on() -> None:
    """Thresholds and the embedder are part of the hash; the same make the same."""

    class Other(BuiltinEmbedder):
        name = "another/1"

    own = GRADER.identity
    assert (own.producer, own.model) == ("built-in", "built-in-grader/4")
    assert own == BuiltinGrader(BuiltinEmbedder()).identity
    assert own.prompt_hash != BuiltinGrader(Other()).identity.prompt_hash
    assert own.prompt_hash != BuiltinGrader(BuiltinEmbedder(), CALIBRATION.model_copy(update={"point_counts": 0.5})).identity.prompt_hash


def test_a_reply_that_holds_no_verdict_is_refused() -> None:
    """Reading names the fault."""
    with pytest.raises(ProviderError) as problem:
        GRADER.read(task("backups", "x"), ModelReply(content={"dimensions": {}}))
    assert problem.value.fault is Fault.INVALID_REPLY


async def test_it_refuses_to_work_inside_a_transaction() -> None:
    """Like any grader."""
    with transaction_marked(), pytest.raises(NetworkInsideTransaction):
        await GRADER.ask(task("backups", "Some words."))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["a b. ", "e.g. ", "\n", "no ", "the same key, ", "x", "first. "])
async def test_long_hostile_texts_take_no_longer_than_they_should(piece: str) -> None:
    """Twenty thousand characters of anything are graded within two seconds of processor time."""
    start = process_time()
    await GRADER.ask(task("backups", (piece * 20_000)[:20_000]))
    assert process_time() - start < 2


async def test_long_descriptors_fit_into_a_comment() -> None:
    """A rubric may say more than a comment has room for."""
    essay_task = task("backups", ESSAYS["backups"]["middling"])
    wordy = {"levels": tuple("a long description of what is asked here, " * 60 for _ in range(5))}
    rubric = essay_task.rubric.model_validate(
        {**essay_task.rubric.model_dump(), **dict.fromkeys(("clarity", "accuracy", "coherence"), wordy)}
    )
    draft = await grade(essay_task.model_copy(update={"rubric": rubric}))
    assert all(len(dimension.rationale) < 1_200 for dimension in draft.dimensions.values())
