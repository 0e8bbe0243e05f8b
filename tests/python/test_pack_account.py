"""The business review of an account: its numbers are those of metric queries on it alone."""

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest
import yaml

from scripts.metrics_engine import MetricsEngine
from scripts.pack import account, write
from scripts.pack.account import AccountFacts, account_facts, asked_metrics
from scripts.pack.command import folder_name, make_review
from scripts.pack.commentary import Certainty
from scripts.pack.period import Period, last_quarter, month
from scripts.pack.qbr import sentences
from scripts.project import ROOT, Places, UsageError, sibling

ACCOUNT = "a001033"
NOWHERE = Path("nowhere/bellwether.duckdb")
SECOND_QUARTER = Period("quarter", date(2026, 4, 1), date(2026, 6, 30))


@pytest.fixture(scope="module")
def facts(metrics_engine: MetricsEngine) -> AccountFacts:
    return account_facts(metrics_engine, NOWHERE, ACCOUNT)


def test_the_last_quarter_that_is_over() -> None:
    assert last_quarter(date(2026, 6, 30)) == SECOND_QUARTER
    assert last_quarter(date(2026, 7, 1)) == SECOND_QUARTER
    assert last_quarter(date(2026, 6, 29)) == SECOND_QUARTER.previous
    assert last_quarter(date(2026, 1, 15)).name == "2025-Q4"
    assert SECOND_QUARTER.back(2) == Period("quarter", date(2025, 10, 1), date(2025, 12, 31))
    assert SECOND_QUARTER.last_month == month("2026-06")


def test_numbers_are_metric_queries_on_the_account(
    facts: AccountFacts, metrics_engine: MetricsEngine
) -> None:
    """Asked anew with a condition on the account, where the review groups by account."""
    names = ["mrr", "tickets_opened", "seat_utilization"]
    compared = 0
    for name in names:
        rows = metrics_engine.query(
            [name],
            ["metric_time__quarter"],
            where=[f"account__account_id = '{ACCOUNT}'"],
            start=date(2025, 1, 1),
            end=date(2026, 6, 30),
        ).to_pylist()
        (headline,) = [each for each in facts.headlines if each.metric == name]
        expected = {row["metric_time__quarter"]: row[name] for row in rows}
        starts = [SECOND_QUARTER.back(count).start for count in range(5, -1, -1)]
        assert list(headline.series[-6:]) == [expected.get(start, 0) for start in starts]
        compared += len(expected)
    assert compared > 12


def test_its_tickets_are_counted_in_the_table(
    facts: AccountFacts, warehouse: duckdb.DuckDBPyConnection
) -> None:
    (opened,) = warehouse.execute(
        "select count(*) from marts.fct_tickets where is_counted and account_id = ? "
        "and created_date between '2026-04-01' and '2026-06-30'",
        [ACCOUNT],
    ).fetchone() or (None,)
    (headline,) = [each for each in facts.headlines if each.metric == "tickets_opened"]
    assert headline.value == opened > 0


def test_its_segment_is_compared_where_that_makes_sense(
    facts: AccountFacts, metrics_engine: MetricsEngine
) -> None:
    (row,) = [
        row
        for row in metrics_engine.query(
            ["seat_utilization"], ["metric_time__quarter", "account__segment"]
        ).to_pylist()
        if (row["metric_time__quarter"], row["account__segment"])
        == (SECOND_QUARTER.start, facts.profile["segment"])
    ]
    assert facts.of_segment["seat_utilization"] == row["seat_utilization"]
    assert "mrr" not in facts.of_segment


def test_what_ends_is_what_is_open(
    facts: AccountFacts, warehouse: duckdb.DuckDBPyConnection
) -> None:
    ends = warehouse.execute(
        "select date_trunc('month', term_end_date)::date, sum(expiring_arr) "
        "from marts.fct_renewals where account_id = ? and is_open "
        "and term_end_date < '2027-07-01' group by all",
        [ACCOUNT],
    ).fetchall()
    assert facts.renewals == dict(ends)
    assert facts.renewals


def test_events_are_those_of_the_quarter(
    metrics_engine: MetricsEngine,
    warehouse: duckdb.DuckDBPyConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of an earlier quarter, after which more happened."""
    monkeypatch.setattr(account, "last_quarter", lambda _: SECOND_QUARTER.previous)
    days = [event["event_date"] for event in account_facts(metrics_engine, NOWHERE, ACCOUNT).events]
    every = warehouse.execute(
        "select event_date from marts.rpt_account_timeline where account_id = ? order by all",
        [ACCOUNT],
    ).fetchall()
    assert days == [day for (day,) in every if date(2026, 1, 1) <= day <= date(2026, 3, 31)]
    assert 0 < len(days) < len(every)


def test_numbers_of_one_account_rest_on_few(facts: AccountFacts) -> None:
    """Seven users and three tickets make no trend, money does."""
    told = {sentence.key: sentence for sentence in sentences(facts)}
    assert told["headline-mrr"].certainty == Certainty.SURE
    assert told["headline-seat_utilization"].because == "it rests on 9 only"
    resolution = told["headline-full_resolution_time_business_hours"]
    assert (resolution.certainty, resolution.because) == (Certainty.UNSURE, "it rests on 1 only")
    assert told["renewals"].text == (
        "ARR of terms that end in the year to come: $36,456 in April 2027."
    )


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ("Iris Studio", "There is no account 'Iris Studio'.*Did you mean Iris Studios"),
        ("a001033' or 'a' = 'a", "There is no account"),
        ("{{ account }}; drop table x", "There is no account"),
        (" ", "Name the account"),
    ],
)
def test_an_unknown_account_is_told(
    metrics_engine: MetricsEngine, named: str, sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        account_facts(metrics_engine, NOWHERE, named)


def test_an_account_is_found_by_its_name(
    metrics_engine: MetricsEngine, warehouse: duckdb.DuckDBPyConnection
) -> None:
    (name,) = warehouse.execute(
        "select account_name from marts.rpt_account_overview where account_id = 'a001016'"
    ).fetchone() or ("",)
    found = account_facts(metrics_engine, NOWHERE, name.upper())  # it left in June
    assert found.profile["account_id"] == "a001016"
    assert found.headlines[0].value == 0


def test_the_review_is_written_beside_the_published_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = tmp_path / "bellwether.duckdb"
    shutil.copy(Places.of().work_file, published)
    shutil.copy(Places.of().semantic_manifest, sibling(published, "semantic_manifest.json"))
    with duckdb.connect(str(published)) as connection:  # an id that would lead elsewhere
        connection.execute(
            "update marts.rpt_account_overview set account_id = '../' || account_id "
            "where account_id <> ?",
            [ACCOUNT],
        )
    monkeypatch.setattr(write, "browser", lambda: None)
    files, has_pdf = make_review(published, "Iris Studios")
    assert not has_pdf
    folder = tmp_path / "bellwether.qbr" / ACCOUNT / "2026-Q2"
    assert set(folder.iterdir()) == set(files)
    book = openpyxl.load_workbook(folder / "qbr.xlsx")
    mrr = next(book["numbers"].iter_rows(min_row=2, max_row=2, values_only=True))
    assert mrr[4] == 3038
    assert "Q2 2026" in [cell.value for cell in book["numbers"][1]]
    assert 'href="../../../bellwether.dictionary.html#mrr"' in (folder / "qbr.html").read_text()
    with pytest.raises(UsageError, match="There are no numbers of"):
        make_review(published, "../a001016")
    assert {each.name for each in tmp_path.iterdir()} == {
        "bellwether.duckdb",
        "bellwether.semantic_manifest.json",
        "bellwether.qbr",
    }


@pytest.mark.parametrize(
    ("account_id", "name"),
    [
        ("a001033", "a001033"),
        ("..", "%2E%2E"),
        ("../b", "%2E%2E%2Fb"),
        ("0015g/x y", "0015g%2Fx%20y"),
    ],
)
def test_an_id_leads_out_of_no_folder(account_id: str, name: str) -> None:
    assert folder_name(account_id) == name


def test_the_exposure_lists_what_the_review_asks_for() -> None:
    exposures = yaml.safe_load((ROOT / "models" / "exposures.yml").read_text())["exposures"]
    (review,) = [each for each in exposures if each["name"] == "business_review"]
    listed = [each for each in review["depends_on"] if each.startswith("metric(")]
    assert sorted(listed) == sorted(f"metric('{name}')" for name in asked_metrics())


def test_a_quarters_change_is_in_money(facts: AccountFacts) -> None:
    mrr = facts.headlines[0]
    assert (mrr.value, mrr.previous, mrr.change) == (Decimal(3038), Decimal(2591), 447)
