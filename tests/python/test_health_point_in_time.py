"""A health score of a day knows nothing of the days after it.

For random days and companies, what is scored from the rows the sources held on that day is, in
every column, what the full history says of that day and of each month's end before it. So is
what came after a score, where the window for it was over by then.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import duckdb
import pytest
from health_replay import FINAL, Company
from held_on_a_day import HELD, PLANNED
from replay import LAST_DAY, Model, compiled_models

from scripts.demo.company import build_company
from scripts.demo.contract import raw_tables
from scripts.demo.settings import Settings
from scripts.demo.write import write_parquet
from scripts.project import Places

FIRST_DAY = date(2024, 1, 15)  # two weeks into the product, ticket and survey data
ALWAYS = {
    13: [date(2024, 2, 29), date(2026, 3, 13)],
    14: [date(2025, 3, 31)],
    15: [date(2026, 6, 29)],
}
DAYS_EACH = 5
LEAKING = (13, date(2024, 8, 31))


# What the demo company has too little of: accounts that got their first CSM late, of which nobody
# says whether they are managed; and subscriptions cancelled before their term is over, whose
# charges have no end of their own.
AWKWARD = """
    update given.stg_crm__account_history
    set old_value = null
    where field = 'csm_id';

    update given.stg_crm__accounts as accounts
    set is_managed = null
    from given.stg_crm__account_history as changes
    where changes.account_id = accounts.account_id and changes.field = 'csm_id';

    update given.stg_billing__subscription_charges as charges
    set effective_to = null
    from given.stg_billing__subscriptions as subscriptions
    where charges.subscription_id = subscriptions.subscription_id
        and charges.effective_to = subscriptions.cancel_effective_at;

    update given.stg_billing__subscriptions
    set term_end = cancel_effective_at::date + 40
    where status = 'canceled';
"""


def days_of(seed: int) -> list[date]:
    """Days drawn, and a leap day, one between a cancellation and its effect, a month's end, and
    the last day but one."""
    days_ahead = (LAST_DAY - FIRST_DAY).days
    drawn = random.Random(seed).sample(range(days_ahead), DAYS_EACH - len(ALWAYS[seed]))
    return [*ALWAYS[seed], *sorted(FIRST_DAY + timedelta(days=day) for day in drawn)]


CASES = [(seed, day) for seed in ALWAYS for day in days_of(seed)]


@pytest.fixture(scope="module")
def models(warehouse: duckdb.DuckDBPyConnection) -> list[Model]:
    return compiled_models(Places.of(), FINAL)


@pytest.fixture(scope="module")
def company_of(
    models: list[Model], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[int], Company]:
    @cache
    def made(seed: int) -> Company:
        folder = tmp_path_factory.mktemp(f"company_{seed}")
        write_parquet(build_company(Settings(seed=seed, accounts=60)), folder)
        company = Company(models, folder, Places.of().work_file, AWKWARD)
        company.score_today(days_of(seed), company.scoring, kept_in="honest")
        return company

    return made


@pytest.mark.parametrize(("seed", "day"), CASES, ids=str)
def test_a_score_knows_only_what_was_known(
    company_of: Callable[[int], Company], seed: int, day: date
) -> None:
    company = company_of(seed)
    company.score_then(day, company.scoring)
    scored = company.rows(
        f"select count(score) from marts.fct_health_scores where observation_date = '{day}'"
    )
    assert scored > [(0,)]
    assert company.differences(day, "honest") == []


# What looks ahead: the model, what it has to say, and what it says in its place.
LOOK_AHEADS = {
    "ratings of tickets solved later": (
        "int_accounts_tickets_observed",
        "on tickets.solved_date <= dates.observation_date",
        "on true",
    ),
    "the segment of today": (
        "int_health_accounts_observed",
        "active_customers.observation_date >= attributes.valid_from",
        "attributes.valid_to is null",
    ),
    "payments of later days": (
        "int_health_commercial_observed",
        "accounts.observation_date < invoices.paid_date or invoices.paid_date is null",
        "invoices.paid_date is null",
    ),
    "answers of later days": (
        "int_health_voice_observed",
        "accounts.observation_date >= answers.responded_date",
        "true",
    ),
}


@pytest.mark.parametrize("leak", LOOK_AHEADS)
def test_a_look_ahead_is_noticed(company_of: Callable[[int], Company], leak: str) -> None:
    company = company_of(LEAKING[0])
    name, honest, looking_ahead = LOOK_AHEADS[leak]
    (model,) = (model for model in company.scoring if model.name == name)
    assert honest in model.sql
    leaking = replace(model, sql=model.sql.replace(honest, looking_ahead))
    scoring = [leaking if one is model else one for one in company.scoring]
    company.score_today([LEAKING[1]], scoring, kept_in="leaking")
    company.score_then(LEAKING[1], scoring)
    assert company.differences(LEAKING[1], "leaking")


def test_every_date_has_its_rule(models: Sequence[Model]) -> None:
    """A new dated column of a source that health reads is thought of, or nothing is proved."""
    read = {
        model.name.removeprefix("stg_").replace("__", ".")
        for model in models
        if model.layer == "stg"
    }
    assert read <= HELD.keys()
    forgotten = [
        f"{system}.{name}.{column}"
        for (system, name), table in raw_tables().items()
        for column, kind in table.columns.items()
        if f"{system}.{name}" in read
        and kind in ("date", "timestamp")
        and column not in HELD[f"{system}.{name}"]
        and column not in PLANNED.get(f"{system}.{name}", ())
    ]
    assert forgotten == []
