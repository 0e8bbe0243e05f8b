"""What happened to the demo's tickets is what the marts say, to the row."""

import csv
from collections import Counter

import duckdb

from scripts.project import ROOT

TRUTH = ROOT / "tests" / "truth"

# Rows that are odd but right, planted among the raw ones; a fourth lies after the last day.
ODD = {"t_orphan1", "t_orphan2", "t_late1"}


def truth(name: str) -> list[dict[str, str]]:
    with (TRUTH / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def found(warehouse: duckdb.DuckDBPyConnection, mart: str, columns: list[str]) -> list[tuple]:
    texts = ", ".join(f"coalesce({column}::varchar, '')" for column in columns)
    return warehouse.execute(f"select {texts} from marts.{mart}").fetchall()


def test_tickets_to_the_row(warehouse: duckdb.DuckDBPyConnection) -> None:
    planted = [tuple(row.values()) for row in truth("tickets")]
    rows = found(warehouse, "fct_tickets", list(truth("tickets")[0]))
    assert {row[0] for row in rows} - {row[0] for row in planted} == ODD
    assert sorted(row for row in rows if row[0] not in ODD) == sorted(planted)


def test_every_arm_of_a_service_level_is_planted(warehouse: duckdb.DuckDBPyConnection) -> None:
    planted = truth("tickets")
    assert {row["is_first_reply_sla_met"] for row in planted} >= {"true", "false"}
    assert {row["is_resolution_sla_met"] for row in planted} == {"true", "false", ""}
    now, reported = (
        dict(warehouse.execute(sql).fetchall())
        for sql in (
            "select ticket_id, priority from marts.fct_tickets",
            "select ticket_id, first_replied_at::varchar from staging.stg_tickets__tickets",
        )
    )
    assert sum(row["priority_at_creation"] != now[row["ticket_id"]] for row in planted) > 150
    assert (
        sum(row["first_replied_at"] != (reported[row["ticket_id"]] or "") for row in planted) > 15
    )


def test_escalations_to_the_row(warehouse: duckdb.DuckDBPyConnection) -> None:
    planted = [tuple(row.values()) for row in truth("escalations")]
    rows = found(warehouse, "fct_escalations", list(truth("escalations")[0]))
    assert sorted(row for row in rows if row[0] not in ODD) == sorted(planted)
    verdicts = Counter(row[2] for row in planted)
    assert verdicts["true"] > 100
    assert verdicts["false"] > 20
    assert verdicts[""] > 0


def test_backlog_of_each_month_end_to_the_row(warehouse: duckdb.DuckDBPyConnection) -> None:
    rows = warehouse.execute(
        "select account_id, observation_date::varchar, open_tickets::varchar, "
        "open_severe_tickets::varchar, open_escalated_tickets::varchar "
        "from marts.fct_ticket_backlog "
        "where period_type = 'month_end' and open_tickets > 0"
    ).fetchall()
    # Under unassigned stand the odd tickets too.
    planted = [tuple(row.values()) for row in truth("ticket_backlog")]
    assert len(planted) > 50
    assert sorted(r for r in rows if r[0] != "unassigned") == sorted(
        r for r in planted if r[0] != "unassigned"
    )


def test_a_ticket_solved_before_it_was_created_is_rejected(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    reasons = warehouse.execute(
        "select reason_code from metadata.fct_rejected_rows "
        "where raw_table = 'tickets' and raw_key = 't_x3'"
    ).fetchall()
    assert reasons == [("ends_before_start",)]
