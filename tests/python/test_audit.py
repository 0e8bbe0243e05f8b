"""The audit passes good marts, and finds and counts every kind of fault planted in bad ones."""

import csv
import json
from pathlib import Path

import duckdb
import pytest
import yaml
from data_quality_tables import EMPTY_TABLES

from scripts.audit import Audit, audit
from scripts.definition_rules import REQUIRED_META
from scripts.project import ROOT, Places, UserError

# 40 active accounts, half of them smb and half enterprise; 2 months; 1 rejected row of 1,000.
GOOD = """
create schema intermediate;
create schema marts;
create schema metadata;
create schema metrics;
create schema reference;

create table reference.audit_thresholds as
from read_csv('{seeds}/audit_thresholds.csv', header = true);
create table reference.metric_ranges as
from read_csv('{seeds}/metric_ranges.csv', header = true);

create table intermediate.int_observation_dates_listed as
select date '2026-06-30' as observation_date;

create table marts.dim_accounts as
select
    'a' || i as account_id,
    case when i % 2 = 0 then 'smb' else 'enterprise' end as segment,
    date '2026-12-31' as renewal_date,
    1200.00::decimal(18, 2) as crm_arr,
    'adoption' as lifecycle_stage,
    'pro' as product_tier,
    'u1' as owner_id,
    true as is_active_customer
from range(40) as accounts(i);

create table marts.fct_account_months as
select
    account_id,
    month_start,
    100.00::decimal(18, 2) as mrr,
    100.00::decimal(18, 2) as mrr_12_months_ago,
    100.00::decimal(18, 2) as mrr_retained_12_months,
    0.00::decimal(18, 2) as new_mrr,
    0.00::decimal(18, 2) as reactivation_mrr,
    0.00::decimal(18, 2) as expansion_mrr,
    0.00::decimal(18, 2) as contraction_mrr,
    0.00::decimal(18, 2) as churned_mrr
from marts.dim_accounts
cross join (values (date '2026-05-01'), (date '2026-06-01')) as months(month_start);

create table marts.fct_user_activity as select account_id from marts.dim_accounts;
create table marts.fct_tickets as select account_id from marts.dim_accounts;

create table marts.fct_reconciliations as
select
    reconciliation,
    account_id,
    month_start,
    mrr as billing_amount,
    0.00::decimal(18, 2) as absolute_unexplained
from marts.fct_account_months
cross join (values ('invoices'), ('charges'), ('crm')) as compared(reconciliation);

create table metadata.fct_raw_row_accounting as
select
    'billing.invoices' as raw_table_id,
    1000 as rows_read,
    990 as rows_kept,
    6 as duplicates,
    3 as superseded,
    1 as rejected;

create table metrics.revenue_monthly as
select
    date '2026-06-01' as metric_time__month,
    0.9 as gross_revenue_retention,
    1.1 as net_revenue_retention;
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places.of(tmp_path / "acme.duckdb")
    places.target.mkdir(parents=True)
    write_metrics(places, dict.fromkeys(REQUIRED_META, "given"))
    change(places, GOOD.format(seeds=ROOT / "seeds" / "reference") + EMPTY_TABLES)
    return places


def write_metrics(
    places: Places, meta: dict[str, str], description: str = "MRR now ÷ then"
) -> None:
    metric = {
        "name": "net_revenue_retention",
        "label": "NRR",
        "description": description,
        "config": {"meta": meta},
    }
    places.manifest.write_text(json.dumps({"metrics": {"metric.bellwether.nrr": metric}}))


def change(places: Places, sql: str) -> None:
    with duckdb.connect(str(places.work_file)) as connection:
        connection.execute(sql)


def broken(audited: Audit) -> dict[tuple[str, str], int]:
    """Findings per suite and severity."""
    counts: dict[tuple[str, str], int] = {}
    for outcome in audited.outcomes:
        if outcome.count:
            key = (outcome.suite, outcome.status)
            counts[key] = counts.get(key, 0) + outcome.count
    return counts


def findings(audited: Audit) -> str:
    return "\n".join(finding for outcome in audited.outcomes for finding in outcome.findings)


def test_good_marts_pass(places: Places) -> None:
    audited = audit(places)
    assert broken(audited) == {}
    audited.raise_errors()
    page = audited.report.read_text()
    assert "Audit as of 2026-06-30" in page
    assert "0 errors" in page
    assert "http" not in page  # opens without a network


def test_the_usual_rejects_pass_and_ten_times_as_many_stop_the_build(places: Places) -> None:
    truth = ROOT / "tests" / "truth" / "row_accounting.csv"
    usual = f"""
        create or replace table metadata.fct_raw_row_accounting as
        select
            system || '.' || object as raw_table_id,
            rows_read,
            kept - {{more}} * rejected as rows_kept,
            duplicates,
            superseded,
            rejected + {{more}} * rejected as rejected
        from read_csv('{truth}', header = true)
    """
    change(places, usual.format(more=0))
    assert broken(audit(places)) == {}

    change(places, usual.format(more=9))
    audited = audit(places)
    with duckdb.connect(str(places.work_file), read_only=True) as connection:
        tables = connection.execute(
            "select raw_table_id, rejected, rows_read from metadata.fct_raw_row_accounting "
            "where rejected > 0"
        ).fetchall()
    assert len(tables) > 10
    for table, rejected, read in tables:
        assert f"{table}: {rejected} of {read} rows rejected" in findings(audited)
    with pytest.raises(UserError, match=r"rows rejected \("):
        audited.raise_errors()


def test_every_planted_fault_is_found(places: Places) -> None:
    write_metrics(places, {"owner": "revenue", "target": None}, description="")
    change(
        places,
        """
        -- 2 of 20 smb accounts without a segment of their own stay below 95 %, above 50 %
        update marts.dim_accounts set owner_id = null where account_id in ('a0', 'a2');
        -- 11 of 20 enterprise accounts without a tier are below both
        update marts.dim_accounts set product_tier = null
        where segment = 'enterprise' and substr(account_id, 2)::int < 22;
        -- a stage that the source never gives is no finding
        update marts.dim_accounts set lifecycle_stage = null;
        -- 3 of 40 tickets are more than 5 %, 9 of 40 user days more than 20 %
        update marts.fct_tickets set account_id = 'unassigned'
        where account_id in ('a1', 'a2', 'a3');
        update marts.fct_user_activity set account_id = 'unassigned'
        where substr(account_id, 2)::int < 9;
        update marts.fct_account_months set mrr = -1
        where account_id = 'a5' and month_start = '2026-05-01';
        update marts.fct_account_months set mrr_retained_12_months = 100.01
        where account_id in ('a6', 'a7');
        update marts.fct_account_months set churned_mrr = 5
        where account_id = 'a8' and month_start = '2026-06-01';
        update metadata.fct_raw_row_accounting set rows_kept = rows_kept - 1;
        insert into metrics.revenue_monthly values ('2026-05-01', 1.2, 3.5);
        """,
    )
    audited = audit(places)
    assert broken(audited) == {
        ("Raw rows", "error"): 1,
        ("Critical fields of the CRM", "warning"): 2,  # owner of smb, tier of enterprise
        ("Critical fields of the CRM", "error"): 1,  # tier of enterprise
        ("Attribution to accounts", "warning"): 2,  # tickets, usage
        ("Attribution to accounts", "error"): 1,  # usage
        ("Account-months", "error"): 1 + 4 + 1,
        # no description; 7 of 9 keys (a target of null says that there is none)
        ("Metric definitions", "error"): 1 + len(REQUIRED_META) - 2,
        ("Values in metrics.revenue_monthly", "error"): 1,  # gross retention
        ("Values in metrics.revenue_monthly", "warning"): 1,  # net retention
    }
    assert "product_tier, segment enterprise: 9 of 20 active accounts filled" in findings(audited)
    assert "a8, 2026-06-01" in findings(audited)
    assert "2026-05-01, gross_revenue_retention 1.2" in findings(audited)
    page = audited.report.read_text()
    assert "billing.invoices: 1000 rows read, but 999 accounted for" in page
    with pytest.raises(UserError, match=r"1000 rows read, but 999 accounted for"):
        audited.raise_errors()


@pytest.mark.parametrize(
    ("reconciliation", "unexplained", "found"),
    [
        ("invoices", 120, None),  # 3 % of 40 × 100
        ("invoices", 120.01, "warning"),
        ("invoices", 200, "warning"),  # 5 %
        ("invoices", 200.01, "error"),
        ("crm", 120.01, "warning"),
        ("crm", 400, "warning"),  # 10 %
        ("crm", 400.01, "error"),
        ("charges", 0.01, "error"),
    ],
)
def test_what_nobody_can_explain_stops_the_build(
    places: Places, reconciliation: str, unexplained: float, found: str | None
) -> None:
    change(
        places,
        f"""
        -- more than a year before: nobody's to put right any more
        insert into marts.fct_reconciliations
        values ('{reconciliation}', 'a0', '2025-06-01', 100, 100);
        update marts.fct_reconciliations set absolute_unexplained = {unexplained}
        where reconciliation = '{reconciliation}' and account_id = 'a7'
            and month_start = '2026-05-01'
        """,
    )
    audited = audit(places)
    suite = "Reconciliation of revenue"
    wanted = {"error": ["warning", "error"], "warning": ["warning"], None: []}[found]
    wanted = ["error"] if reconciliation == "charges" else wanted
    assert broken(audited) == {(suite, severity): 1 for severity in wanted}
    if found:
        assert f"2026-05-01: {unexplained:.2f} of 4000.00 differs from" in findings(audited)
    if found == "error":
        with pytest.raises(UserError, match="without a reason"):
            audited.raise_errors()


def test_every_metric_with_a_range_is_exported() -> None:
    queries = yaml.safe_load((ROOT / "models" / "saved_queries.yml").read_text())["saved_queries"]
    exported = {metric for query in queries for metric in query["query_params"]["metrics"]}
    with (ROOT / "seeds" / "reference" / "metric_ranges.csv").open() as file:
        assert {row["metric"] for row in csv.DictReader(file)} <= exported


def test_warnings_alone_do_not_stop_the_build(places: Places) -> None:
    change(places, "update metrics.revenue_monthly set net_revenue_retention = 3.5")
    audited = audit(places)
    assert broken(audited) == {("Values in metrics.revenue_monthly", "warning"): 1}
    audited.raise_errors()


def test_a_rule_that_cannot_be_evaluated_is_an_error(places: Places) -> None:
    change(places, "drop table metadata.fct_raw_row_accounting")
    with pytest.raises(UserError, match=r"can't be evaluated.*fct_raw_row_accounting"):
        audit(places).raise_errors()


def test_thresholds_of_later_do_not_count_yet(places: Places) -> None:
    change(
        places,
        """
        insert into reference.audit_thresholds values
            ('rows_rejected', 'billing.invoices', 0.001, 'error', 2, '2026-07-01')
        """,
    )
    change(places, "update metadata.fct_raw_row_accounting set rejected = 3, superseded = 1")
    assert broken(audit(places)) == {}
    change(places, "update reference.audit_thresholds set effective_from = '2026-06-30'")
    assert broken(audit(places)) == {("Raw rows", "error"): 1}


def test_the_work_file_is_free_afterwards(places: Places) -> None:
    audit(places)
    change(places, "create table marts.later as select 1 as one")


def test_nothing_to_audit_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing to audit.*Build first"):
        audit(Places.of(tmp_path / "acme.duckdb"))


ISSUES = """
insert into intermediate.int_data_issues_found by name
from (values
    ('1', 'rejected_row', 'A raw row is unusable', '{severity}', 'crm', 'contacts', 'email',
        'c_17', 'email must be given', 'CRM administrators', 'Correct it'),
    ('2', 'stale_source', 'A system is late', 'info', 'usage', null, null, null, 'since May',
        'Product analytics', 'Look at the export')
) as found (
    issue_id, rule, in_words, severity, system, table_name, field, record_key, detail, owner,
    suggested_fix
);
insert into metadata.fct_data_issues by name
from (values
    ('1', 'open', date '2026-03-31', date '2026-06-30', null, 'A raw row is unusable', 'c_17', 'd'),
    ('3', 'closed', date '2026-03-31', date '2026-05-31', date '2026-06-30', 'A gap', 'acc_3', 'd'),
    ('4', 'closed', date '2026-01-31', date '2026-02-28', date '2026-03-31', 'Old', 'acc_4', 'd')
) as logged (
    issue_id, status, first_seen_on, last_seen_on, closed_on, in_words, record_key, detail
);
insert into metadata.fct_source_freshness values
    ('usage', 'Product analytics', 'stale', date '2026-05-31', 30, 3),
    ('ops', 'Operations', 'absent', null, null, 7);
insert into metadata.fct_data_anomalies values
    ('x', 'volume', 'week', 'tickets', 'tickets', null, null, date '2026-06-22',
        date '2026-06-28', 12, 24, 2, -6, true),
    ('y', 'volume', 'week', 'old_system', 'tickets', null, null, date '2025-06-22',
        date '2025-06-28', 12, 24, 2, -6, false);
insert into metadata.fct_field_completeness
select 'arr', 'smb', owner_id, 'Revenue operations', kind, day, date_trunc('month', day), filled, n
from (values
    ('u_9', 'record', date '2026-06-30', 1, 4),
    ('u_8', 'record', date '2026-06-30', 2, 2),
    ('u_9', 'published', date '2026-05-31', 3, 6)
) as counted (owner_id, kind, day, filled, n)
"""


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_issues_are_told_with_owner_and_fix_and_only_errors_stop(
    places: Places, severity: str
) -> None:
    change(places, ISSUES.format(severity=severity))
    audited = audit(places)
    counts = {"error": 0, "warning": 0, "info": 1} | {severity: 1}
    assert audited.quality.counts == counts
    assert [row["issue_id"] for row in audited.quality.mended] == ["3"]
    page = " ".join(audited.report.read_text().split())
    for told in (
        *("c_17", "email must be given", "since 2026-03-31", "CRM administrators", "Correct it"),
        *("crm.contacts.email", "A gap", "acc_3", "stale", "absent", "u_9", "3 of 4"),
        *("50 %<small> 3/6", "50 %<small> 3/6", "-6.0", "since 2026-06-30"),
    ):
        assert told in page, told
    for untold in ("acc_4", "old_system", "u_8"):
        assert untold not in page, untold
    if severity == "error":
        assert broken(audited) == {("Data issues", "error"): 1}
        with pytest.raises(UserError, match="A raw row is unusable: crm, contacts, email, c_17"):
            audited.raise_errors()
    else:
        assert broken(audited) == {}
        audited.raise_errors()


def test_a_work_file_without_the_log_is_to_be_built_again(places: Places) -> None:
    change(places, "drop table metadata.fct_data_issues")
    with pytest.raises(UserError, match="lacks a table that the audit reads; build again first"):
        audit(places)
