"""The project's own generic dbt tests fail on bad data and pass on good data.

A scratch project of a few inline models carries every generic test twice: on data
that it must accept and on data that it must refuse, with the number of rows it must
return. One dbt run answers all of them.
"""

import shutil
from pathlib import Path

import pytest
import yaml
from dbt.cli.main import dbtRunner

ROOT = Path(__file__).resolve().parents[2]

MODELS = {
    "months_good": """
        select 'a' as account_id, date '2026-01-01' as month_start, 'new' as kind,
               10.10 as mrr, 0.00 as opening, 10.10 as movement
        union all select 'a', date '2026-02-01', 'expansion', 15.30, 10.10, 5.20
        union all select 'b', date '2025-12-01', 'new', 7.00, 0.00, 7.00
        union all select 'b', date '2026-01-01', 'churn', 0.00, 7.00, -7.00
    """,
    # account a: a cent too much, February twice; account b: a month missing,
    # then a null key; account c: unknown movement
    "months_bad": """
        select 'a' as account_id, date '2026-01-01' as month_start, 'new' as kind,
               10.11 as mrr, 0.00 as opening, 10.10 as movement
        union all select 'a', date '2026-02-01', 'new', 15.30, 10.10, 5.20
        union all select 'a', date '2026-02-01', 'new', 15.30, 10.10, 5.20
        union all select 'b', date '2025-12-01', 'new', 7.00, 0.00, 7.00
        union all select 'b', date '2026-02-01', 'new', 7.00, 7.00, 0.00
        union all select 'c', date '2026-01-01', 'new', 1.00, 0.00, null
        union all select null, date '2026-01-01', 'new', 1.00, 0.00, 1.00
    """,
    # the same money as months_good by account, cut into other rows
    "charges_same": """
        select 'a' as customer_id, 25.00 as amount union all select 'a', 0.40
        union all select 'b', 7.00 union all select 'x', 99.00
    """,
    # the right total, but moved from b to a
    "charges_moved": """
        select 'a' as customer_id, 26.40 as amount union all select 'b', 6.00
    """,
    # an account that the other side doesn't have, and no total at all
    "charges_extra": "select 'z' as customer_id, 1.00 as amount",
    "nothing": "select 'a' as customer_id, 1.00 as amount where 1 = 0",
}

KINDS = ["new", "expansion", "churn"]

# (model, test, arguments, rows returned); 0 rows means that the test passes
CASES = [
    ("months_good", "primary_key", {"columns": ["account_id", "month_start"]}, 0),
    # February of a, and the null account
    ("months_bad", "primary_key", {"columns": ["account_id", "month_start"]}, 2),
    ("months_bad", "primary_key", {"columns": ["account_id"]}, 3),
    ("months_good", "expression_is_true", {"expression": "mrr >= 0"}, 0),
    ("months_bad", "expression_is_true", {"expression": "mrr <> 10.11"}, 1),
    # an unknown truth is no truth
    ("months_bad", "expression_is_true", {"expression": "movement >= 0"}, 1),
    (
        "months_good",
        "accounting_identity",
        {"total": "mrr", "parts": ["opening", "movement"]},
        0,
    ),
    # the cent, and the null movement
    (
        "months_bad",
        "accounting_identity",
        {"total": "mrr", "parts": ["opening", "movement"]},
        2,
    ),
    (
        "months_good",
        "sums_match",
        {
            "expression": "mrr",
            "to": "ref('charges_same')",
            "to_expression": "amount",
            "group_by": ["account_id"],
            "to_group_by": ["customer_id"],
            "to_where": "customer_id <> 'x'",
        },
        0,
    ),
    (
        "months_good",
        "sums_match",
        {
            "expression": "mrr",
            "to": "ref('charges_moved')",
            "to_expression": "amount",
            "group_by": ["account_id"],
            "to_group_by": ["customer_id"],
        },
        2,
    ),
    # the grand totals agree although the groups don't
    (
        "months_good",
        "sums_match",
        {"expression": "mrr", "to": "ref('charges_moved')", "to_expression": "amount"},
        0,
    ),
    (
        "months_good",
        "sums_match",
        {
            "expression": "mrr",
            "to": "ref('charges_extra')",
            "to_expression": "amount",
            "group_by": ["account_id"],
            "to_group_by": ["customer_id"],
        },
        3,
    ),
    # an empty other side isn't equal to money here
    (
        "months_good",
        "sums_match",
        {"expression": "mrr", "to": "ref('nothing')", "to_expression": "amount"},
        1,
    ),
    ("months_good", "row_count_matches", {"to": "ref('charges_same')"}, 0),
    (
        "months_good",
        "row_count_matches",
        {"to": "ref('charges_same')", "to_where": "customer_id <> 'x'"},
        1,
    ),
    ("months_good", "row_count_matches", {"to": "ref('nothing')"}, 1),
    (
        "months_good",
        "no_gaps",
        {"key": ["account_id"], "month_column": "month_start"},
        0,
    ),
    # February of a twice, January of b missing
    (
        "months_bad",
        "no_gaps",
        {"key": ["account_id"], "month_column": "month_start"},
        2,
    ),
    ("months_good", "arms_occur", {"column_name": "kind", "values": KINDS}, 0),
    ("months_bad", "arms_occur", {"column_name": "kind", "values": KINDS}, 2),
]


def case_name(index: int) -> str:
    model, test, _, rows = CASES[index]
    return f"{index:02d}_{test}_{model}_{rows}"


def write_project(folder: Path) -> None:
    """Writes a project of the inline models with one data test per case."""
    (folder / "models").mkdir()
    for name, sql in MODELS.items():
        (folder / "models" / f"{name}.sql").write_text(sql)
    models = [
        {
            "name": model,
            "data_tests": [
                {test: {"name": case_name(index), "arguments": arguments}}
                for index, (tested, test, arguments, _) in enumerate(CASES)
                if tested == model
            ],
        }
        for model in MODELS
    ]
    (folder / "models" / "models.yml").write_text(yaml.safe_dump({"models": models}))
    shutil.copytree(ROOT / "tests" / "generic", folder / "tests" / "generic")
    (folder / "macros").mkdir()
    shutil.copy(ROOT / "macros" / "is_full_demo.sql", folder / "macros")
    (folder / "dbt_project.yml").write_text(
        yaml.safe_dump(
            {
                "name": "scratch",
                "profile": "scratch",
                "model-paths": ["models"],
                "test-paths": ["tests"],
                "macro-paths": ["macros"],
                "vars": {
                    "raw_source": "seeds",
                    "as_of_date": "2026-06-30",
                    "demo_last_date": "2026-06-30",
                },
                "flags": {"send_anonymous_usage_stats": False},
            }
        )
    )
    target = {"type": "duckdb", "path": str(folder / "scratch.duckdb"), "threads": 1}
    (folder / "profiles.yml").write_text(
        yaml.safe_dump({"scratch": {"target": "t", "outputs": {"t": target}}})
    )


def run_dbt(folder: Path, command: str, *arguments: str) -> dict[str, tuple[str, int | None]]:
    """Status and number of failing rows of each data test that ran."""
    places = {
        "--project-dir": folder,
        "--profiles-dir": folder,
        "--target-path": folder / "target",
        "--log-path": folder / "logs",
    }
    flags = [str(part) for place in places.items() for part in place]
    result = dbtRunner().invoke([command, "--quiet", *flags, *arguments])
    assert result.result is not None, result.exception
    return {
        node.node.name: (str(node.status), node.failures)
        for node in result.result.results
        if node.node.resource_type == "test"
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generic_tests")
    write_project(folder)
    return folder


@pytest.fixture(scope="module")
def outcomes(project: Path) -> dict[str, tuple[str, int | None]]:
    return run_dbt(project, "build")


@pytest.mark.parametrize("index", range(len(CASES)), ids=case_name)
def test_generic_test_returns_the_offending_rows(
    index: int, outcomes: dict[str, tuple[str, int | None]]
) -> None:
    rows = CASES[index][3]
    assert outcomes[case_name(index)] == ("fail" if rows else "pass", rows)


def test_every_generic_test_is_shown_to_fail() -> None:
    written = {path.stem for path in (ROOT / "tests" / "generic").glob("*.sql")}
    assert {test for _, test, _, rows in CASES if rows} == written


@pytest.mark.parametrize(
    "variables",
    ["{raw_source: files}", "{raw_source_usage: files}", "{as_of_date: '2025-12-31'}"],
)
def test_arms_are_asked_for_on_the_full_demo_only(project: Path, variables: str) -> None:
    outcomes = run_dbt(project, "test", "--vars", variables)
    assert len(outcomes) == sum(test != "arms_occur" for _, test, _, _ in CASES)
