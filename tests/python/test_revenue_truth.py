"""What the demo company was made of is what the marts say, to the cent.

The truth in tests/truth was computed by the generator, with exact arithmetic and from its own
records, before any dirt was added to the raw tables.
"""

from pathlib import Path

import duckdb
import pytest

TRUTH = Path(__file__).resolve().parent.parent / "truth"


def differences(
    warehouse: duckdb.DuckDBPyConnection, truth: str, keys: str, amount: str, found: str
) -> list[tuple]:
    """Rows of which only one side knows, or whose amounts differ at all."""
    return warehouse.execute(f"""
        with truth as (
            select {keys}, cast({amount} as decimal(18, 2)) as planted
            from read_csv('{TRUTH / truth}', types = {{'{amount}': 'varchar'}})
        ),
        found as ({found})
        select {keys}, planted, found
        from truth
        full join found using ({keys})
        where planted is distinct from found
        order by all
    """).fetchall()


def test_mrr_is_the_planted_mrr(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = "select account_id, month_start, mrr as found from marts.fct_account_months"
    assert not differences(
        warehouse,
        "monthly_mrr.csv",
        "account_id, month_start",
        "mrr",
        f"{found} where mrr <> 0",
    )


def test_movements_are_the_planted_movements(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert not differences(
        warehouse,
        "movements.csv",
        "account_id, month_start, movement_type",
        "amount",
        "select account_id, month_start, movement_type, amount as found "
        "from marts.fct_mrr_movements",
    )


@pytest.mark.parametrize("name", ["monthly_mrr.csv", "movements.csv"])
def test_the_truth_is_not_empty(name: str) -> None:
    assert len((TRUTH / name).read_text().splitlines()) > 500
