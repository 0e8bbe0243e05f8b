"""The metrics for assistants over MCP: a thin layer over scripts/serving/answers.py."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

from mcp.server import MCPServer
from pydantic import Field

from scripts.project import UserError
from scripts.serving.access import Role, role_named, today
from scripts.serving.answers import Metrics, Question

INSTRUCTIONS = """\
The governed metrics of customer success. Take every number from query_metrics and write no SQL:
each metric has one definition, an owner and a unit. Find metrics with list_metrics, read what one
means and what it can be grouped by with describe_metric, then ask for its values. Say as of which
date an answer is. An answer with "error" says what to ask otherwise."""


def server(metrics: Metrics, role: str) -> MCPServer:
    """The MCP server that answers from `metrics` what the role may see."""
    mcp = MCPServer("bellwether", instructions=INSTRUCTIONS)

    def role_now() -> Role:
        return role_named(role, today())

    @mcp.tool()
    @_errors_told
    def list_metrics(
        search: Annotated[str, Field(description="Words that a metric's text must have.")] = "",
    ) -> dict[str, Any]:
        """List the metrics: name, label, description, unit, owner."""
        return {"metrics": metrics.list_metrics(role_now(), search)}

    @mcp.tool()
    @_errors_told
    def describe_metric(name: str) -> dict[str, Any]:
        """Read a metric's definition, target and version, and what it can be grouped by."""
        return metrics.describe(role_now(), name)

    @mcp.tool()
    @_errors_told
    def query_metrics(question: Question) -> dict[str, Any]:
        """Ask for the values of metrics, grouped, filtered, ordered, page by page."""
        return json.loads(metrics.query(role_now(), question).as_json())

    return mcp


def _errors_told(tool: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Answer with the sentence of an error: mcp hides the texts of exceptions."""

    @wraps(tool)
    def told(*arguments: Any, **options: Any) -> dict[str, Any]:
        try:
            return tool(*arguments, **options)
        except UserError as error:
            return {"error": str(error)}

    return told
