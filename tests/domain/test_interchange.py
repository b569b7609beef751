"""Catalog files: what is written reads back as it was, what is wrong is told by its place, and no cell becomes a formula."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

import pytest
from catalogs import RECORD
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.domain.imports import CatalogFormat
from assay.domain.interchange import READERS, WRITERS
from assay.domain.interchange.cells import guarded, joined, split, unguarded
from assay.domain.interchange.rows import CatalogRow, Reading, UnreadableFile, slug_of_source
from assay.domain.interchange.vocabulary import Vocabulary, slugified

NAMES = {"sql": "SQL", "http": "HTTP", "ci-cd": "Continuous integration and delivery", "testing": "Software testing"}
CTID = "ce-6b3ab8f6-6c5e-4a55-9b0f-0123456789ab"


def texts(least: int, most: int) -> st.SearchStrategy[str]:
    """Any text that can be stored, often with what spreadsheets and lists are sensitive to."""
    character = st.one_of(st.sampled_from("=+-@'\t\r\n|\\\",; "), st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
    return st.text(character, min_size=least, max_size=most)


slugs = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,3}", fullmatch=True)
skills = st.sampled_from(sorted(NAMES))
rows = st.fixed_dictionaries(
    {
        "slug": slugs,
        "source_id": st.none() | texts(1, 40) | slugs.map(lambda slug: f"https://campus.example/{slug}"),
        "status": st.sampled_from(["draft", "published", "retired"]),
        "title": texts(3, 60),
        "provider": texts(2, 60),
        "description": texts(40, 120),
        "outcomes": st.lists(texts(10, 60), min_size=1, max_size=4),
        "skills": st.lists(skills, min_size=1, max_size=4),
        "level": st.sampled_from(["beginner", "intermediate", "advanced"]),
        "workload_hours": st.integers(1, 2_000),
        "language": st.from_regex(r"[a-z]{2}", fullmatch=True),
        "assessment": texts(0, 60),
        "prerequisites": st.lists(slugs, max_size=3),
        "prerequisite_skills": st.lists(skills, max_size=3),
        "awarding_body": texts(0, 40),
        "country": st.none() | st.from_regex(r"[A-Z]{2}", fullmatch=True),
        "ects": st.none() | st.floats(0, 300, exclude_min=True),
        "eqf_level": st.none() | st.integers(1, 8),
        "participation": st.sampled_from([None, "online", "onSite", "blended"]),
        "supervision": st.sampled_from([None, "none", "supervised", "identityVerified"]),
        "quality_assurance": texts(0, 40),
        "stackability": texts(0, 40),
        "homepage": texts(0, 40),
    }
).map(CatalogRow.model_validate)


def written(kind: CatalogFormat, written_rows: Iterable[CatalogRow]) -> bytes:
    """The file of these rows."""
    writer = WRITERS[kind]
    return writer.begin + writer.between.join(writer.each(row, NAMES) for row in written_rows) + writer.end


def read(kind: CatalogFormat, data: bytes, *, grows: bool = False) -> tuple[list[Reading], dict[str, int]]:
    """The rows of a file, and what was not understood."""
    unknown: dict[str, int] = {}
    return list(READERS[kind](io.BytesIO(data), Vocabulary(NAMES, grows=grows), unknown)), unknown


def csv_of(*raws: dict[str, str], delimiter: str = ",") -> bytes:
    """A CSV file as somebody else would write it."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(raws[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(raws)
    return out.getvalue().encode()


PLAIN = {
    **{name: str(value) for name, value in RECORD.items() if not isinstance(value, list)},
    "outcomes": "|".join(RECORD["outcomes"]),
    "skills": "sql",
}


@pytest.mark.parametrize("kind", CatalogFormat)
@settings(max_examples=40)
@given(made=st.lists(rows, max_size=2))
def test_what_is_written_reads_back_as_it_was(kind: CatalogFormat, made: list[CatalogRow]) -> None:
    """Every field of every row, whatever its texts hold, and nothing is left not understood."""
    found, unknown = read(kind, written(kind, made))
    assert [(reading.record, reading.problems) for reading in found] == [(row, ()) for row in made]
    assert unknown == {}


@given(text=texts(0, 40))
def test_no_cell_is_a_formula(text: str) -> None:
    """A guarded cell begins with none of the characters that spreadsheets act on, and gives its text back."""
    cell = guarded(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))
    assert unguarded(cell) == text


@settings(max_examples=40)
@given(made=rows)
def test_no_cell_of_an_export_is_a_formula(made: CatalogRow) -> None:
    """In the whole file as a spreadsheet reads it."""
    (_, cells) = csv.reader(io.StringIO(written(CatalogFormat.CSV, [made]).decode(), newline=""))
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@given(items=st.lists(texts(1, 20), max_size=5))
def test_a_list_in_a_cell_comes_back(items: list[str]) -> None:
    """Whatever its items hold, white space at their ends too."""
    assert split(joined(items)) == items


def test_a_list_may_be_laid_out() -> None:
    """White space around items is layout; an escaped separator is text."""
    assert split(" sql | http|a\\|b ") == ["sql", "http", "a|b"]
    assert split("  ") == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_of_somebody_else(delimiter: str) -> None:
    """With a byte order mark, snake_case, names of skills, another separator, and a column there is no field for."""
    raw = {**PLAIN, "workload_hours": "25", "skills": "SQL| software testing", "price": "10"}
    del raw["workloadHours"]
    (reading,), unknown = read(CatalogFormat.CSV, b"\xef\xbb\xbf" + csv_of(raw, delimiter=delimiter))
    assert reading.problems == ()
    assert reading.record == CatalogRow.model_validate({**RECORD, "skills": ["sql", "testing"]})
    assert unknown == {"price": 1}


def test_what_is_wrong_in_a_csv_is_told_by_line() -> None:
    """A record of several lines counts from its first; cells too few, bytes that are no text, a skill there is not, a lone quote."""
    multiline = {**PLAIN, "description": RECORD["description"] + "\nAnd more."}
    lines = [
        csv_of(multiline).decode(),
        "only,three,cells\r\n",
        ",".join(csv_of({**PLAIN, "skills": "witchcraft"}).decode().splitlines()[1:]) + "\r\n",
        "\r\n",
        csv_of({**PLAIN, "workloadHours": "many"}).decode().splitlines()[1] + "\r\n",
    ]
    data = "".join(lines).encode() + csv_of({**PLAIN, "title": "Bytes ??"}).splitlines()[1].replace(b"??", b"\xff\xfe")
    found, _ = read(CatalogFormat.CSV, data)
    assert [(reading.row, reading.line) for reading in found] == [(1, 2), (2, 4), (3, 5), (4, 7), (5, 8)]
    assert [[problem.pointer for problem in reading.problems] for reading in found] == [[], [""], ["/skills/0"], ["/workloadHours"], [""]]
    assert "3 cells" in found[1].problems[0].message
    assert found[2].problems[0].message == "there is no skill called witchcraft"
    assert "UTF-8" in found[4].problems[0].message


def test_an_endless_line_is_one_bad_row() -> None:
    """Of three megabytes without an end of line one is read; the row after it is read as ever."""
    head, good = csv_of(PLAIN).split(b"\r\n")[:2]
    for kind, data in (
        (CatalogFormat.CSV, head + b"\n" + b"x" * 3_000_000 + b"\n" + good),
        (CatalogFormat.JSONL, b'{"slug": "' + b"x" * 3_000_000 + b'"}\n' + json.dumps(RECORD).encode()),
    ):
        bad, fine = read(kind, data)[0]
        assert (bad.record, fine.record) == (None, CatalogRow.model_validate(RECORD))


def test_a_header_without_names_is_no_catalog() -> None:
    """Neither a file without a header nor one that names a column twice is read."""
    for data in (b"", b"1,2,3\n", b"slug,slug\n", b"slug,workloadHours,workload_hours\n"):
        with pytest.raises(UnreadableFile):
            read(CatalogFormat.CSV, data)


def test_what_is_wrong_in_json_lines_is_told_by_line() -> None:
    """Empty lines count as lines; what is no JSON, no object, or no credential is one row."""
    data = "\n".join(
        [json.dumps(RECORD), "", "{", "[]", json.dumps({**RECORD, "level": "wizard", "price": 1}), json.dumps({**RECORD, "slug": None})]
    )
    found, unknown = read(CatalogFormat.JSONL, data.encode())
    assert [(reading.row, reading.line, [problem.pointer for problem in reading.problems]) for reading in found] == [
        (1, 1, []),
        (2, 3, [""]),
        (3, 4, [""]),
        (4, 5, ["/level"]),
        (5, 6, [""]),
    ]
    assert unknown == {"price": 1}


def node(**changes: Any) -> dict[str, Any]:
    """A credential as the registry tells it."""
    return {
        "@type": "ceterms:MicroCredential",
        "@id": f"https://credentialengineregistry.org/resources/{CTID}",
        "ceterms:ctid": CTID,
        "ceterms:name": {"de": "Anfragepläne lesen", "en-US": "Reading Query Plans"},
        "ceterms:description": {"en-US": RECORD["description"]},
        "ceterms:inLanguage": ["en-US"],
        "ceterms:ownedBy": ["https://campus.example/organization"],
        "ceterms:audienceLevelType": [{"@type": "ceterms:CredentialAlignmentObject", "ceterms:targetNode": "audLevel:AdvancedLevel"}],
        "ceterms:estimatedDuration": [{"@type": "ceterms:DurationProfile", "ceterms:exactDuration": "PT40H"}],
        "ceterms:keyword": {"en-US": ["SQL", "Basket weaving"]},
        "ceterms:requires": [
            {
                "@type": "ceterms:ConditionProfile",
                "ceterms:targetCompetency": [
                    {"@type": "ceterms:CredentialAlignmentObject", "ceterms:targetNode": "https://campus.example/competency/1"},
                    {"ceterms:targetNodeName": {"en-US": "Choose an index and say what it costs"}},
                ],
                "ceterms:targetCredential": ["https://campus.example/credentials/ce-11111111-2222-4333-8444-555555555555"],
            }
        ],
        "ceterms:image": "https://campus.example/logo.png",
        **changes,
    }


REFERRED = [
    {
        "@type": "ceterms:CredentialOrganization",
        "@id": "https://campus.example/organization",
        "ceterms:name": {"en": "Lakeside University"},
    },
    {
        "@type": "ceasn:Competency",
        "@id": "https://campus.example/competency/1",
        "ceasn:competencyText": {"en-US": "Find the costliest step of a query plan"},
    },
    {"@type": "ceasn:CompetencyFramework", "@id": "https://campus.example/framework", "ceasn:name": {"en": "Databases"}},
    {"@type": "ceterms:Course", "@id": "https://campus.example/course"},
]


@pytest.mark.parametrize(
    "document",
    [
        {"@context": "https://credreg.net/ctdl/schema/context/json", "@graph": [node(), *REFERRED]},
        [*REFERRED, node()],
        [{"@graph": [node()]}, {"@graph": REFERRED}],
    ],
    ids=["graph", "list", "graphs"],
)
def test_ctdl_of_the_registry(document: Any) -> None:
    """Organizations and competencies are looked up wherever they stand; what is not understood is counted by name."""
    (reading,), unknown = read(CatalogFormat.CTDL, json.dumps(document).encode())
    assert reading.problems == ()
    record = reading.record
    assert record is not None
    assert (record.slug, record.source_id, record.title, record.provider) == (None, CTID, "Reading Query Plans", "Lakeside University")
    assert (record.level, record.workload_hours, record.skills, record.language) == ("advanced", 40, ("sql",), "en")
    assert record.outcomes == tuple(RECORD["outcomes"])
    assert record.prerequisites == ("ce-11111111-2222-4333-8444-555555555555",)
    assert unknown == {"ceterms:image": 1, "subjects and keywords outside the vocabulary": 1, "@type ceterms:Course": 1}


def test_ctdl_spelt_out_and_alone() -> None:
    """One node without a graph, its terms as addresses; ECTS tell the workload where no hours do."""
    whole = node(**{"ceterms:ownedBy": [{"ceterms:name": "Lakeside University"}]})
    del whole["ceterms:estimatedDuration"]
    whole["ceterms:creditValue"] = [{"schema:value": 2, "ceterms:creditUnitType": [{"ceterms:targetNodeName": {"en": "ECTS credits"}}]}]
    whole["ceterms:targetCompetency"] = ["Find the costliest step of a query plan"]
    spelt = {name.replace("ceterms:", "https://purl.org/ctdl/terms/"): value for name, value in whole.items()}
    (reading,), _ = read(CatalogFormat.CTDL, json.dumps(spelt).encode())
    assert reading.record is not None, reading.problems
    assert (reading.record.workload_hours, reading.record.ects) == (50, 2)


def test_ctdl_that_lacks_something_is_told_by_pointer() -> None:
    """Ten weeks are no workload; the pointer leads through the graph; a file that breaks off is not read at all."""
    weeks = node(**{"ceterms:estimatedDuration": [{"ceterms:exactDuration": "P10W"}]})
    data = json.dumps({"@graph": [*REFERRED, weeks]})
    (reading,), _ = read(CatalogFormat.CTDL, data.encode())
    assert [problem.pointer for problem in reading.problems] == [f"/@graph/{len(REFERRED)}/workloadHours"]
    with pytest.raises(UnreadableFile):
        read(CatalogFormat.CTDL, data[:-10].encode())


def test_new_skills_are_taken_in_where_that_is_wanted() -> None:
    """By a slug of their name, and kept only for rows that are accepted."""
    raw = {**RECORD, "skills": ["SQL", "Query Plans!", "日本語"]}
    (refused,), _ = read(CatalogFormat.JSONL, json.dumps(raw).encode(), grows=True)
    assert [problem.pointer for problem in refused.problems] == ["/skills/2"]
    words = Vocabulary(NAMES, grows=True)
    assert words.slug("Query Plans!") == "query-plans"
    assert words.new == {}
    words.keep(("sql", "query-plans"))
    assert words.new == {"query-plans": "Query Plans!"}


@given(text=texts(0, 120))
def test_a_slug_of_any_text_is_a_slug(text: str) -> None:
    """Or nothing."""
    slug = slugified(text)
    assert slug == "" or CatalogRow.model_validate({**RECORD, "slug": slug}).slug == slug


def test_a_source_has_one_slug() -> None:
    """Its CTID, or a hash; never two sources one."""
    assert slug_of_source(f"https://credentialengineregistry.org/resources/{CTID}") == CTID
    assert slug_of_source(CTID) == CTID
    assert slug_of_source("a") != slug_of_source("b")
    assert CatalogRow.model_validate({**RECORD, "slug": slug_of_source("Ünïcode/17")})
