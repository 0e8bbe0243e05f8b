"""Collects the commands of `python -m scripts`.

Modules are imported here, so they import what is slow (dbt, MetricFlow, Great Expectations)
inside their functions.
"""

import sys

import typer

from scripts import (
    audit,
    bench,
    build,
    close,
    definition_rules,
    docs,
    lineage,
    metric_versions,
    metrics,
    metrics_diff,
    picture,
    pr_summary,
    publish,
    push_queue,
    raw_inputs,
    runs,
)
from scripts.activation import command as activation
from scripts.bi import command as bi
from scripts.demo import command as demo_data
from scripts.digest import command as digest
from scripts.health import challenger, report
from scripts.pack import command as pack
from scripts.pages import site
from scripts.project import UserError
from scripts.serving import access as serving_access
from scripts.serving import commands as serving
from scripts.serving import load as serving_load

app = typer.Typer(
    help="Commands of Bellwether. Each has its own --help.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("build")(build.command)
app.command("audit")(audit.command)
app.command("publish")(publish.command)
app.command("docs")(docs.command)
app.command("close")(close.command)
app.command("history")(runs.command)
app.command("bench")(bench.command)
app.command("check-inputs")(raw_inputs.command)
app.command("check-definitions")(definition_rules.command)
app.command("approve-metric")(metric_versions.command)
app.command("metrics-diff")(metrics_diff.command)
app.command("pr-summary")(pr_summary.command)
app.command("demo-data")(demo_data.command)
app.command("bi")(bi.command)
app.command("push-queue")(push_queue.command)
app.command("health-challenger")(challenger.command)
app.command("health-report")(report.command)
app.command("serve")(serving.serve_command)
app.command("mcp")(serving.mcp_command)
app.command("token")(serving_access.command)
app.command("serve-load")(serving_load.command)
app.command("lineage")(lineage.command)
app.command("pages")(site.command)
app.command("pack")(pack.pack_command)
app.command("qbr")(pack.review_command)
app.command("picture")(picture.command)
app.command("digest")(digest.command)
app.add_typer(metrics.app, name="metrics")
app.add_typer(activation.app, name="activate")


def main() -> None:
    """Run a command; a user's mistake ends in one sentence on stderr and exit code 1 or 2."""
    try:
        app(prog_name="python -m scripts")
    except UserError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
