"""What the audit's page tells of the data: open issues, what was mended, sources, jumps, gaps."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from scripts.project import Places, UserError

SEVERITIES = ("error", "warning", "info")
MONTHS_SHOWN = 6

Row = dict[str, Any]


@dataclass(frozen=True)
class Quality:
    """Rows for the page, each a dictionary by column."""

    issues: list[Row]  # open ones, worst first
    mended: list[Row]  # closed as of this day
    systems: list[Row]
    anomalies: list[Row]
    segments: list[Row]  # share filled per field and segment, as of this day
    owners: list[Row]  # accounts' owners whose accounts lack a field
    months: list[Row]  # share filled per field in the last months

    @property
    def counts(self) -> dict[str, int]:
        found = Counter(issue["severity"] for issue in self.issues)
        return {severity: found[severity] for severity in SEVERITIES}

    @property
    def in_short(self) -> str:
        by_severity = ", ".join(f"{count} {severity}" for severity, count in self.counts.items())
        return f"{len(self.issues)} data issues open ({by_severity}), {len(self.mended)} mended"

    @property
    def groups(self) -> list[tuple[Row, list[Row]]]:
        """The open issues by rule and owner: the first of each, and all."""
        grouped = groupby(self.issues, key=lambda issue: [issue[key] for key in GROUP])
        return [(rows[0], rows) for rows in (list(group) for _, group in grouped)]


GROUP = ("severity", "rule", "owner")

ISSUES = f"""
    select
        found.*,
        coalesce(least(log.first_seen_on, $as_of), $as_of) as first_seen_on,
        coalesce(log.times_reopened, 0) as times_reopened
    from intermediate.int_data_issues_found as found
    left join metadata.fct_data_issues as log
        on found.issue_id = log.issue_id
    order by
        list_position(['{"', '".join(SEVERITIES)}'], found.severity),
        found.rule, found.owner, found.system, found.table_name, found.field, found.record_key
"""
MENDED = """
    select * from metadata.fct_data_issues
    where closed_on = $as_of
    order by rule, system, table_name, field, record_key
"""
SYSTEMS = """
    select * from metadata.fct_source_freshness
    order by list_position(['stale', 'fresh', 'absent'], freshness), system
"""
ANOMALIES = """
    select * from metadata.fct_data_anomalies
    where is_recent
    order by abs(score) desc, data_anomaly_id
"""
SEGMENTS = """
    select field, fixed_by, segment, sum(filled) as filled, sum(expected) as expected
    from metadata.fct_field_completeness
    where measured_from = 'record' and observation_date = $as_of
    group by all
    order by all
"""
OWNERS = """
    select
        owner_id, field, fixed_by, sum(expected) - sum(filled) as lacking, sum(expected) as expected
    from metadata.fct_field_completeness
    where measured_from = 'record' and observation_date = $as_of
    group by all
    having sum(filled) < sum(expected)
    order by lacking desc, owner_id, field
"""
MONTHS = f"""
    select field, month_start, measured_from, sum(filled) as filled, sum(expected) as expected
    from metadata.fct_field_completeness
    where month_start > $as_of - to_months({MONTHS_SHOWN}) and month_start <= $as_of
    group by all
    order by all
"""


def quality(places: Places, as_of: date) -> Quality:
    """Read it from the work file."""
    import duckdb

    with duckdb.connect(str(places.work_file), read_only=True) as connection:
        try:
            return Quality(
                *(
                    _rows(connection.execute(query, {"as_of": as_of} if "$" in query else {}))
                    for query in (ISSUES, MENDED, SYSTEMS, ANOMALIES, SEGMENTS, OWNERS, MONTHS)
                )
            )
        except duckdb.CatalogException as error:
            reason = str(error).split("\n")[0]
            raise UserError(
                f"{places.work_file} lacks a table that the audit reads; build again first. "
                f"DuckDB says: {reason}"
            ) from None


def _rows(cursor: Any) -> list[Row]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
