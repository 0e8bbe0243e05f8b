"""What the demo's customers answered and wrote about is what the marts say, to the row."""

import csv
import re
from collections import Counter, defaultdict

import duckdb
import pytest

from scripts.metrics_engine import MetricsEngine
from scripts.project import ROOT

TRUTH = ROOT / "tests" / "truth"
REPORT = ROOT / "docs" / "feedback-themes.md"

# How right the rules have to be over all themes, in percent: some texts were written to mislead.
PRECISION_FLOOR, RECALL_FLOOR = 90, 75

Feedback = dict[tuple[str, str], tuple[set[str], set[str]]]


def truth(name: str) -> list[dict[str, str]]:
    with (TRUTH / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_survey_responses_to_the_row(warehouse: duckdb.DuckDBPyConnection) -> None:
    planted = truth("survey_responses")
    assert len(planted) > 1000
    columns = ", ".join(f"coalesce({column}::varchar, '')" for column in planted[0])
    found = warehouse.execute(f"select {columns} from marts.fct_survey_responses").fetchall()
    expected = {tuple(row.values()) for row in planted}
    # Three odd ones were planted among the raw rows.
    strays = {row[0]: row[1:3] for row in set(found) - expected}
    undated = strays.pop("sv_undated1")
    assert undated[1] == "", "a score counts although nobody knows when it was given"
    assert strays["sv_internal1"] == ("a001020", "detractor")
    assert strays["sv_orphan1"][0] == "unassigned"
    assert len(found) == len(expected) + 3


def test_every_outcome_of_an_answer_is_planted() -> None:
    planted = truth("survey_responses")
    loops = Counter(row["is_loop_closed_in_time"] for row in planted if row["category"])
    assert loops["true"] > 40
    assert loops["false"] > 20
    assert {row["is_paying_account"] for row in planted} == {"true", "false", ""}
    replaced = [row for row in planted if row["category"] and row["is_counted"] == "false"]
    assert len(replaced) > 20


def test_an_answer_without_an_invitation_is_rejected(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    rejected = dict(
        warehouse.execute(
            "select raw_key, reason_code from metadata.fct_rejected_rows "
            "where system = 'surveys' and raw_key in ('sv_x2', 'sv_x3')"
        ).fetchall()
    )
    assert rejected == {"sv_x2": "ends_before_start", "sv_x3": "missing_required_value"}


@pytest.fixture(scope="module")
def feedback(warehouse: duckdb.DuckDBPyConnection) -> Feedback:
    """Every text that counts: the themes it is about, and those the rules found."""
    about = defaultdict(set)
    for row in truth("themes"):
        about[row["text"]] |= {row["theme"]} - {""}
    texts = {
        (source, key): text
        for source, key, text in warehouse.execute(
            "select 'survey_comment', response_id, comment from staging.stg_surveys__responses "
            "union all "
            "select 'ticket_subject', ticket_id, subject from staging.stg_tickets__tickets"
        ).fetchall()
    }
    found = defaultdict(set)
    for source, key, theme in warehouse.execute(
        "select source_type, source_id, theme from marts.fct_feedback_themes"
    ).fetchall():
        found[source, key] |= {theme} - {"unclassified"}
    assert {texts[key] for key in found} <= about.keys()
    return {key: (about[texts[key]], themes) for key, themes in found.items()}


def right_wrong_missed(feedback: Feedback, theme: str | None = None) -> tuple[int, int, int]:
    """Mentions that the rules found rightly, found wrongly and missed."""
    right = wrong = missed = 0
    for about, found in feedback.values():
        picked = about | found if theme is None else {theme}
        right += len(picked & about & found)
        wrong += len(picked & (found - about))
        missed += len(picked & (about - found))
    return right, wrong, missed


def percentages(feedback: Feedback, theme: str | None = None) -> tuple[float, float]:
    """Precision and recall of the rules for a theme, or for all."""
    right, wrong, missed = right_wrong_missed(feedback, theme)
    return 100 * right / (right + wrong), 100 * right / (right + missed)


def test_rules_are_mostly_right_about_planted_themes(feedback: Feedback) -> None:
    precision, recall = percentages(feedback)
    assert PRECISION_FLOOR <= precision < 100
    assert RECALL_FLOOR <= recall < 100


def test_the_page_on_themes_tells_the_present_figures(feedback: Feedback) -> None:
    rows = re.findall(r"^\| (\w+) \| (\d+) % \| (\d+) % \|$", REPORT.read_text(), re.MULTILINE)
    told = {theme: (float(precision), float(recall)) for theme, precision, recall in rows}
    themes = {theme for about, found in feedback.values() for theme in about | found}
    present = {theme: percentages(feedback, theme) for theme in themes}
    present["all"] = percentages(feedback)
    assert told.keys() == present.keys()
    for theme, figures in told.items():
        assert figures == pytest.approx(present[theme], abs=1), theme


def test_mentions_by_theme(metrics_engine: MetricsEngine, feedback: Feedback) -> None:
    rows = metrics_engine.query(["theme_mentions"], ["feedback__theme"]).to_pylist()
    mentions = {row["feedback__theme"]: row["theme_mentions"] for row in rows}
    assert mentions == Counter(theme for _, found in feedback.values() for theme in found)
