"""Raw files that can't be built on are refused, each with one plain sentence."""

from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from scripts.cli import app
from scripts.project import UserError
from scripts.raw_inputs import Problem, check_raw_inputs, raw_contract, require_good_inputs

GOOD = {
    "crm/accounts": "account_id,account_name,created_at,updated_at\n"
    "a1,Acme,2025-01-01,2025-01-02\n",
    "billing/customers": "customer_id,account_id,created_at\nc1,a1,2025-01-01\n",
    "billing/plans": "plan_id,plan_name,product,billing_interval,charge_type\n"
    "p1,Pro,Core,month,recurring\n",
    "billing/subscriptions": "subscription_id,customer_id,status,term_start\n"
    "s1,c1,active,2025-01-01\n",
    "billing/subscription_charges": "charge_id,subscription_id,plan_id,quantity,unit_price,"
    "currency,effective_from\nch1,s1,p1,2,10.50,USD,2025-01-01\nch2,s1,p1,x,10.50,USD,2025-01-01\n",
}
CHARGES = "billing/subscription_charges"


@pytest.fixture
def raw_dir(tmp_path: Path) -> Path:
    """A folder with the five required tables and nothing wrong."""
    for table, text in GOOD.items():
        write(tmp_path, table, text)
    return tmp_path


def write(raw_dir: Path, table: str, text: str | bytes) -> Path:
    path = raw_dir / f"{table}.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def write_parquet(raw_dir: Path, table: str, select: str) -> Path:
    (raw_dir / f"{table}.csv").unlink(missing_ok=True)
    path = raw_dir / f"{table}.parquet"
    duckdb.sql(select).write_parquet(str(path))
    return path


def only(raw_dir: Path) -> Problem:
    problems = check_raw_inputs(raw_dir)
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


def test_the_contract_holds_31_tables_of_which_five_are_required():
    tables = raw_contract()
    assert len(tables) == 32
    required = {f"{table.system}/{table.object}" for table in tables if table.is_required}
    assert required == set(GOOD)


def test_five_good_files_are_enough(raw_dir):
    assert check_raw_inputs(raw_dir) == []


def test_byte_order_mark_crlf_and_capitals_are_read(raw_dir):
    text = GOOD["crm/accounts"].replace("account_name", " Account_Name").replace("\n", "\r\n")
    write(raw_dir, "crm/accounts", b"\xef\xbb\xbf" + text.encode())
    assert check_raw_inputs(raw_dir) == []


def test_missing_required_table(raw_dir):
    (raw_dir / "crm/accounts.csv").rename(raw_dir / "crm/account.csv")
    assert str(only(raw_dir)) == (
        "crm.accounts: the table is required: expected this file, or .parquet. "
        f"There is account.csv: should it be this one? File: {raw_dir / 'crm/accounts.csv'}"
    )


def test_renamed_required_column_is_found(raw_dir):
    path = write(raw_dir, CHARGES, GOOD[CHARGES].replace("unit_price", "price_per_unit"))
    assert str(only(raw_dir)) == (
        "billing.subscription_charges, column unit_price: the column is required but missing; "
        f"rename price_per_unit? File: {path}"
    )


def test_missing_required_column_lists_those_there_are(raw_dir):
    write(raw_dir, "billing/plans", "plan_id,plan_name,product,charge_type\np,P,C,recurring\n")
    problem = only(raw_dir)
    assert problem.column == "billing_interval"
    assert "the columns are plan_id, plan_name, product, charge_type." in problem.message


def test_missing_column_of_an_optional_table(raw_dir):
    write(raw_dir, "usage/users", "product_user_id,created_at\nu1,2025-01-01\n")
    problem = only(raw_dir)
    assert (problem.system, problem.object, problem.column) == ("usage", "users", "account_id")


def test_renamed_optional_column_is_remarked_but_does_not_stop(raw_dir):
    text = GOOD[CHARGES].replace("effective_from", "effective_from,effective_till")
    write(raw_dir, CHARGES, text.replace("2025-01-01", "2025-01-01,2025-02-01"))
    problem = only(raw_dir)
    assert problem.column == "effective_to"
    assert problem.message == "the column is absent, so empty; should effective_till be named so?"
    assert not problem.stops_the_build
    assert require_good_inputs(raw_dir) == [problem]


def test_column_named_twice(raw_dir):
    text = GOOD["crm/accounts"].replace("account_name", "account_id")
    write(raw_dir, "crm/accounts", text)
    assert [problem.column for problem in check_raw_inputs(raw_dir)] == [
        "account_id",
        "account_name",
    ]


def test_zero_bytes(raw_dir):
    write(raw_dir, "crm/accounts", "")
    assert only(raw_dir).message == "the file is empty (0 bytes)."


def test_zero_bytes_of_an_optional_table(raw_dir):
    write(raw_dir, "tickets/tickets", "")
    assert only(raw_dir).message == "the file is empty (0 bytes)."


def test_header_only_in_a_required_table(raw_dir):
    write(raw_dir, "crm/accounts", GOOD["crm/accounts"].splitlines()[0] + "\n")
    assert only(raw_dir).message == "it has a header and no rows; the table is required."


def test_header_only_in_an_optional_table_is_an_empty_table(raw_dir):
    write(raw_dir, "usage/users", "product_user_id,account_id,created_at\n")
    assert check_raw_inputs(raw_dir) == []


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_wrong_delimiter(raw_dir, mark):
    write(raw_dir, CHARGES, GOOD[CHARGES].replace(",", mark))
    assert only(raw_dir).message == f"columns are separated by {mark!r}, expected a comma (',')."


def test_truncated_row(raw_dir):
    write(raw_dir, "crm/accounts", GOOD["crm/accounts"] + "a2,Beta")
    assert only(raw_dir).message == (
        "line 3 has 2 columns, expected 4 as in the header; is the file truncated?"
    )


def test_truncated_in_a_quoted_value(raw_dir):
    write(raw_dir, "crm/accounts", GOOD["crm/accounts"] + 'a2,"Beta, In')
    message = only(raw_dir).message
    assert message == "line 3 opens a quote that is not closed; is the file truncated?"


def test_not_utf8(raw_dir):
    text = GOOD["crm/accounts"].replace("Acme", "Caf\xe9")
    write(raw_dir, "crm/accounts", text.encode("latin-1"))
    assert only(raw_dir).message == "line 2 is not UTF-8 text."


def test_file_that_is_no_text(raw_dir):
    write(raw_dir, "crm/accounts", b"PK\x03\x04\xff\xfe\x00\x00")
    assert only(raw_dir).message == "the file is not UTF-8 text."


def test_file_that_is_no_parquet(raw_dir):
    (raw_dir / "crm/accounts.csv").rename(raw_dir / "crm/accounts.parquet")
    assert only(raw_dir).message.startswith("can't be read as Parquet")


def test_two_files_of_one_table(raw_dir):
    (raw_dir / "crm/accounts.parquet").write_bytes(b"x")
    assert "accounts.csv and accounts.parquet both exist" in only(raw_dir).message


def test_no_value_of_a_required_column_is_readable(raw_dir):
    text = GOOD[CHARGES].replace("10.50", "see contract")
    write(raw_dir, CHARGES, text)
    problem = only(raw_dir)
    assert problem.column == "unit_price"
    assert problem.message == "not one of its 2 values is a number."


def test_parquet_with_natural_types_in_several_parts(raw_dir):
    write_parquet(raw_dir, "crm/accounts", "select 1")
    (raw_dir / "crm/accounts.parquet").unlink()
    (raw_dir / "crm/accounts").mkdir()
    for part in (1, 2):
        write_parquet(
            raw_dir,
            f"crm/accounts/{part}",
            f"select {part} as account_id, 'Acme' as account_name, "
            "date '2025-01-01' as created_at, timestamptz '2025-01-02 00:00:00+00' as updated_at",
        )
    assert check_raw_inputs(raw_dir) == []


@pytest.mark.parametrize(
    ("value", "data_type"),
    [
        ("{'amount': 10}", "STRUCT(amount INTEGER)"),
        ("[10]", "INTEGER[]"),
        ("'10'::blob", "BLOB"),
        ("true", "BOOLEAN"),
    ],
)
def test_parquet_type_that_cannot_be_a_number(raw_dir, value, data_type):
    path = write_parquet(
        raw_dir,
        CHARGES,
        f"select 'c' as charge_id, 's' as subscription_id, 'p' as plan_id, 2 as quantity, "
        f"{value} as unit_price, 'USD' as currency, date '2025-01-01' as effective_from",
    )
    assert str(only(raw_dir)) == (
        f"billing.subscription_charges, column unit_price: its type is {data_type}, "
        f"expected decimal. File: {path}"
    )


def test_all_problems_are_told_at_once(raw_dir):
    write(raw_dir, "crm/accounts", "")
    write(raw_dir, CHARGES, GOOD[CHARGES].replace(",", ";"))
    with pytest.raises(UserError) as raised:
        require_good_inputs(raw_dir)
    assert "crm.accounts: " in str(raised.value)
    assert "billing.subscription_charges: " in str(raised.value)


def test_command(raw_dir):
    good = CliRunner().invoke(app, ["check-inputs", "--raw-dir", str(raw_dir)])
    assert good.exit_code == 0
    assert "fit the raw contract" in good.output
    write(raw_dir, "crm/accounts", "")
    bad = CliRunner().invoke(app, ["check-inputs", "--raw-dir", str(raw_dir)])
    assert isinstance(bad.exception, UserError)
