"""Audits the built marts with Great Expectations and reports what it found in one HTML page.

The page also tells the data's issues, who mends them and how, and what was mended.
"""

import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.audit_quality import SEVERITIES, Quality, quality
from scripts.audit_suites import MetricRange, Rule, Suite, Threshold, suites
from scripts.project import PUBLISHED_FILE, Places, UserError

SHOWN_FINDINGS = 50
SHOWN_ISSUES = 5  # of one kind, and as many as this when they are unfolded:
MOST_ISSUES = 200


@dataclass(frozen=True)
class Outcome:
    """What became of a rule: the findings shown are the first of `count`."""

    suite: str
    rule: Rule
    count: int
    findings: list[str]

    @property
    def status(self) -> str:
        return self.rule.severity if self.count else "passed"


@dataclass(frozen=True)
class Audit:
    """The outcomes of all rules and the page that tells them."""

    outcomes: list[Outcome]
    quality: Quality
    report: Path

    def having(self, status: str) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.status == status]

    @property
    def in_short(self) -> str:
        passed, warnings = len(self.having("passed")), len(self.having("warning"))
        return (
            f"{passed} rules hold, {warnings} warning{'' if warnings == 1 else 's'}; "
            + self.quality.in_short
        )

    def raise_errors(self) -> None:
        """Raise a UserError that names what broke a rule whose severity is error."""
        errors = self.having("error")
        if errors:
            raise UserError(
                "The audit found what must not be published:\n"
                + "".join(_in_words(outcome) for outcome in errors)
                + f"The whole report is {self.report}."
            )


def audit(places: Places) -> Audit:
    """Check the work file, which is only read, and write the report into the target folder."""
    if not (places.work_file.exists() and places.manifest.exists()):
        raise UserError(f"There is nothing to audit: {places.work_file} is missing. Build first.")
    as_of, rules = _rules(places)
    outcomes = _validate(places.work_file, rules)
    found = quality(places, as_of)
    report = places.target / "audit.html"
    report.write_text(_page(outcomes, found, as_of), encoding="utf-8")
    return Audit(outcomes, found, report)


def _rules(places: Places) -> tuple[date, list[Suite]]:
    """The as-of date of the work file, and the suites with the thresholds then in force."""
    import duckdb

    with duckdb.connect(str(places.work_file), read_only=True) as connection:
        (as_of,) = connection.execute(
            "select max(observation_date) from intermediate.int_observation_dates_listed"
        ).fetchone()
        thresholds = connection.execute(
            """
            select rule, scope, threshold, severity
            from reference.audit_thresholds
            where effective_from <= ?
            qualify version = max(version) over (partition by rule, scope, severity)
            order by all
            """,
            [as_of],
        ).fetchall()
        ranges = connection.execute(
            """
            select metric, minimum, maximum, severity
            from reference.metric_ranges
            where effective_from <= ?
            qualify version = max(version) over (partition by metric, severity)
            order by all
            """,
            [as_of],
        ).fetchall()
        exported = connection.execute(
            """
            select table_name, list(column_name order by column_index)
            from duckdb_columns()
            where schema_name = 'metrics'
            group by table_name
            """
        ).fetchall()
    return as_of, suites(
        [Threshold(*row) for row in thresholds],
        [MetricRange(*row) for row in ranges],
        dict(exported),
        places.manifest,
    )


def _validate(work_file: Path, rules: list[Suite]) -> list[Outcome]:
    """Run every rule inside DuckDB, through one read-only connection."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").propagate = False  # its chatter
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sql(
        name="work",
        connection_string=f"duckdb:///{work_file}",
        # Without the first two every query fails with "list index out of range".
        kwargs={
            "isolation_level": "AUTOCOMMIT",
            "skip_autocommit_rollback": True,
            "connect_args": {"read_only": True},
        },
    )
    try:
        return [outcome for suite in rules for outcome in _run(gx, source, suite)]
    finally:
        source.get_execution_engine().close()
        source.get_engine().dispose()


def _run(gx: Any, source: Any, suite: Suite) -> list[Outcome]:
    from great_expectations.expectations import UnexpectedRowsExpectation

    batch = source.add_query_asset(suite.name, query=suite.rows)
    batch = batch.add_batch_definition_whole_table("all rows").get_batch()
    results = batch.validate(
        gx.ExpectationSuite(
            suite.name,
            expectations=[
                UnexpectedRowsExpectation(
                    unexpected_rows_query=rule.query, description=rule.promise, meta={"rule": index}
                )
                for index, rule in enumerate(suite.rules)
            ],
        ),
        result_format="COMPLETE",
    )
    by_rule = {result.expectation_config.meta["rule"]: result for result in results.results}
    return [_outcome(suite.name, rule, by_rule[i]) for i, rule in enumerate(suite.rules)]


def _outcome(suite: str, rule: Rule, result: Any) -> Outcome:
    if "observed_value" not in result.result:
        # A rule that can't be evaluated has found nothing out, so it is no pass.
        broken = Rule(rule.promise, "error", rule.query)
        return Outcome(suite, broken, 1, [f"can't be evaluated: {_exception(result)}"])
    rows = result.result.get("details", {}).get("unexpected_rows", [])
    findings = sorted(str(row["finding"]) for row in rows)
    return Outcome(suite, rule, result.result["observed_value"], findings[:SHOWN_FINDINGS])


def _exception(result: Any) -> str:
    information = result.exception_info
    if "exception_message" not in information:  # then it is kept per metric
        information = next(iter(information.values()))
    return str(information["exception_message"]).split("\n[SQL:")[0]


def _in_words(outcome: Outcome) -> str:
    shown = outcome.findings[:5]
    more = outcome.count - len(shown)
    return (
        f"  {outcome.suite}: {outcome.rule.promise}\n"
        + "".join(f"    {finding}\n" for finding in shown)
        + (f"    and {more} more\n" if more else "")
    )


def _page(outcomes: list[Outcome], found: Quality, as_of: date) -> str:
    import jinja2

    template = (Path(__file__).parent / "audit_report.html.j2").read_text(encoding="utf-8")
    by_suite: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_suite.setdefault(outcome.suite, []).append(outcome)
    return jinja2.Template(template, autoescape=True, trim_blocks=True, lstrip_blocks=True).render(
        as_of=as_of,
        suites=by_suite,
        quality=found,
        severities=SEVERITIES,
        shown=SHOWN_ISSUES,
        most=MOST_ISSUES,
        counts={
            status: sum(outcome.status == status for outcome in outcomes)
            for status in ("error", "warning", "passed")
        },
    )


def command(
    publish_to: Annotated[
        Path, typer.Option(help="The published file whose build's work file is audited.")
    ] = PUBLISHED_FILE,
) -> None:
    """Audit the last build; exit code 1 when a rule whose severity is error is broken.

    Example: python -m scripts audit
    """
    result = audit(Places.of(publish_to))
    for outcome in result.having("warning"):
        print(f"Warning\n{_in_words(outcome)}", end="")
    result.raise_errors()
    print(f"{result.in_short}. Report: {result.report}")
