"""`make bi-proof`: a real Superset shows, chart by chart, what the metric query answers.

It runs Superset in its own environment, imports the bundle as a person would, opens the dashboard
in a browser and looks at what Superset's own pages ask of its REST API and get.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import duckdb
import pytest
import requests
import yaml
from browser import open_browser

from scripts.bi.governed import Governed
from scripts.bi.superset import BUNDLE, bundle
from scripts.metrics_engine import MetricsEngine
from scripts.project import PUBLISHED_FILE, ROOT, sibling

HOME = ROOT / "bi" / "superset"
PYTHON = ROOT / ".venv-superset" / "bin" / "python"
USER, PASSWORD = "admin", token_urlsafe()
DATA = "/api/v1/chart/data"
# What a chart of a fact groups by, as the metric query names it.
QUERY_NAMES = {"created_date": "metric_time__month", "priority": "ticket__priority"}
DRAWN = """
    [...document.querySelectorAll('.slice_container')]
        .filter(chart => chart.querySelector('canvas, svg, table'))
        .filter(chart => !chart.querySelector('[role=alert]')).length
"""
ALL_DRAWN = """
    count => document.querySelectorAll('.slice_container').length === count
        && !document.querySelector('[class*=loading]')
"""
CHARTS = {
    chart["slice_name"]: chart
    for path in (BUNDLE / "charts").glob("*.yaml")
    for chart in [yaml.safe_load(path.read_text(encoding="utf-8"))]
}


@pytest.fixture(scope="module")
def published_metrics() -> Iterator[MetricsEngine]:
    engine = MetricsEngine(PUBLISHED_FILE)
    yield engine
    engine.close()


@dataclass(frozen=True)
class Superset:
    """A running Superset and an administrator's session with it."""

    url: str
    session: requests.Session

    def get(self, path: str) -> Any:
        return self._answer(self.session.get(f"{self.url}/api/v1/{path}", timeout=60))

    def post(self, path: str, **request: Any) -> requests.Response:
        return self.session.post(f"{self.url}/api/v1/{path}", timeout=60, **request)

    def sql(self, text: str) -> requests.Response:
        """The answer of SQL Lab."""
        (database,) = self.get("database/")["result"]
        query = {"database_id": database["id"], "schema": "marts", "sql": text, "runAsync": False}
        return self.post("sqllab/execute/", json=query)

    def session_cookie(self) -> str:
        """Of a login without Superset's login page, which asks another machine for a picture."""
        form = {"username": USER, "password": PASSWORD}
        form["csrf_token"] = self.session.headers["X-CSRFToken"]
        self.session.post(f"{self.url}/login/", data=form, timeout=60).raise_for_status()
        return self.session.cookies["session"]

    @staticmethod
    def _answer(response: requests.Response) -> Any:
        response.raise_for_status()
        return response.json()


@pytest.fixture(scope="module")
def published_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the published file, which Superset reads."""
    copy = tmp_path_factory.mktemp("published") / PUBLISHED_FILE.name
    for suffix in ("duckdb", "semantic_manifest.json"):
        shutil.copy(sibling(PUBLISHED_FILE, suffix), sibling(copy, suffix))
    return copy


@pytest.fixture(scope="module")
def superset(tmp_path_factory: pytest.TempPathFactory, published_file: Path) -> Iterator[Superset]:
    """A new Superset into which the bundle was imported."""
    archive = bundle(Governed(published_file))
    home = tmp_path_factory.mktemp("superset")
    environment = {
        **os.environ,
        "SUPERSET_HOME": str(home),
        "SUPERSET_CONFIG_PATH": str(HOME / "superset_config.py"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with (
        (home / "log").open("w") as log,
        subprocess.Popen(
            [str(PYTHON), str(HOME / "server.py"), USER, PASSWORD],
            cwd=home,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        url = process.stdout.readline().strip()
        if not url:
            pytest.fail(f"Superset did not start:\n{(home / 'log').read_text()[-3000:]}")
        superset = Superset(url, requests.Session())
        token = superset.post(
            "security/login",
            json={"username": USER, "password": PASSWORD, "provider": "db", "refresh": False},
        ).json()["access_token"]
        superset.session.headers["Authorization"] = f"Bearer {token}"
        superset.session.headers["X-CSRFToken"] = superset.get("security/csrf_token/")["result"]
        imported = superset.post(
            "dashboard/import/", files={"formData": ("bellwether.zip", archive)}
        )
        assert imported.json() == {"message": "OK"}, imported.text
        yield superset
        process.stdin.close()


@dataclass(frozen=True)
class Shown:
    """What the browser asked for while it showed the dashboard, and what each chart got."""

    requested: list[str]
    errors: list[str]
    answers: dict[str, list[dict[str, Any]]]  # chart → rows
    text: str
    drawn: int  # charts in which there is something to see


@pytest.fixture(scope="module")
def shown(superset: Superset) -> Shown:
    """The dashboard, opened in a browser; its picture is put beside the published file."""
    names = {chart["id"]: chart["slice_name"] for chart in superset.get("chart/")["result"]}
    requested: list[str] = []
    errors: list[str] = []
    responses: list[Any] = []
    with open_browser(offline=False) as page:
        page.on("request", lambda request: requested.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("response", lambda got: responses.append(got) if DATA in got.url else None)
        page.set_viewport_size({"width": 1600, "height": 2240})
        page.context.add_cookies(
            [{"url": superset.url, "name": "session", "value": superset.session_cookie()}]
        )
        page.goto(f"{superset.url}/superset/dashboard/bellwether/?standalone=1")
        page.wait_for_function(ALL_DRAWN, arg=len(CHARTS), timeout=60_000)
        page.wait_for_timeout(1500)  # the charts move into place
        picture = sibling(PUBLISHED_FILE, "superset.png")
        page.screenshot(path=picture)
        text = page.locator("body").inner_text()
        drawn = page.evaluate(DRAWN)
        answers = {
            names[got.request.post_data_json["form_data"]["slice_id"]]: got.json()["result"]
            for got in responses
        }
    rows = {name: result["data"] for name, (result,) in answers.items()}
    return Shown(requested, errors, rows, text, drawn)


def test_the_dashboard_is_shown_and_asks_no_other_machine(superset: Superset, shown: Shown) -> None:
    assert shown.errors == []
    assert len(shown.requested) > 50
    beyond = [
        url for url in shown.requested if not url.startswith((superset.url, "data:", "blob:"))
    ]
    assert beyond == []
    assert sorted(shown.answers) == sorted(CHARTS)
    assert shown.drawn == len(CHARTS)


def test_the_latest_values_are_written_on_the_dashboard(
    shown: Shown, published_metrics: MetricsEngine
) -> None:
    rows = published_metrics.query(
        ["mrr", "net_revenue_retention", "gross_revenue_retention"], ["metric_time__month"]
    ).to_pylist()
    latest = rows[-1]
    (at_risk,) = published_metrics.query(["arr_at_risk"]).to_pylist()
    lines = shown.text.splitlines()
    assert f"${latest['mrr']:,.2f}" in lines
    assert f"{latest['net_revenue_retention']:.1%}" in lines
    assert f"{latest['gross_revenue_retention']:.1%}" in lines
    assert f"${at_risk['arr_at_risk']:,.2f}" in lines


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_a_chart_shows_what_the_metric_query_answers(
    name: str, shown: Shown, published_metrics: MetricsEngine
) -> None:
    params = CHARTS[name]["params"]
    metrics = params.get("metrics") or [params["metric"]]
    groups = [*([params["x_axis"]] if "x_axis" in params else []), *_listed(params, "groupby")]
    result = published_metrics.query(metrics, [QUERY_NAMES.get(each, each) for each in groups])
    expected = {
        (*(_comparable(row[QUERY_NAMES.get(each, each)]) for each in groups), metric): row[metric]
        for row in result.to_pylist()
        for metric in metrics
        if row[metric] is not None
    }
    found = {
        key: value
        for row in shown.answers[name]
        for key, value in _values(row, groups, metrics).items()
        if value is not None
    }
    assert len(found) >= 20
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        if isinstance(value, float):
            assert found[key] == pytest.approx(value, rel=1e-12, abs=1e-12), key
        else:
            assert Decimal(str(found[key])) == value, key  # money, to the cent


def _listed(params: dict[str, Any], name: str) -> list[str]:
    value = params.get(name, [])
    return [value] if isinstance(value, str) else value


def _values(row: dict[str, Any], groups: list[str], metrics: list[str]) -> dict[tuple, Any]:
    """The metric values of a row of an answer, by group and metric.

    Of a chart over time Superset puts the values of a second group-by item side by side.
    """
    if set(groups) <= set(row):
        return {(*(_comparable(row[each]) for each in groups), m): row[m] for m in metrics}
    over_time, (metric,) = groups[0], metrics
    return {
        (_comparable(row[over_time]), None if label == "<NULL>" else label, metric): value
        for label, value in row.items()
        if label != over_time
    }


def _comparable(value: Any) -> Any:
    """A group's value; Superset gives days in milliseconds since 1970."""
    if isinstance(value, float) or (isinstance(value, int) and value > 10**9):
        return datetime.fromtimestamp(value / 1000, UTC).date()
    return value


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        ("delete from marts.fct_tickets", "does not allow for DDL/DML"),
        ("drop table metrics.monthly_revenue", "does not allow for DDL/DML"),
        ("create table marts.own as select 1 as x", "does not allow for DDL/DML"),
        ("copy marts.fct_tickets to 'tickets.csv'", "file system operations are disabled"),
        ("select * from read_csv('/etc/passwd')", "file system operations are disabled"),
        ("set enable_external_access = true", "Cannot"),
    ],
)
def test_sql_lab_reads_the_published_file_and_nothing_else(
    sql: str, answer: str, superset: Superset, published_file: Path
) -> None:
    before = sha256(published_file.read_bytes()).hexdigest()
    refused = superset.sql(sql)
    assert refused.status_code != 200
    assert answer in refused.text
    assert sha256(published_file.read_bytes()).hexdigest() == before
    assert _rows(superset) > 1000


def _rows(superset: Superset) -> int:
    counted = superset.sql("select count(*) as counted from marts.fct_tickets")
    return counted.json()["data"][0]["counted"]


def test_nothing_is_written_even_where_superset_would_allow_it(superset: Superset) -> None:
    """The file is opened for reading only, so an administrator's slip changes nothing."""
    (database,) = superset.get("database/")["result"]
    changed = superset.session.put(
        f"{superset.url}/api/v1/database/{database['id']}", json={"allow_dml": True}, timeout=60
    )
    changed.raise_for_status()
    refused = superset.sql("delete from marts.fct_tickets")
    assert refused.status_code != 200
    assert "read-only" in refused.text


def test_a_newly_published_file_is_read_without_a_restart(
    superset: Superset, published_file: Path
) -> None:
    before = _rows(superset)
    new_file = published_file.with_name("new.duckdb")
    shutil.copy(published_file, new_file)
    with duckdb.connect(str(new_file)) as connection:
        connection.execute("delete from marts.fct_tickets where priority = 'urgent'")
        (left,) = connection.execute("select count(*) from marts.fct_tickets").fetchone()
    new_file.replace(published_file)
    assert _rows(superset) == left < before
