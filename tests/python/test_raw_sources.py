"""The same project on files, on tables of a warehouse, and on a mixture."""

from pathlib import Path

import duckdb
import pytest
from dbt_command import run_dbt
from test_raw_inputs import GOOD, write, write_parquet

FILES = {
    **GOOD,
    "billing/subscription_charges": "charge_id,subscription_id,plan_id,quantity,unit_price,"
    "currency,effective_from,effective_to\n"
    "ch1,s1,p1,2,10.50,USD,2025-01-01,\n"  # 21.00 a month
    "ch2,s1,p1,1,$1.25,usd,03/01/2025,\n"  # and 1.25 from March on
    "ch2,s1,p1,1,$1.25,usd,03/01/2025,\n"  # a copy
    "ch3,s1,p1,ten,1.00,USD,2025-01-01,\n"  # quantity unreadable
    "ch4,s1,p1,1,,USD,2025-01-01,\n"  # no price
    "ch5,s1,p1,1,1.00,USD,2025-03-01,2025-02-01\n"  # ends before it starts
    "ch6,s1,p1,1,-1.00,USD,2025-01-01,\n",  # negative
}
ALL_BUT_TESTS_OF_THE_DEMO = [
    *("--exclude", "path:seeds/raw", "--exclude-resource-type", "unit_test"),
]


def write_all(folder: Path) -> Path:
    raw_dir = folder / "it's raw"
    raw_dir.mkdir()
    for table, text in FILES.items():
        write(raw_dir, table, text)
    return raw_dir


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(folder / "bellwether.duckdb"), read_only=True)


@pytest.fixture(scope="module")
def built_on_files(tmp_path_factory: pytest.TempPathFactory):
    """All models and data tests on a folder that holds the five required tables only."""
    folder = tmp_path_factory.mktemp("files")
    raw_dir = write_all(folder)
    variables = {"raw_source": "files", "raw_dir": str(raw_dir), "as_of_date": "2025-03-31"}
    run_dbt(folder, variables, "build", *ALL_BUT_TESTS_OF_THE_DEMO)
    with connect(folder) as connection:
        yield connection


def test_five_files_are_enough_for_every_mart(built_on_files):
    assert built_on_files.execute(
        "select strftime(month_start, '%Y-%m'), cast(mrr as text) "
        "from marts.fct_account_months where account_id = 'a1' order by 1"
    ).fetchall() == [("2025-01", "21.00"), ("2025-02", "21.00"), ("2025-03", "22.25")]


def test_messy_values_are_rejected_rows_not_a_failed_build(built_on_files):
    assert built_on_files.execute(
        "select raw_key, reason_code from metadata.fct_rejected_rows order by 1"
    ).fetchall() == [
        ("ch3", "unreadable_value"),
        ("ch4", "missing_required_value"),
        ("ch5", "ends_before_start"),
        ("ch6", "negative_amount"),
    ]


def test_absent_tables_are_empty(built_on_files):
    assert built_on_files.execute(
        "select count(*) filter (is_provided), count(*) filter (not is_provided), "
        "sum(rows_read) filter (system = 'usage') from metadata.fct_raw_row_accounting"
    ).fetchone() == (5, 27, 0)


def test_parquet_and_warehouse_and_csv_give_the_same_rows(tmp_path):
    """crm from Parquet in several parts, billing from tables; natural types on both."""
    raw_dir = write_all(tmp_path)
    (raw_dir / "crm/accounts.csv").unlink()
    (raw_dir / "crm/accounts").mkdir()
    for number, name in ((1, "Acme"), (2, "Beta")):
        write_parquet(
            raw_dir,
            f"crm/accounts/{number}",
            f"select 'A{number}' as \"Account_ID\", '{name}' as account_name, 1.5::double as arr, "
            "true as is_managed, date '2025-01-01' as created_at, "
            "timestamptz '2025-01-02 01:00:00+02:00' as updated_at, 1 as not_in_the_contract",
        )
    with duckdb.connect(str(tmp_path / "bellwether.duckdb")) as work:
        work.execute("create schema landing")
        for table in ("customers", "plans", "subscriptions", "subscription_charges"):
            file = str(raw_dir / f"billing/{table}.csv").replace("'", "''")
            work.execute(f"create table landing.raw_billing__{table} as from read_csv('{file}')")
    variables = {
        "raw_source": "files",
        "raw_dir": str(raw_dir),
        "raw_source_billing": "warehouse",
        "raw_schema": "landing",
        "as_of_date": "2025-03-31",
    }
    select = ["+stg_crm__accounts", "+stg_billing__subscription_charges"]
    run_dbt(tmp_path, variables, "build", "-s", *select, "--indirect-selection", "cautious")
    with connect(tmp_path) as built:
        assert built.execute(
            "select account_id, account_name, arr, is_managed, created_at::varchar, "
            "updated_at::varchar, segment from staging.stg_crm__accounts order by 1"
        ).fetchall() == [
            (f"a{number}", name, 1.5, True, "2025-01-01 00:00:00", "2025-01-01 23:00:00", None)
            for number, name in ((1, "Acme"), (2, "Beta"))
        ]
        assert built.execute(
            "select charge_id, quantity, unit_price, currency, effective_from::varchar "
            "from staging.stg_billing__subscription_charges order by 1"
        ).fetchall() == [
            ("ch1", 2, 10.5, "USD", "2025-01-01"),
            ("ch2", 1, 1.25, "USD", "2025-03-01"),
        ]


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"raw_source": "files", "raw_dir": "{folder}"},
            "Raw table crm.accounts is required but absent: expected it at "
            "{folder}/crm/accounts.csv or .parquet.",
        ),
        (
            {"raw_source": "salesforce"},
            'raw_source "salesforce" is none of seeds, files, warehouse, ravenstack.',
        ),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(tmp_path, variables, message):
    variables = {name: text.format(folder=tmp_path) for name, text in variables.items()}
    with pytest.raises(AssertionError) as failed:
        run_dbt(tmp_path, variables, "build", "-s", "base_crm__accounts")
    assert message.format(folder=tmp_path) in " ".join(str(failed.value).split())


def test_a_missing_required_column_is_told_in_a_sentence(tmp_path):
    raw_dir = write_all(tmp_path)
    path = write(raw_dir, "crm/accounts", "account_id,name,created_at,updated_at\n")
    variables = {"raw_source": "files", "raw_dir": str(raw_dir)}
    with pytest.raises(AssertionError) as failed:
        run_dbt(tmp_path, variables, "build", "-s", "+base_crm__accounts")
    assert (
        f"Raw table crm.accounts lacks the required column account_name at {path}, which has "
        "account_id, name, created_at, updated_at."
    ) in " ".join(str(failed.value).split())
