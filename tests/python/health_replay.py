"""Health scores made again from what the sources held on a day.

The SQL that the last build compiled is replayed, model by model, in a DuckDB in memory.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import duckdb
from held_on_a_day import HELD
from replay import LAST_DAY, Model, sql_as_of

from scripts.project import CATALOG

OF_A_DAY = (
    "(period_type = 'month_end' and observation_date <= {day}) "
    "or (period_type = 'as_of' and observation_date = {day})"
)
# The models compared, and which of their rows are final on a day.
FINAL = {
    "fct_health_scores": OF_A_DAY,
    "fct_health_components": OF_A_DAY,
    "int_health_observations_judged": "window_end_date <= {day}",
}
DATES = "int_observation_dates_listed"


class Company:
    """What a company's sources hold, and the health scores made of it as of any day.

    Three catalogs: `given` has the raw rows as the company wrote them, typed; `today` what
    staging makes of them all and, later, the scores; in `bellwether` models are built.
    """

    def __init__(
        self, models: Sequence[Model], raw_folder: Path, work_file: Path, changes: str = ""
    ) -> None:
        self.reading = [model for model in models if model.layer in ("base", "stg")]
        self.staging = [model for model in models if model.layer == "stg"]
        self.scoring = [model for model in models if model.layer not in ("base", "stg")]
        self.connection = duckdb.connect(":memory:", config={"threads": 1})
        for catalog in (CATALOG, "given", "today"):
            self.run(f"attach ':memory:' as {catalog}")
        self.run(f"attach '{work_file}' as built (read_only)")
        self.run(f"use {CATALOG}")
        for schema in ("raw", "reference", "staging", "intermediate", "marts"):
            self.run(f"create schema {schema}")
        for (seed,) in self.rows(
            "select table_name from duckdb_tables() "
            "where database_name = 'built' and schema_name = 'reference'"
        ):
            self.run(f"create table reference.{seed} as from built.reference.{seed}")
        for file in sorted(raw_folder.glob("*/*.parquet")):
            self.run(f"create table given.stg_{file.parent.name}__{file.stem} as from '{file}'")
        self.run(changes)
        self.read({model: f"from given.{model.name}" for model in self.staging})
        for model in self.staging:
            self.run(f"create table today.{model.name} as from {model.relation}")

    def run(self, sql: str) -> None:
        self.connection.execute(sql)

    def rows(self, sql: str) -> list[tuple]:
        return self.connection.execute(sql).fetchall()

    def build(self, models: Iterable[Model], day: date) -> None:
        for model in models:
            self.run(f"create or replace table {model.relation} as {sql_as_of(model.sql, day)}")

    def read(self, rows: dict[Model, str]) -> None:
        """Have the first models read these rows, given for each staging model as a query."""
        for model, query in rows.items():
            raw_table = model.name.replace("stg_", "raw.raw_")
            self.run(
                f"create or replace table {raw_table} as select columns(*)::varchar from ({query})"
            )
        self.build(self.reading, LAST_DAY)

    def score_today(self, observed: Iterable[date], scoring: Sequence[Model], kept_in: str) -> None:
        """Score from all there is, as of the last day, and keep what it says of these days."""
        self.run(f"drop schema if exists today.{kept_in} cascade; create schema today.{kept_in}")
        for model in self.staging:
            self.run(f"create or replace table {model.relation} as from today.{model.name}")
        for model in scoring:
            self.build([model], LAST_DAY)
            if model.name == DATES:
                for day in observed:
                    self.run(f"insert into {model.relation} values ('{day}', 'as_of')")
        for model in scoring:
            if model.name in FINAL:
                self.run(f"create table today.{kept_in}.{model.name} as from {model.relation}")

    def score_then(self, day: date, scoring: Sequence[Model]) -> None:
        """Score from what was there at the end of a day, as of that day."""
        self.run("use today")
        for model in self.staging:
            self.run(f"create or replace table {model.relation} as {held(model.name, day)}")
        self.run(f"use {CATALOG}")
        self.build(scoring, day)

    def differences(self, day: date, kept_in: str) -> list[tuple]:
        """Rows, final on the day, that only one of the two has."""
        found = []
        for model in self.scoring:
            if model.name in FINAL:
                final = FINAL[model.name].format(day=f"date '{day}'")
                then = f"select * from {model.relation} where {final}"
                today = f"select * from today.{kept_in}.{model.name} where {final}"
                for side, rows, others in (("then", then, today), ("today", today, then)):
                    only = self.rows(f"{rows} except all {others}")
                    found += [(model.name, side, *row) for row in only]
        return found


def held(staging_model: str, day: date) -> str:
    """The query for what a staging table's source held at the end of a day."""
    raw_table = staging_model.removeprefix("stg_").replace("__", ".")
    return HELD[raw_table].replace("@tomorrow", f"(timestamp '{day}' + interval 1 day)")
