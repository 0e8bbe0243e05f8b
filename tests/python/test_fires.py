"""The six fires: what explains a number, on rows by hand, and the answers against the marts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import duckdb
import pytest

from scripts.metrics_engine import MetricsEngine
from scripts.pages import six_fires
from scripts.pages.facts import Facts
from scripts.pages.fires import (
    ACCOUNT,
    ACCOUNT_ID,
    QUESTIONS,
    Ask,
    Fire,
    fires,
    proposals,
    ranked,
    span,
    without_lead,
    without_use,
)
from scripts.pages.parts import Page
from scripts.project import Places

MONTH = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("month", "months", "years_back", "first", "last"),
    [
        (date(2026, 6, 1), 1, 0, date(2026, 6, 1), date(2026, 6, 30)),
        (date(2026, 6, 1), 12, 0, date(2025, 7, 1), date(2026, 6, 30)),
        (date(2026, 6, 1), 12, 1, date(2024, 7, 1), date(2025, 6, 30)),
        (date(2024, 2, 1), 1, 0, date(2024, 2, 1), date(2024, 2, 29)),
        (date(2025, 12, 1), 12, 0, date(2025, 1, 1), date(2025, 12, 31)),
        (date(2026, 1, 1), 2, 0, date(2025, 12, 1), date(2026, 1, 31)),
    ],
)
def test_months_that_end_with_a_month(
    month: date, months: int, years_back: int, first: date, last: date
) -> None:
    assert span(month, months, years_back) == (first, last)


def test_three_highest_count_and_equal_ones_stand_by_name() -> None:
    rows = [
        {"name": "d", "value": 4},
        {"name": "b", "value": 7},
        {"name": "a", "value": 4},
        {"name": "c", "value": None},  # nothing was measured
        {"name": None, "value": 99},  # of nobody
        {"name": "e", "value": -1},
        {"name": "f", "value": 5},
    ]
    assert [row["name"] for row in ranked(rows, "value", "name")] == ["b", "f", "a"]
    assert [row["name"] for row in ranked(rows, "value", "name", lowest_first=True)] == [
        "e",
        "a",
        "d",
    ]
    assert ranked([], "value", "name") == []


def test_unused_is_no_week_of_use_and_not_what_was_never_measured() -> None:
    rows = [
        {ACCOUNT: "idle", "active_account_rate": 0.0},
        {ACCOUNT: "busy", "active_account_rate": 1.0},
        {ACCOUNT: "new", "active_account_rate": None},
    ]
    assert [row[ACCOUNT] for row in without_use(rows)] == ["idle"]


def test_unpursued_is_by_account_and_not_by_name() -> None:
    signals = [
        {ACCOUNT_ID: "1", ACCOUNT: "Maple", "accounts_with_expansion_signal": 1},
        {ACCOUNT_ID: "2", ACCOUNT: "Maple", "accounts_with_expansion_signal": 1},
        {ACCOUNT_ID: "3", ACCOUNT: "Elm", "accounts_with_expansion_signal": 0},
        {ACCOUNT_ID: "4", ACCOUNT: "Oak", "accounts_with_expansion_signal": None},
        {ACCOUNT_ID: "5", ACCOUNT: "Ash", "accounts_with_expansion_signal": 1},
    ]
    leads = [
        {ACCOUNT_ID: "1", "cs_qualified_leads": 2},
        {ACCOUNT_ID: "5", "cs_qualified_leads": None},
    ]
    assert [row[ACCOUNT_ID] for row in without_lead(signals, leads)] == ["2", "5"]


def test_proposals_are_of_the_playbook_and_soonest_first() -> None:
    queue = [
        {"playbook_key": "usage_drop", "account_name": "c", "due_date": date(2026, 7, 7)},
        {"playbook_key": "usage_drop", "account_name": "b", "due_date": date(2026, 7, 7)},
        {"playbook_key": "usage_drop", "account_name": "z", "due_date": date(2026, 7, 5)},
        {"playbook_key": "kickoff", "account_name": "c", "due_date": date(2026, 7, 1)},
        {"playbook_key": "usage_drop", "account_name": None, "due_date": date(2026, 7, 3)},
    ]
    assert [row["account_name"] for row in proposals(queue, "usage_drop")] == [
        None,
        "z",
        "b",
        "c",
    ]


@pytest.fixture(scope="module")
def answers(metrics_engine: MetricsEngine, warehouse: duckdb.DuckDBPyConnection) -> dict[str, Fire]:
    queue = warehouse.execute("select * from marts.rpt_cta_queue").to_arrow_table().to_pylist()
    return {fire.question.key: fire for fire in fires(metrics_engine, MONTH, queue)}


def test_every_question_is_answered(answers: dict[str, Fire]) -> None:
    assert len(QUESTIONS) == 6
    for fire in answers.values():
        own = fire.numbers[: len(fire.question.asked)]
        assert all(number.value is not None for number in own), fire.question.key
        assert all(number.year_before is not None for number in own), fire.question.key
        assert len(fire.causes) == 3, fire.question.key
        assert (fire.play is None) == bool(fire.question.advice)


@pytest.mark.parametrize(
    ("first", "month", "largest_closed"),
    [("2025-07-01", MONTH, "Rowan Motors"), ("2023-06-01", date(2024, 5, 1), "Kestrel Finance")],
)
def test_churn_that_could_be_kept_is_what_the_movements_say(
    metrics_engine: MetricsEngine,
    warehouse: duckdb.DuckDBPyConnection,
    first: str,
    month: date,
    largest_closed: str,
) -> None:
    """Counted from MRR itself: what the leavers paid before, but of those that closed down."""
    lost = warehouse.execute(
        """
        select
            accounts.account_name,
            (
                select before.mrr from marts.fct_account_months as before
                where
                    before.account_id = months.account_id
                    and before.month_start = months.month_start - interval 1 month
            ) - months.mrr + coalesce(months.fx_mrr, 0),
            (
                select reasons.reason from marts.fct_mrr_movement_reasons as reasons
                where
                    reasons.account_id = months.account_id
                    and reasons.month_start = months.month_start
                    and reasons.movement_type = 'churn'
            ) as reason
        from marts.fct_account_months as months
        join marts.dim_accounts as accounts using (account_id)
        where months.is_churned and months.month_start between cast(? as date) and ?
        """,
        [first, month],
    ).fetchall()
    closed = [row for row in lost if row[2] == "company_closed"]
    could_be_kept = [row for row in lost if row[2] != "company_closed"]
    assert max(closed, key=lambda row: row[1])[0] == largest_closed
    question, ask = QUESTIONS[0], Ask(metrics_engine, month)
    assert ask.number(question.asked[0]).value == -sum(amount for _, amount, _ in could_be_kept)
    largest = sorted(could_be_kept, key=lambda row: -row[1])[:3]
    assert [(cause.label, cause.value) for cause in question.causes(ask)] == [
        (name, -amount) for name, amount, _ in largest
    ]


def test_arr_at_risk_is_of_the_red_and_renewing_accounts(
    answers: dict[str, Fire], warehouse: duckdb.DuckDBPyConnection
) -> None:
    rows = warehouse.execute(
        """
        select accounts.account_name, scores.arr_at_risk
        from marts.fct_health_scores as scores
        join marts.dim_accounts as accounts using (account_id)
        where
            scores.is_champion
            and scores.period_type = 'month_end'
            and scores.observation_date = '2026-06-30'
        order by scores.arr_at_risk desc
        """
    ).fetchall()
    fire = answers["health"]
    assert fire.numbers[1].value == sum(amount for _, amount in rows)
    assert [(cause.label, cause.value) for cause in fire.causes] == rows[:3]


def test_unused_accounts_are_the_largest_by_what_they_pay(
    answers: dict[str, Fire], warehouse: duckdb.DuckDBPyConnection
) -> None:
    rows = warehouse.execute(
        """
        select accounts.account_name, 12 * months.mrr
        from marts.fct_account_months as months
        join marts.dim_accounts as accounts using (account_id)
        where
            months.month_start = '2026-06-01'
            and months.is_active_customer
            and months.is_active_every_week = false
        order by months.mrr desc
        limit 3
        """
    ).fetchall()
    assert [(cause.label, cause.value) for cause in answers["adoption"].causes] == rows


def test_overloaded_managers_are_those_of_the_capacity_report(
    answers: dict[str, Fire], warehouse: duckdb.DuckDBPyConnection
) -> None:
    rows = warehouse.execute(
        """
        select csm_id, csm_load from marts.rpt_csm_capacity
        where month_start = '2026-06-01' order by csm_load desc limit 3
        """
    ).fetchall()
    found = [(cause.label, cause.value) for cause in answers["capacity"].causes]
    assert [name for name, _ in found] == [name for name, _ in rows]
    assert [value for _, value in found] == pytest.approx([float(load) for _, load in rows])


def test_slowest_hand_offs_are_the_medians_of_the_segments(
    answers: dict[str, Fire], warehouse: duckdb.DuckDBPyConnection
) -> None:
    rows = warehouse.execute(
        """
        select history.segment, median(cycle_time_days) as days
        from marts.fct_onboarding_projects as projects
        join marts.dim_account_history as history using (account_version_id)
        where
            projects.is_counted
            and projects.completed_date between '2025-07-01' and '2026-06-30'
        group by history.segment
        order by days desc
        limit 1
        """
    ).fetchall()
    cause = answers["hand_offs"].causes[0]
    assert [(cause.label, cause.value)] == [(rows[0][0].replace("_", " "), rows[0][1])]


def test_missed_expansion_has_a_signal_and_no_lead_of_a_year(
    answers: dict[str, Fire], warehouse: duckdb.DuckDBPyConnection
) -> None:
    rows = warehouse.execute(
        """
        select accounts.account_name, 12 * signals.mrr
        from marts.fct_expansion_signals as signals
        join marts.dim_accounts as accounts using (account_id)
        where
            signals.month_start = '2026-06-01'
            and signals.has_any_signal
            and signals.account_id not in (
                select leads.account_id from marts.fct_cs_qualified_leads as leads
                where leads.created_date between '2025-07-01' and '2026-06-30'
            )
        order by signals.mrr desc
        limit 3
        """
    ).fetchall()
    assert [(cause.label, cause.value) for cause in answers["expansion"].causes] == rows


def test_a_play_says_how_often_it_was_done_in_time(
    answers: dict[str, Fire], warehouse: duckdb.DuckDBPyConnection
) -> None:
    rows = warehouse.execute(
        """
        select count(*) filter (where is_completed_within_sla), count(*) from marts.fct_ctas
        where
            playbook_key = 'seat_expansion' and is_counted and is_due
            and due_date between '2025-07-01' and '2026-06-30'
        """
    ).fetchall()
    done, due = rows[0]
    assert 0 < done < due
    fire = answers["expansion"]
    assert fire.play is not None
    assert fire.play.name == "Offer more seats"
    assert len(fire.numbers) == len(fire.question.asked) + 1
    assert fire.numbers[-1].value == pytest.approx(done / due)


@pytest.fixture(scope="module")
def facts() -> Iterator[Facts]:
    facts = Facts(Places.of().published_file)
    yield facts
    facts.close()


@pytest.fixture(scope="module")
def page(facts: Facts) -> Page:
    return six_fires.page(facts)


def test_a_table_that_would_be_empty_says_so(
    facts: Facts, page: Page, answers: dict[str, Fire]
) -> None:
    fire = answers["churn"]
    assert fire.play is not None
    calm = replace(fire, causes=[], play=replace(fire.play, proposed=[]))
    _, _, causes, play = six_fires.section(facts, calm).parts
    assert [row.cells for row in (*causes.rows, *play.rows)] == [["nobody", "", ""]] * 2


def test_the_page_asks_the_six_questions(page: Page) -> None:
    assert [section.key for section in page.sections] == [
        "churn",
        "health",
        "adoption",
        "capacity",
        "hand_offs",
        "expansion",
    ]
    for section in page.sections:
        assert [part.kind for part in section.parts] == ["figures", "chart", "table", "table"]


def test_tiles_say_number_months_and_year_before(page: Page, answers: dict[str, Fire]) -> None:
    figures = page.sections[0].parts[0].figures
    lost, capture, done = answers["churn"].numbers
    assert [(each.metric, each.name, each.text, each.notes) for each in figures] == [
        (
            "mrr_change",
            "Churned, but not closed down",
            f"−${-lost.value / 1000:.1f}k",
            ["12 months to Jun 2026", f"−${-lost.year_before / 1000:.1f}k a year before"],
        ),
        (
            "health_risk_capture",
            "Health risk capture",
            f"{100 * capture.value:.1f} %",
            ["12 months to Jun 2026", f"{100 * capture.year_before:.1f} % a year before"],
        ),
        (
            "playbook_execution_rate",
            "“Champion left” done in time",
            f"{100 * done.value:.1f} %",
            ["12 months to Jun 2026", f"{100 * done.year_before:.1f} % a year before"],
        ),
    ]
    at_month_end = page.sections[1].parts[0].figures[0]
    assert at_month_end.notes[0] == "Jun 2026"


def test_tables_say_who_explains_it_and_what_to_do(
    page: Page, answers: dict[str, Fire], warehouse: duckdb.DuckDBPyConnection
) -> None:
    _, _, causes, play = page.sections[0].parts
    assert [row.cells[0] for row in causes.rows] == [
        f"{cause.label} ({cause.note})" for cause in answers["churn"].causes
    ]
    assert {row.cells[1].metric for row in causes.rows} == {"mrr_change"}
    assert play.title == "The play to run: Champion left"
    for section, playbook in zip(page.sections, [q.playbook for q in QUESTIONS], strict=True):
        proposed = warehouse.execute(
            """
            select account_name, reason, strftime(due_date, '%-d %b %Y')
            from marts.rpt_cta_queue where playbook_key = ? order by due_date, account_name
            """,
            [playbook],
        ).fetchall()
        shown = [tuple(row.cells) for row in section.parts[3].rows]
        assert shown == proposed or not playbook
    (advice,) = page.sections[3].parts[3].rows
    assert advice.cells == [QUESTIONS[3].advice]


def test_without_data_there_is_no_answer_and_no_error(metrics_engine: MetricsEngine) -> None:
    for fire in fires(metrics_engine, date(2019, 3, 1), queue=[]):
        assert not any(number.value for number in fire.numbers), fire.question.key
        assert fire.causes == []
        assert fire.play is None or fire.play.proposed == []


def test_money_stays_exact(answers: dict[str, Fire]) -> None:
    assert isinstance(answers["churn"].numbers[0].value, Decimal)
