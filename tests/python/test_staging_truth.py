"""What was planted in the demo's raw tables is exactly what staging found."""

import csv
from collections import Counter

from scripts.project import ROOT

TRUTH = ROOT / "tests" / "truth"


def rows_of(name: str) -> list[dict[str, str]]:
    with (TRUTH / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


COUNTS = {
    "rows_read": "rows_read",
    "kept": "rows_kept",
    "duplicates": "duplicates",
    "superseded": "superseded",
    "rejected": "rejected",
    "unreadable_values": "unreadable_values",
}


def test_every_table_is_accounted_for_as_planted(warehouse):
    """Thousands of values in odd notations are planted too: none of them may be unreadable."""
    found = warehouse.execute(
        f"select system, raw_table, {', '.join(COUNTS.values())} "
        "from metadata.fct_raw_row_accounting"
    ).fetchall()
    planted = [
        (row["system"], row["object"], *(int(row[count]) for count in COUNTS))
        for row in rows_of("row_accounting.csv")
    ]
    assert len(planted) == 32
    assert sum(int(row["cells"]) for row in rows_of("notations.csv")) > 1000
    assert sorted(found) == sorted(planted)


def test_every_planted_reject_is_found_with_its_reason_and_no_other(warehouse):
    found = warehouse.execute(
        "select system, raw_table, raw_key, reason_code from metadata.fct_rejected_rows"
    ).fetchall()
    planted = [
        (row["system"], row["object"], row["raw_key"], row["reason_code"])
        for row in rows_of("rejected_rows.csv")
    ]
    assert Counter(found) == Counter(planted)


def test_codes_have_their_canonical_spellings_only(warehouse):
    codes = {
        "stg_crm__accounts.segment": {"enterprise", "mid_market", "smb"},
        "stg_crm__accounts.region": {"amer", "emea", "apac"},
        "stg_crm__accounts.product_tier": {"basic", "pro", "enterprise"},
        "stg_crm__accounts.lifecycle_stage": {
            "onboarding",
            "adoption",
            "value_realization",
            "renewal",
            "expansion",
            "churned",
        },
        "stg_billing__subscription_charges.currency": {"USD", "EUR", "GBP"},
        "stg_tickets__tickets.priority": {"low", "normal", "high", "urgent"},
    }
    for name, canonical in codes.items():
        table, column = name.split(".")
        found = warehouse.execute(f"select distinct {column} from staging.{table}").fetchall()
        assert {value for (value,) in found} - {None} <= canonical, name
