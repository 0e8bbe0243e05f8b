"""What bad input does to a health score: each case has its rule, seen from the raw rows on."""

import duckdb
import pytest
from health_replay import FINAL, Company
from replay import compiled_models

from scripts.demo.company import build_company
from scripts.demo.settings import Settings
from scripts.demo.write import write_parquet
from scripts.project import Places

# Nobody wrote a ticket; nobody at an enterprise account answered a survey; every invoice was paid
# at once. Four accounts more: one whose only answer is of a day to come, one with an override that
# expired, one with two at a time, and one that became a customer on the last day.
BAD_INPUT = """
    delete from given.stg_tickets__tickets;
    delete from given.stg_tickets__ticket_events;

    delete from given.stg_surveys__responses as responses
    using given.stg_crm__accounts as accounts
    where responses.account_id = accounts.account_id and accounts.segment = 'enterprise';

    delete from given.stg_crm__account_history where field = 'segment';

    update given.stg_billing__invoices
    set paid_at = issued_at, amount_paid = amount_due, status = 'paid';

    create temp table added as
    from (values
        ('to come', date '2025-01-01'),
        ('expired', date '2025-01-01'),
        ('two at a time', date '2025-01-01'),
        ('one day', date '2026-06-30')
    ) as accounts (account_id, start_date);

    insert into given.stg_crm__accounts by name
    select account_id, account_id as account_name, 'smb' as segment, true as is_managed,
        start_date::timestamp as created_at, start_date::timestamp as updated_at
    from added;

    insert into given.stg_billing__customers by name
    select account_id as customer_id, account_id, account_id as customer_name, 'USD' as currency,
        start_date::timestamp as created_at
    from added;

    insert into given.stg_billing__subscriptions by name
    select account_id as subscription_id, account_id as customer_id, 'active' as status,
        start_date as term_start, start_date::timestamp as signed_at
    from added;

    insert into given.stg_billing__subscription_charges by name
    select account_id as charge_id, account_id as subscription_id, 'pro_month' as plan_id,
        10 as quantity, 50 as unit_price, 'USD' as currency, start_date as effective_from
    from added;

    insert into given.stg_surveys__responses by name
    select 'to come' as response_id, 'nps' as survey_type, 'to come' as account_id,
        timestamp '2026-06-20' as sent_at, timestamp '2026-07-15' as responded_at, 0 as score;

    insert into given.stg_success__health_overrides by name
    from (values
        ('o1', 'expired', 'green', date '2026-04-15', date '2026-06-10',
            timestamp '2026-04-15 09:00', 'a reason', 'u'),
        ('o2', 'two at a time', 'yellow', date '2026-04-01', date '2026-12-31',
            timestamp '2026-04-01 09:00', 'a reason', 'u'),
        ('o3', 'two at a time', 'green', date '2026-03-01', date '2026-12-31',
            timestamp '2026-05-15 09:00', 'a reason', 'u')
    ) as overrides (
        override_id, account_id, band, valid_from, valid_to, created_at, reason, set_by
    );
"""


@pytest.fixture(scope="module")
def company(
    warehouse: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory
) -> Company:
    folder = tmp_path_factory.mktemp("bad_input")
    write_parquet(build_company(Settings(accounts=60)), folder)
    models = compiled_models(Places.of(), ["rpt_health_warnings", *FINAL])
    company = Company(models, folder, Places.of().work_file, BAD_INPUT)
    company.score_today([], company.scoring, kept_in="scored")
    return company


def components(company: Company, condition: str) -> dict[str, set[bool]]:
    """Whether each of the champion's components has a score, where a condition holds."""
    rows = company.rows(
        f"""
        select components.component, list(distinct component_score is not null)
        from marts.fct_health_components as components
        inner join marts.fct_health_scores as scores
            using (account_id, observation_date, period_type, model_version)
        where scores.is_champion and {condition}
        group by components.component
        """
    )
    return {component: set(has_score) for component, has_score in rows}


def month_ends(company: Company, account: str, columns: str) -> list[tuple]:
    """What the champion says of an account at the last three month ends."""
    return company.rows(
        f"""
        select {columns}
        from marts.fct_health_scores
        where is_champion and account_id = '{account}' and period_type = 'month_end'
            and observation_date >= date '2026-04-30'
        order by observation_date
        """
    )


def test_a_component_absent_for_all_is_left_out(company: Company) -> None:
    """Its weight goes to the others; as its inputs are required, the score isn't complete."""
    assert components(company, "true")["support_experience"] == {False}
    (present, incomplete, scored, accounts) = company.rows(
        """
        select max(weight_present), bool_and(not has_required_inputs), count(score), count(*)
        from marts.fct_health_scores
        where is_champion and period_type = 'as_of'
        """
    )[0]
    (weight,) = company.rows(
        "select sum(weight) from reference.health_components inner join reference.health_models "
        "using (model_version) where status = 'champion' and component <> 'support_experience'"
    )[0]
    assert present == weight < 1
    assert incomplete
    assert 0 < scored < accounts
    assert (
        company.rows(
            """
        select account_id from marts.fct_health_components
        where effective_weight is not null
        group by account_id, observation_date, period_type, model_version
        having abs(sum(effective_weight) - 1) > 0.000001
        """
        )
        == []
    )


def test_a_component_absent_for_one_segment_is_left_out_there(company: Company) -> None:
    assert components(company, "segment = 'enterprise'")["voice_of_customer"] == {False}
    assert True in components(company, "segment <> 'enterprise'")["voice_of_customer"]
    (scored,) = company.rows(
        "select count(score) from marts.fct_health_scores "
        "where is_champion and period_type = 'as_of' and segment = 'enterprise'"
    )[0]
    assert scored > 5


def test_a_measure_that_is_the_same_for_all_is_scored(company: Company) -> None:
    assert company.rows(
        """
        select distinct measure_value, measure_score
        from intermediate.int_health_measures_scored
        where measure = 'days_overdue' and measure_value is not null
        """
    ) == [(0, 100)]


def test_an_answer_of_a_day_to_come_is_not_counted(company: Company) -> None:
    assert company.rows(
        """
        select count(*), count(measure_value)
        from intermediate.int_health_measures_scored
        inner join reference.health_models using (model_version)
        where status = 'champion' and account_id = 'to come' and measure = 'nps_180_days'
            and observation_date = date '2026-06-30'
        """
    ) == [(1, 0)]


def test_an_override_ends_when_it_expires(company: Company) -> None:
    assert month_ends(company, "expired", "override_band, band = final_band") == [
        ("green", False),
        ("green", False),
        (None, True),
    ]


def test_of_overlapping_overrides_the_one_set_last_holds(company: Company) -> None:
    assert month_ends(company, "two at a time", "override_band, final_band") == [
        ("yellow", "yellow"),
        ("green", "green"),
        ("green", "green"),
    ]


def test_an_account_of_one_day_is_not_called_red(company: Company) -> None:
    """What little is known of it is less than a score asks for."""
    assert month_ends(company, "one day", "score, final_band, arr_at_risk, reason_1") == [
        (None, "unscored", 0, None)
    ]


@pytest.mark.parametrize(
    ("warning", "subject", "message"),
    [
        (
            "component_absent",
            "v2, support_experience",
            "Component Support experience of version v2 has data for no account, so its weight "
            "goes to the others: load its sources or take it out of health_components.",
        ),
        (
            "component_absent_in_segment",
            "v2, voice_of_customer, enterprise",
            "Component Voice of customer of version v2 has data for no account of segment "
            "enterprise, so these are scored on the others alone: load its sources for them or "
            "give the segment weights of its own in health_measures.",
        ),
        (
            "measure_constant",
            "v2, days_overdue",
            "Measure days_overdue of version v2 has been the same for all accounts for 180 days "
            '("Oldest unpaid invoice 0 days past due"), so it tells them apart in nothing: check '
            "its source.",
        ),
        (
            "survey_in_future",
            "surveys.responses",
            "Surveys dated after the as-of date: 1, the last 2026-07-15; they are not counted: "
            "correct their dates.",
        ),
        (
            "override_expired",
            "o1",
            "Override o1 (green) of account expired ended on 2026-06-10, so the score's band "
            "holds again: renew it if its reason still does.",
        ),
        (
            "override_overlaps",
            "o2, o3",
            "Overrides o2 (yellow) and o3 (green) of account two at a time overlap from "
            "2026-05-15, where the one entered last holds: end the other.",
        ),
        (
            "new_account",
            "one day",
            "Account one day is a customer since 2026-06-30 and too new for a score: look at the "
            "account itself.",
        ),
    ],
)
def test_bad_input_is_warned_of(company: Company, warning: str, subject: str, message: str) -> None:
    assert company.rows(
        f"select message from marts.rpt_health_warnings "
        f"where warning = '{warning}' and subject = '{subject}'"
    ) == [(message,)]
