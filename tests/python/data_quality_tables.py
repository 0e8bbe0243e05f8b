"""The tables that the audit's page reads, by column, for tests that build without their models."""

ISSUE = {
    **dict.fromkeys(
        ["issue_id", "rule", "in_words", "severity", "system", "table_name", "field"], "varchar"
    ),
    **dict.fromkeys(["record_key", "detail", "owner", "suggested_fix"], "varchar"),
}
TABLES = {
    "intermediate.int_data_issues_found": ISSUE,
    "metadata.fct_data_issues": {
        **ISSUE,
        "status": "varchar",
        **dict.fromkeys(["first_seen_on", "last_seen_on", "closed_on"], "date"),
        "times_reopened": "integer",
    },
    "metadata.fct_source_freshness": {
        **dict.fromkeys(["system", "owner", "freshness"], "varchar"),
        "newest_record_date": "date",
        **dict.fromkeys(["age_days", "max_age_days"], "integer"),
    },
    "metadata.fct_data_anomalies": {
        **dict.fromkeys(["data_anomaly_id", "kind", "grain", "system", "table_name"], "varchar"),
        **dict.fromkeys(["field", "group_name"], "varchar"),
        **dict.fromkeys(["period_start", "period_end"], "date"),
        **dict.fromkeys(["value", "usual_value", "usual_spread", "score"], "decimal(18, 2)"),
        "is_recent": "boolean",
    },
    "metadata.fct_field_completeness": {
        **dict.fromkeys(["field", "segment", "owner_id", "fixed_by", "measured_from"], "varchar"),
        **dict.fromkeys(["observation_date", "month_start"], "date"),
        **dict.fromkeys(["filled", "expected"], "integer"),
    },
}


def empty_select(table: str) -> str:
    """The table without a row, as a query."""
    columns = (f"cast(null as {kind}) as {name}" for name, kind in TABLES[table].items())
    return f"select {', '.join(columns)} where false"


EMPTY_TABLES = "".join(f"create table {table} as {empty_select(table)};\n" for table in TABLES)
EMPTY_MODELS = {table.replace(".", "/"): empty_select(table) for table in TABLES}
