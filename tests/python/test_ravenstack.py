"""The whole project on data nobody here wrote, against figures worked out from its files."""

import os
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from whole_project import run_dbt

from scripts.project import ROOT

FOLDER = Path(os.environ.get("RAVENSTACK_DIR", ROOT / "../shared/peers/ravenstack")).resolve()
AS_OF = pd.Timestamp("2024-12-31")

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(),
    reason=f"RavenStack's files are not in {FOLDER}; RAVENSTACK_DIR can name another folder",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory):
    """Models and data tests on RavenStack; tests of the project itself are run on the demo."""
    folder = tmp_path_factory.mktemp("ravenstack")
    variables = {
        "raw_source": "ravenstack",
        "ravenstack_dir": str(FOLDER),
        "as_of_date": f"{AS_OF:%Y-%m-%d}",
    }
    # Reference lists are the demo's, where they have been tested.
    exclude = ["--exclude", "path:seeds/raw", "path:seeds/reference,resource_type:test"]
    run_dbt(folder, variables, "build", *exclude, "--exclude-resource-type", "unit_test")
    with duckdb.connect(str(folder / "bellwether.duckdb"), read_only=True) as connection:
        yield connection


def vendor(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / f"ravenstack_{name}.csv", dtype=str, encoding="utf-8-sig")


def day(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts, format="%d-%m-%Y")


@pytest.fixture(scope="module")
def subscriptions() -> pd.DataFrame:
    table = vendor("subscriptions")
    ended = day(table.end_date)
    return table.assign(
        mrr=table.mrr_amount.astype(int),
        is_open=(day(table.start_date) <= AS_OF) & (ended.isna() | (ended > AS_OF)),
    )


def test_mrr_of_the_last_month_is_exact(built, subscriptions):
    found = built.execute(
        "select sum(mrr), count(*) filter (is_active_customer) from marts.fct_account_months "
        "where month_end = date '2024-12-31'"
    ).fetchone()
    paid = subscriptions[subscriptions.is_open & (subscriptions.mrr > 0)]
    assert found == (int(paid.mrr.sum()), paid.account_id.nunique())
    assert found[0] == 10_159_608


def test_mrr_of_every_account_and_month_is_exact(built, subscriptions):
    found = built.execute(
        "select account_id, month_end, cast(mrr as double) as mrr "
        "from marts.fct_account_months where mrr > 0"
    ).df()
    paid = subscriptions[subscriptions.mrr > 0]
    start, end = day(paid.start_date), day(paid.end_date).fillna(AS_OF + pd.Timedelta(days=1))
    expected = pd.concat(
        paid[(start <= month_end) & (end > month_end)]
        .groupby(paid.account_id.str.lower(), as_index=False)
        .mrr.sum()
        .assign(month_end=month_end)
        for month_end in pd.date_range("2023-01-31", AS_OF, freq="ME")
    )
    keys = ["account_id", "month_end"]
    both = found.merge(expected, on=keys, how="outer", suffixes=("", "_expected"))
    assert len(both) == len(found) == len(expected)
    assert (both.mrr == both.mrr_expected).all()


def test_no_row_is_rejected_or_a_duplicate(built):
    usage = vendor("feature_usage")
    days = usage.drop_duplicates(["subscription_id", "usage_date", "feature_name"])
    assert built.execute(
        "select raw_table_id, rows_read, rows_kept, duplicates, superseded, rejected "
        "from metadata.fct_raw_row_accounting where is_provided order by raw_table_id"
    ).fetchall() == [
        (name, rows, rows, 0, 0, 0)
        for name, rows in [
            ("billing.customers", 500),
            ("billing.plans", 6),
            ("billing.subscription_charges", 5000),
            ("billing.subscriptions", 5000),
            ("crm.accounts", 500),
            ("tickets.tickets", 2000),
            ("usage.activity", len(days)),
            ("usage.features", 40),
            ("usage.users", 5000),
        ]
    ]


def test_no_usage_is_lost_by_summing_to_the_day(built):
    usage = vendor("feature_usage")
    assert usage.usage_id.duplicated().sum() == 21
    found = built.execute("select sum(event_count) from staging.stg_usage__activity").fetchone()
    assert found == (int(usage.usage_count.astype(int).sum()),)


def test_ticket_times_are_those_of_the_vendor(built):
    tickets = vendor("support_tickets")
    found = built.execute(
        "select ticket_id, date_diff('minute', created_at, first_replied_at) as reply_minutes, "
        "date_diff('minute', created_at, solved_at) / 60 as resolution_hours "
        "from staging.stg_tickets__tickets"
    ).df()
    both = found.merge(tickets.assign(ticket_id=tickets.ticket_id.str.lower()), on="ticket_id")
    assert len(both) == 2000
    assert (both.reply_minutes == both.first_response_time_minutes.astype(int)).all()
    assert (both.resolution_hours == both.resolution_time_hours.astype(float)).all()


def test_churn_flags_disagree_with_billing(built, subscriptions):
    """The vendor calls accounts churned that still pay; billing decides, so none churned."""
    flagged = vendor("accounts").query("churn_flag == 'TRUE'").account_id.str.lower()
    noted = vendor("churn_events").account_id.str.lower()
    active = built.execute(
        "select account_id from marts.dim_accounts where is_active_customer"
    ).df()
    assert flagged.isin(active.account_id).sum() == len(flagged) == 110
    assert noted.drop_duplicates().isin(active.account_id).sum() == noted.nunique() == 352


def test_absent_systems_are_null_not_zero(built):
    assert built.execute(
        "select count(*) from metadata.fct_raw_row_accounting "
        "where not is_provided and system in ('surveys', 'success', 'ops')"
    ).fetchone() == (13,)
    assert built.execute(
        "select count(csm_id), count(segment) from marts.fct_account_months"
    ).fetchone() == (0, 0)
