"""The same project on files, on tables of a warehouse, and on a mixture."""

from pathlib import Path

import duckdb
import pytest
from test_raw_inputs import GOOD, write, write_parquet
from whole_project import parsed, run_dbt

from scripts.project import UserError

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


def write_all(folder: Path) -> Path:
    raw_dir = folder / "it's raw"
    raw_dir.mkdir()
    for table, text in FILES.items():
        write(raw_dir, table, text)
    return raw_dir


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(folder / "bellwether.duckdb"), read_only=True)


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
        assert built.execute(
            "select charge_id, reject_reason from staging.base_billing__subscription_charges "
            "where row_status = 'rejected' order by 1"
        ).fetchall() == [
            ("ch3", "unreadable_value"),
            ("ch4", "missing_required_value"),
            ("ch5", "ends_before_start"),
            ("ch6", "negative_amount"),
        ]


def sentence(folder: Path, variables: dict[str, str], model: str) -> str:
    """What the user is told of files that can't be read."""
    with pytest.raises(UserError) as failed:
        run_dbt(folder, variables, "run", "--select", model, manifest=parsed())
    return " ".join(str(failed.value).split())


def test_a_source_nobody_knows_is_told_in_a_sentence(tmp_path):
    assert ('raw_source "salesforce" is none of seeds, files, warehouse, ravenstack.') in sentence(
        tmp_path, {"raw_source": "salesforce"}, "base_crm__accounts"
    )


def test_what_is_not_there_is_told_in_a_sentence(tmp_path):
    variables = {"raw_source": "files", "raw_dir": str(tmp_path)}
    assert (
        "Raw table crm.accounts is required but absent: expected it at "
        f"{tmp_path}/crm/accounts.csv or .parquet."
    ) in sentence(tmp_path, variables, "base_crm__accounts")

    path = write(tmp_path, "crm/accounts", "account_id,name,created_at,updated_at\n")
    assert (
        f"Raw table crm.accounts lacks the required column account_name at {path}, which has "
        "account_id, name, created_at, updated_at."
    ) in sentence(tmp_path, variables, "base_crm__accounts")
