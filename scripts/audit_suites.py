"""The rules of the audit, each a query for the rows that break it.

A rule's query reads `{batch}`, which Great Expectations replaces with the suite's rows, and
gives one row per finding with the column `finding`, a sentence. Thresholds come from the
reference seeds audit_thresholds and metric_ranges.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scripts.definition_rules import REQUIRED_META

# What recurring revenue is compared with, by the name of the reconciliation.
RECONCILED = {
    "invoices": "what was invoiced",
    "charges": "the charges in effect",
    "crm": "the ARR in the CRM",
}


@dataclass(frozen=True)
class Rule:
    """What must hold, how bad it is when it doesn't, and the query for what breaks it."""

    promise: str
    severity: str  # error: nothing is published; warning: told and published
    query: str


@dataclass(frozen=True)
class Suite:
    """Rules about the same rows."""

    name: str
    rows: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Threshold:
    """A row of reference.audit_thresholds; the threshold is a share, 0 to 1."""

    rule: str
    scope: str
    threshold: float
    severity: str


@dataclass(frozen=True)
class MetricRange:
    """A row of reference.metric_ranges; a bound that is None is open."""

    metric: str
    minimum: float | None
    maximum: float | None
    severity: str


def suites(
    thresholds: Iterable[Threshold],
    ranges: Iterable[MetricRange],
    exported: dict[str, list[str]],
    manifest: Path,
) -> list[Suite]:
    """All suites; `exported` gives the tables of the schema metrics with their columns."""
    by_rule: dict[str, list[Threshold]] = {}
    for threshold in thresholds:
        by_rule.setdefault(threshold.rule, []).append(threshold)
    return [
        _row_accounting(by_rule["rows_rejected"]),
        _critical_fields(by_rule["critical_field_filled"]),
        _attribution(by_rule["attributed"]),
        _data_issues(),
        _reconciliation(by_rule["unexplained"]),
        _retention(),
        _metric_definitions(manifest),
        *_metric_values(list(ranges), exported),
    ]


def _row_accounting(limits: list[Threshold]) -> Suite:
    scoped = [limit.scope for limit in limits if limit.scope != "*"]
    return Suite(
        "Raw rows",
        "select * from metadata.fct_raw_row_accounting",
        (
            Rule(
                "Every raw row is kept, a duplicate, superseded or rejected; none is lost.",
                "error",
                """
                select raw_table_id || ': ' || rows_read || ' rows read, but '
                    || (rows_kept + duplicates + superseded + rejected)
                    || ' accounted for' as finding
                from {batch}
                where rows_read is distinct from
                    rows_kept + duplicates + superseded + rejected
                """,
            ),
            *(
                Rule(
                    f"At most {100 * limit.threshold:g} % of the rows of "
                    f"{'a raw table' if limit.scope == '*' else limit.scope} are rejected.",
                    limit.severity,
                    f"""
                    select raw_table_id || ': ' || rejected || ' of ' || rows_read
                        || ' rows rejected (' || round(100.0 * rejected / rows_read, 1)
                        || ' %), at most {100 * limit.threshold:g} % expected; '
                        || 'see metadata.fct_rejected_rows' as finding
                    from {{batch}}
                    where rejected > greatest(1, {limit.threshold} * rows_read)
                        and {_in_scope(limit.scope, scoped)}
                    """,
                )
                for limit in limits
            ),
        ),
    )


def _in_scope(scope: str, scoped: list[str]) -> str:
    if scope != "*":
        return f"raw_table_id = '{scope}'"
    others = ", ".join(f"'{name}'" for name in scoped)
    return f"raw_table_id not in ({others})" if others else "true"


def _critical_fields(limits: list[Threshold]) -> Suite:
    return Suite(
        "Critical fields of the CRM",
        "select * from marts.dim_accounts where is_active_customer",
        tuple(
            Rule(
                f"{limit.scope} is filled for at least {100 * limit.threshold:g} % of the active "
                "accounts of each segment.",
                limit.severity,
                # A field that is never filled is one that the source doesn't have.
                f"""
                select '{limit.scope}, segment ' || segment || ': ' || filled || ' of '
                    || expected || ' active accounts filled ('
                    || round(100.0 * filled / expected, 1)
                    || ' %), at least {100 * limit.threshold:g} % expected' as finding
                from (
                    select
                        coalesce(segment, 'unknown') as segment,
                        count({limit.scope}) as filled,
                        count(*) as expected
                    from {{batch}}
                    group by 1
                ) as by_segment
                where filled < {limit.threshold} * expected
                    and (select sum(filled_rows.is_filled) from (
                        select ({limit.scope} is not null)::int as is_filled from {{batch}}
                    ) as filled_rows) > 0
                """,
            )
            for limit in limits
        ),
    )


def _attribution(limits: list[Threshold]) -> Suite:
    return Suite(
        "Attribution to accounts",
        """
        select 'billing' as system, 'MRR' as what, account_id, mrr as amount
        from marts.fct_account_months
        where month_start = (select max(month_start) from marts.fct_account_months)
        union all
        select 'usage', 'user days', account_id, 1 from marts.fct_user_activity
        union all
        select 'tickets', 'tickets', account_id, 1 from marts.fct_tickets
        """,
        tuple(
            Rule(
                f"At least {100 * limit.threshold:g} % of what {limit.scope} holds belongs to a "
                "known account.",
                limit.severity,
                f"""
                select system || ': ' || unattributed || ' of ' || total || ' ' || what
                    || ' belong to no known account, at most '
                    || '{100 * (1 - limit.threshold):.3g} % expected' as finding
                from (
                    select
                        system,
                        what,
                        sum(amount) as total,
                        sum(case when account_id = 'unassigned' then amount else 0 end)
                            as unattributed
                    from {{batch}}
                    where system = '{limit.scope}'
                    group by all
                ) as by_system
                where total - unattributed < {limit.threshold} * total
                """,
            )
            for limit in limits
        ),
    )


def _data_issues() -> Suite:
    return Suite(
        "Data issues",
        "select * from intermediate.int_data_issues_found",
        (
            Rule(
                "No data issue whose severity is error is open.",
                "error",
                """
                select in_words || ': ' || concat_ws(', ', system, table_name, field, record_key)
                    || ': ' || detail || '. ' || owner || ': ' || suggested_fix as finding
                from {batch}
                where severity = 'error'
                """,
            ),
        ),
    )


def _reconciliation(limits: list[Threshold]) -> Suite:
    """The months of the last year of each reconciliation; older ones are nobody's to put right."""
    return Suite(
        "Reconciliation of revenue",
        """
        select *
        from marts.fct_reconciliations
        where month_start > (
            select max(month_start) - interval 12 months from marts.fct_reconciliations
        )
        """,
        tuple(
            Rule(
                f"At most {100 * limit.threshold:g} % of a month's recurring revenue differs from "
                f"{RECONCILED[limit.scope]} without a reason.",
                limit.severity,
                f"""
                select month_start || ': ' || unexplained || ' of ' || billed
                    || ' differs from {RECONCILED[limit.scope]} without a reason, at most '
                    || '{100 * limit.threshold:g} % expected; see marts.fct_reconciliations'
                    as finding
                from (
                    select
                        month_start,
                        sum(absolute_unexplained) as unexplained,
                        sum(billing_amount) as billed
                    from {{batch}}
                    where reconciliation = '{limit.scope}'
                    group by all
                ) as by_month
                where unexplained > {limit.threshold} * billed
                """,
            )
            for limit in limits
        ),
    )


def _retention() -> Suite:
    return Suite(
        "Account-months",
        "select * from marts.fct_account_months",
        (
            Rule(
                "MRR is never negative.",
                "error",
                """
                select account_id || ', ' || month_start || ': MRR ' || mrr as finding
                from {batch}
                where mrr < 0
                """,
            ),
            Rule(
                "What is retained is never more than what there was twelve months ago.",
                "error",
                """
                select account_id || ', ' || month_start || ': ' || mrr_retained_12_months
                    || ' retained of ' || mrr_12_months_ago as finding
                from {batch}
                where mrr_retained_12_months > mrr_12_months_ago
                """,
            ),
            Rule(
                "Churn and contraction never add MRR; new, reactivation and expansion never "
                "take any.",
                "error",
                """
                select account_id || ', ' || month_start || ': new ' || new_mrr
                    || ', reactivation ' || reactivation_mrr || ', expansion ' || expansion_mrr
                    || ', contraction ' || contraction_mrr || ', churned ' || churned_mrr
                    as finding
                from {batch}
                where least(new_mrr, reactivation_mrr, expansion_mrr) < 0
                    or greatest(contraction_mrr, churned_mrr) > 0
                """,
            ),
        ),
    )


def _metric_definitions(manifest: Path) -> Suite:
    path = str(manifest).replace("'", "''")
    keys = ", ".join(f"'{key}'" for key in REQUIRED_META)
    return Suite(
        "Metric definitions",
        f"""
        select
            metric.value ->> '$.name' as name,
            metric.value ->> '$.label' as label,
            metric.value ->> '$.description' as description,
            metric.value -> '$.config.meta' as meta
        from read_text('{path}') as manifest, json_each(manifest.content, '$.metrics') as metric
        where coalesce(metric.value ->> '$.type_params.is_private', 'false') = 'false'
        """,
        (
            Rule(
                "The project defines metrics.",
                "error",
                """
                select 'no metric at all' as finding
                from (select count(*) as metrics from {batch}) as counted
                where metrics = 0
                """,
            ),
            Rule(
                "Every metric has a label and a description.",
                "error",
                """
                select name || ': no label or no description' as finding
                from {batch}
                where coalesce(label, '') = '' or coalesce(description, '') = ''
                """,
            ),
            Rule(
                "Every metric says " + ", ".join(REQUIRED_META) + ".",
                "error",
                f"""
                select name || ': meta lacks ' || key as finding
                from (
                    select name, meta, unnest([{keys}]) as key from {{batch}}
                ) as required
                where not list_contains(coalesce(json_keys(meta), []), key)
                """,
            ),
        ),
    )


def _metric_values(ranges: list[MetricRange], exported: dict[str, list[str]]) -> list[Suite]:
    """Every exported column of a metric that has a range stays in it."""
    return [
        Suite(
            f"Values in metrics.{table}",
            f'select * from metrics."{table}"',
            tuple(
                Rule(
                    f"{bounds.metric} is {_range_in_words(bounds)}.",
                    bounds.severity,
                    f"""
                    select {_row_in_words(columns)} || '{bounds.metric} ' || {bounds.metric}
                        as finding
                    from {{batch}}
                    where {" or ".join(_outside(bounds))}
                    """,
                )
                for bounds in ranges
                if bounds.metric in columns
            ),
        )
        for table, columns in sorted(exported.items())
        if any(bounds.metric in columns for bounds in ranges)
    ]


def _row_in_words(columns: list[str]) -> str:
    """The dimensions of an exported row, which have an entity's name before the underscores."""
    dimensions = [column for column in columns if "__" in column]
    return " || ".join(f"coalesce({column}::text, 'none') || ', '" for column in dimensions)


def _outside(bounds: MetricRange) -> list[str]:
    conditions = []
    if bounds.minimum is not None:
        conditions.append(f"{bounds.metric} < {bounds.minimum}")
    if bounds.maximum is not None:
        conditions.append(f"{bounds.metric} > {bounds.maximum}")
    return conditions


def _range_in_words(bounds: MetricRange) -> str:
    if bounds.maximum is None:
        return f"never below {bounds.minimum:g}"
    if bounds.minimum is None:
        return f"never above {bounds.maximum:g}"
    return f"between {bounds.minimum:g} and {bounds.maximum:g}"
