"""What the health report is made of: the marts' rows, and the form of its answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.health import learning

if TYPE_CHECKING:
    import pandas as pd

HORIZON_DAYS = learning.HORIZON_DAYS


SAMPLES = {"all_history": "all history", "out_of_time": "out of time"}


CUTS = {"red": "red", "red_or_yellow": "red or yellow", "lowest_decile": "lowest tenth"}


@dataclass(frozen=True)
class Table:
    """What a chart shows, or what needs no chart, in words and numbers."""

    caption: str
    columns: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Section:
    """One question and its answer. `chart` is a Vega-Lite specification."""

    key: str
    title: str
    sentences: list[str]
    chart: dict[str, Any] | None = None
    tables: list[Table] = field(default_factory=list)


@dataclass(frozen=True)
class Health:
    """What the page is made of: the marts' rows for one horizon, outcome and all segments."""

    as_of: date
    learned_from: learning.Champion
    challenger: str | None
    models: pd.DataFrame
    weights: pd.DataFrame
    months: pd.DataFrame
    backtest: pd.DataFrame
    calibration: pd.DataFrame
    component_value: pd.DataFrame
    stability: pd.DataFrame
    overrides: pd.DataFrame
    warnings: pd.DataFrame
    judged: pd.DataFrame
    observations: pd.DataFrame
    enough: dict[str, Any]  # the least numbers of accounts that are judged

    @classmethod
    def read(cls, work_file: Path) -> Health:
        import duckdb

        champion, observations = learning.read(work_file)
        with duckdb.connect(str(work_file), read_only=True) as connection:

            def rows(sql: str, parameters: Iterable[Any] = ()) -> pd.DataFrame:
                return connection.execute(sql, list(parameters)).df()

            judged_alike = [HORIZON_DAYS]
            models = rows(
                "select * from reference.health_models where status <> 'retired'"
                " order by status = 'baseline', status <> 'champion', model_version"
            )
            challengers = models.loc[models["status"] == "challenger", "model_version"]
            (as_of,) = connection.execute(
                "select max(observation_date) from intermediate.int_observation_dates_listed"
            ).fetchone()
            return cls(
                as_of=as_of,
                learned_from=champion,
                challenger=challengers.iloc[-1] if len(challengers) else None,
                models=models,
                weights=rows("select * from reference.health_components"),
                months=rows(MONTHS),
                backtest=rows(BACKTEST, judged_alike),
                calibration=rows(CALIBRATION, judged_alike),
                component_value=rows(COMPONENT_VALUE, judged_alike),
                stability=rows("select * from marts.rpt_health_stability order by month_end"),
                overrides=rows("select * from marts.fct_health_overrides"),
                warnings=rows("select * from marts.rpt_health_warnings order by warning, subject"),
                judged=rows(JUDGED, judged_alike),
                observations=observations,
                enough=rows("select * from reference.health_evidence_rules").iloc[0].to_dict(),
            )

    @property
    def champion(self) -> str:
        return self.learned_from.version

    @property
    def sample(self) -> str:
        """What versions are compared on: month ends that none was fitted on, if there are any."""
        return "out_of_time" if "out_of_time" in set(self.backtest["sample"]) else "all_history"

    def is_enough(self, rows: pd.DataFrame) -> bool:
        """Whether enough accounts lost and kept something for a number."""
        lost = rows.loc[rows["has_lost"], "account_id"].nunique()
        kept = rows.loc[~rows["has_lost"], "account_id"].nunique()
        return (
            lost >= self.enough["minimum_lost_accounts"]
            and kept >= self.enough["minimum_kept_accounts"]
        )

    def of(self, rows: pd.DataFrame, **values: Any) -> pd.DataFrame:
        for column, value in values.items():
            rows = rows[rows[column] == value]
        return rows


MONTHS = """
select
    observation_date as month_end,
    count(*) as accounts,
    count(case when final_band = 'green' then 1 end) as green,
    count(case when final_band = 'yellow' then 1 end) as yellow,
    count(case when final_band = 'red' then 1 end) as red,
    count(case when final_band = 'unscored' then 1 end) as unscored,
    count(case when is_managed then 1 end) as managed,
    count(case when is_managed and score is not null and has_required_inputs then 1 end) as covered
from marts.fct_health_scores
where is_champion and period_type = 'month_end'
group by observation_date
order by observation_date
"""


BACKTEST = """
select * from marts.rpt_health_backtest
where horizon_days = ? and outcome = 'churned_or_contracted' and segment = 'all'
order by model_status = 'baseline', model_status <> 'champion', model_version, sample, cut
"""


CALIBRATION = """
select * from marts.rpt_health_calibration
where horizon_days = ? and outcome = 'churned_or_contracted' and segment = 'all'
order by model_version, sample, bin_type, try_cast(bin as integer), average_score
"""


COMPONENT_VALUE = """
select * from marts.rpt_health_component_value
where horizon_days = ? and outcome = 'churned_or_contracted'
order by sample, model_version, auc_gain desc
"""


JUDGED = """
select model_version, account_id, month_end, score, band, decile, has_lost, is_out_of_time
from intermediate.int_health_observations_judged
where horizon_days = ? and score is not null
order by model_version, month_end, account_id
"""
