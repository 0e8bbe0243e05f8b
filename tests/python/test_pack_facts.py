"""The facts of a week and a month: what metric queries say, parts that add up, what was told."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest
import yaml

from scripts.metrics_engine import MetricsEngine
from scripts.pack import facts
from scripts.pack.facts import (
    SEVERAL,
    Headline,
    PeriodFacts,
    asked_metrics,
    period_facts,
    told_file,
)
from scripts.pack.period import Period, month, require_over, week_ending
from scripts.project import ROOT, Places, UsageError, UserError

JUNE, WEEK = month("2026-06"), week_ending("2026-06-28")
NOWHERE = Path("nowhere/bellwether.duckdb")  # beside it no pack was written


@pytest.fixture(scope="module")
def june(metrics_engine: MetricsEngine) -> PeriodFacts:
    return period_facts(metrics_engine, NOWHERE, JUNE)


@pytest.fixture(scope="module")
def week(metrics_engine: MetricsEngine) -> PeriodFacts:
    return period_facts(metrics_engine, NOWHERE, WEEK)


@pytest.fixture(scope="module")
def headlines(june: PeriodFacts, week: PeriodFacts) -> Iterator[list[Headline]]:
    return [*june.headlines, *week.headlines]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two headlines do where it isn't about them."""
    for grain, names in {"month": ("mrr", "csat"), "week": ("tickets_opened",)}.items():
        monkeypatch.setitem(facts.HEADLINES, grain, names)


def of(told: PeriodFacts, metric: str) -> Headline:
    return next(each for each in told.headlines if each.metric == metric)


# --- Periods ----------------------------------------------------------------------------


def test_a_week_ends_on_its_sunday() -> None:
    assert Period("week", date(2026, 6, 22), date(2026, 6, 28)) == WEEK
    assert WEEK.previous == Period("week", date(2026, 6, 15), date(2026, 6, 21))
    assert WEEK.last_month == month("2026-05")
    assert week_ending("2026-05-31").last_month == month("2026-05")


def test_months_go_back_over_the_year() -> None:
    assert month("2026-01").previous == month("2025-12")
    assert month("2026-01").back(13) == month("2024-12")
    assert month("2025-12").back(-1) == month("2026-01")
    assert month("2024-02").end == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("read", "text", "sentence"),
    [
        (week_ending, "2026-06-25", "is a Thursday.*ends on 2026-06-28"),
        (week_ending, "2026-W26", "is not a date"),
        (week_ending, "2026-02-30", "is not a date"),
        (week_ending, "20260628", "is not a date"),
        (month, "2026-13", "is not a month"),
        (month, "06/2026", "is not a month"),
        (month, "2026-6", "is not a month"),
        (month, "0000-01", "is not a month"),
        (month, "", "is not a month"),
    ],
)
def test_a_badly_written_period_is_told(read: object, text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        read(text)


def test_a_period_that_is_not_over_is_told() -> None:
    require_over(JUNE, date(2026, 6, 30))
    with pytest.raises(UsageError, match="June 2026 is not over on 29 Jun 2026"):
        require_over(JUNE, date(2026, 6, 29))
    with pytest.raises(UsageError, match="The week of 29 Jun 2026 to 5 Jul 2026 is not over"):
        require_over(week_ending("2026-07-05"), date(2026, 6, 30))


def test_a_period_without_data_is_told(metrics_engine: MetricsEngine) -> None:
    for period in (month("2019-03"), week_ending("2019-03-31")):
        with pytest.raises(UsageError, match="There are no data of"):
            period_facts(metrics_engine, NOWHERE, period)


# --- Numbers ----------------------------------------------------------------------------


def test_values_are_those_of_the_exported_tables(
    june: PeriodFacts, warehouse: duckdb.DuckDBPyConnection
) -> None:
    """fct_metric_values, which the build computes by the company and by segment."""
    stored = dict(
        warehouse.execute(
            "select metric_name, value from metadata.fct_metric_values "
            "where month_start = '2026-06-01' and segment = 'all'"
        ).fetchall()
    )
    compared = 0
    for headline in june.headlines:
        if headline.value is not None and headline.metric in stored:
            assert float(headline.value) == pytest.approx(float(stored[headline.metric]), abs=1e-6)
            compared += 1
    assert compared > 20


def test_a_week_is_counted_in_the_tickets_themselves(
    week: PeriodFacts, warehouse: duckdb.DuckDBPyConnection
) -> None:
    counted = "select count(*) from marts.fct_tickets where is_counted and created_date between"
    for headline_value, days in (
        (of(week, "tickets_opened").value, "'2026-06-22' and '2026-06-28'"),
        (of(week, "tickets_opened").previous, "'2026-06-15' and '2026-06-21'"),
    ):
        assert warehouse.execute(f"{counted} {days}").fetchone() == (headline_value,)


def test_every_change_is_the_sum_of_its_parts(headlines: list[Headline]) -> None:
    told = [headline for headline in headlines if headline.change is not None]
    assert len(told) > 25
    for headline in told:
        difference = float(headline.value) - float(headline.previous)
        assert float(headline.change) == pytest.approx(difference, abs=1e-9)
        assert sum((part.change for part in headline.segments), Fraction(0)) == headline.change
        assert sum((part.change for part in headline.accounts), Fraction(0)) == headline.change


def test_only_people_are_counted_in_several_parts(headlines: list[Headline]) -> None:
    """A user of two accounts is one user; of everything else the parts alone add up."""
    split = {
        headline.metric
        for headline in headlines
        for part in (*headline.segments, *headline.accounts)
        if part.key == SEVERAL
    }
    assert split <= {"monthly_active_users"}


def test_segments_of_a_sum_are_its_values(
    june: PeriodFacts, warehouse: duckdb.DuckDBPyConnection
) -> None:
    by_segment = dict(
        warehouse.execute(
            "select coalesce(account__segment, 'unassigned'), "
            "sum(case metric_time__month when '2026-06-01' then mrr else -mrr end) "
            "from metrics.monthly_revenue_by_segment "
            "where metric_time__month in ('2026-05-01', '2026-06-01') group by all"
        ).fetchall()
    )
    parts = {part.key or "unassigned": part.change for part in of(june, "mrr").segments}
    assert parts == {segment: Fraction(change) for segment, change in by_segment.items()}
    assert len(parts) >= 3


def test_movements_together_are_the_change_of_mrr(june: PeriodFacts, week: PeriodFacts) -> None:
    assert sum(june.bridge.values()) == of(june, "mrr").value - of(june, "mrr").previous
    assert {"new", "expansion", "churn"} <= set(june.bridge)
    assert week.bridge == {}


def test_a_ratio_rests_on_what_it_is_divided_by(
    june: PeriodFacts, warehouse: duckdb.DuckDBPyConnection
) -> None:
    """The fewer tickets with a score of both months."""
    (fewer,) = warehouse.execute(
        "select least(count(*) filter (solved_date < '2026-06-01'), "
        "count(*) filter (solved_date >= '2026-06-01')) from marts.fct_tickets "
        "where is_counted and csat_score is not null "
        "and solved_date between '2026-05-01' and '2026-06-30'"
    ).fetchone() or (None,)
    assert of(june, "csat").base == fewer
    assert of(june, "mrr").base is None


def test_segments_of_a_ratio_are_those_of_rates_and_shares(
    june: PeriodFacts, warehouse: duckdb.DuckDBPyConnection
) -> None:
    """NRR, worked out anew: each segment's rate and share of the MRR of twelve months ago."""
    rows = warehouse.execute(
        "select case month_start when '2026-06-01' then 1 else 0 end as at, segment, "
        "sum(mrr) as now, sum(mrr_12_months_ago) as then "
        "from marts.fct_account_retention as retained "
        "inner join marts.dim_account_history as account "
        "on retained.account_version_12_months_ago_id = account.account_version_id "
        "where month_start in ('2026-05-01', '2026-06-01') group by all"
    ).fetchall()
    whole = {at: sum(float(now) for a, _, now, _ in rows if a == at) for at in (0, 1)}
    base = {at: sum(float(then) for a, _, _, then in rows if a == at) for at in (0, 1)}
    middle = (whole[0] / base[0] + whole[1] / base[1]) / 2
    headline = of(june, "net_revenue_retention")
    assert headline.base is None  # it is divided by money
    parts = {part.key: part for part in headline.segments}
    assert len(parts) == 3
    for segment, part in parts.items():
        (r0, s0), (r1, s1) = (
            next(
                (float(now) / float(then), float(then) / base[at])
                for a, name, now, then in rows
                if (a, name) == (at, segment)
            )
            for at in (0, 1)
        )
        assert float(part.rate) == pytest.approx((r1 - r0) * (s0 + s1) / 2, abs=1e-9)
        assert float(part.mix) == pytest.approx(((r0 + r1) / 2 - middle) * (s1 - s0), abs=1e-9)


def test_the_score_of_promoters_is_split_by_answers(june: PeriodFacts) -> None:
    """NPS has no numerator among the metrics: it is the score times the answers, a whole number."""
    parts = of(june, "nps").segments
    assert len(parts) >= 3
    assert all((part.change * 14 * 14 * 200).denominator < 10**6 for part in parts)


def test_who_left_is_who_the_movements_name(
    june: PeriodFacts, warehouse: duckdb.DuckDBPyConnection
) -> None:
    left = warehouse.execute(
        "select account_id, sum(amount) from marts.fct_mrr_movements "
        "where month_start = '2026-06-01' and movement_type = 'churn' group by all"
    ).fetchall()
    assert [(e.account_id, e.value) for e in june.risks if e.title == "Left"] == left
    assert left


def test_risks_of_a_week_happened_in_it(
    week: PeriodFacts, warehouse: duckdb.DuckDBPyConnection
) -> None:
    escalated = warehouse.execute(
        "select account_id, count(*) from marts.fct_tickets "
        "where is_counted and is_escalated and created_date between '2026-06-22' and '2026-06-28' "
        "group by all order by all"
    ).fetchall()
    found = sorted((e.account_id, e.value) for e in week.risks if e.title == "Escalated tickets")
    assert found == escalated
    assert not {e.title for e in week.risks} & {"Left", "Shrank", "Health fell"}  # by month only


def test_a_week_says_what_is_monthly(week: PeriodFacts, june: PeriodFacts) -> None:
    assert {headline.period for headline in week.monthly} == {month("2026-05")}
    assert "mrr" in {headline.metric for headline in week.monthly}
    assert june.monthly == []


@pytest.mark.usefixtures("few")
def test_the_queue_is_told_with_the_last_period_only(
    june: PeriodFacts, week: PeriodFacts, metrics_engine: MetricsEngine
) -> None:
    assert june.is_latest
    assert week.is_latest
    assert june.actions == week.actions != []
    earlier = period_facts(metrics_engine, NOWHERE, month("2026-05"))
    assert (earlier.is_latest, earlier.actions, earlier.quality.issues) == (False, [], [])


def test_a_flow_without_a_row_is_nothing_and_a_rate_is_unknown(june: PeriodFacts) -> None:
    assert of(june, "contraction_mrr").value == 0
    assert of(june, "renewal_rate_gross").value is None
    assert of(june, "renewal_rate_gross").change is None
    assert of(june, "renewal_rate_gross").segments == ()


# --- What was told before ---------------------------------------------------------------


@pytest.mark.usefixtures("few")
def test_a_value_told_otherwise_is_a_restatement(
    metrics_engine: MetricsEngine, june: PeriodFacts, tmp_path: Path
) -> None:
    published = tmp_path / "bellwether.duckdb"
    told = told_file(published, month("2026-05"))
    told.parent.mkdir(parents=True)
    mrr = of(june, "mrr").previous
    assert mrr is not None
    told.write_text(
        json.dumps(
            {
                "2026-06-01": {"mrr": "1"},  # of an earlier build: told anew since
                "2026-06-02": {"mrr": str(mrr - 5), "csat": "0.6666666667", "forgotten": "3"},
            }
        )
    )
    found = period_facts(metrics_engine, published, JUNE).restatements
    assert [(r.metric, r.period, r.value_then, r.value_today) for r in found] == [
        ("mrr", "2026-05", mrr - 5, mrr)
    ]


@pytest.mark.usefixtures("few")
def test_the_same_build_restates_nothing(
    metrics_engine: MetricsEngine, june: PeriodFacts, tmp_path: Path
) -> None:
    published = tmp_path / "bellwether.duckdb"
    told = told_file(published, JUNE)
    told.parent.mkdir(parents=True)
    told.write_text(json.dumps({june.run_id: {"mrr": "1"}}))
    assert period_facts(metrics_engine, published, JUNE).restatements == []


@pytest.mark.usefixtures("few")
def test_a_spoilt_record_is_told(metrics_engine: MetricsEngine, tmp_path: Path) -> None:
    published = tmp_path / "bellwether.duckdb"
    told = told_file(published, JUNE)
    told.parent.mkdir(parents=True)
    told.write_text("[1, 2")
    with pytest.raises(UserError, match=r"told\.json can't be read"):
        period_facts(metrics_engine, published, JUNE)


def test_a_file_of_another_version_is_told(metrics_engine: MetricsEngine, tmp_path: Path) -> None:
    manifest = Places.of().semantic_manifest.read_text()
    older = manifest.replace('"adoption_milestone_rate"', '"milestone_rate"')
    (tmp_path / "old.semantic_manifest.json").write_text(older)
    engine = MetricsEngine(metrics_engine.database, tmp_path / "old.semantic_manifest.json")
    with pytest.raises(UserError, match=r"has no metric adoption_milestone_rate.*Build again"):
        period_facts(engine, tmp_path / "old.duckdb", JUNE)
    engine.close()


def test_a_file_without_a_table_is_told(metrics_engine: MetricsEngine) -> None:
    with pytest.raises(UserError, match=r"published by another version.*Build again"):
        metrics_engine.rows("select * from bellwether.metadata.rpt_nonesuch")
    with pytest.raises(UserError, match="published by another version"):
        metrics_engine.rows("select nonesuch from bellwether.metadata.fct_runs")


def test_how_a_change_compares_with_those_before() -> None:
    """Changes of 1, 2, 1, 2, 1, 2 and then 1.5: it is larger than three of six."""
    headline = Headline(
        *("x", "X", "usd", "lower", Decimal(9), "Owner", ("crm",), "month", JUNE),
        *(Decimal("10.5"), Decimal(9), Fraction(3, 2)),
        tuple(map(Decimal, ("0", "1", "3", "4", "6", "7", "9", "10.5"))),
        *((), (), None),
    )
    assert headline.unusual == (3, 6)
    assert headline.is_better is False
    assert headline.misses_target is True


def test_asked_metrics_are_public(metrics_engine: MetricsEngine) -> None:
    assert asked_metrics("week") | asked_metrics("month") <= set(metrics_engine.metrics)


def test_the_exposure_lists_what_the_pack_asks_for() -> None:
    exposures = yaml.safe_load((ROOT / "models" / "exposures.yml").read_text())["exposures"]
    (pack,) = [each for each in exposures if each["name"] == "pack"]
    asked = asked_metrics("month") | asked_metrics("week")
    listed = [each for each in pack["depends_on"] if each.startswith("metric(")]
    assert sorted(listed) == sorted(f"metric('{name}')" for name in asked)


def test_a_ratio_is_its_inputs_divided(metrics_engine: MetricsEngine) -> None:
    """data_completeness has a filter of its own, which its inputs have too."""
    for ratio in ("net_revenue_retention", "data_completeness"):
        time = ["metric_time__month"]
        values = metrics_engine.query([ratio], time).to_pylist()
        inputs = metrics_engine.query_inputs(ratio, time).to_pylist()
        divided = {
            row[time[0]]: float(row["numerator"]) / float(row["denominator"])
            for row in inputs
            if row["denominator"]
        }
        assert divided == pytest.approx(
            {row[time[0]]: row[ratio] for row in values if row[ratio] is not None}
        )
        assert divided
    with pytest.raises(UsageError, match="mrr is no ratio"):
        metrics_engine.query_inputs("mrr")
