with

scores as (
    select * from {{ ref('int_health_scores_banded') }}
    where score is not null
),

months as (
    select * from {{ ref('int_months_closed') }}
),

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
),

at_month_ends as (
    select
        scores.model_version,
        scores.account_id,
        months.month_end,
        scores.score,
        scores.band,
        coalesce(accounts.segment, 'unknown') as segment,
        accounts.csm_id
    from scores
    inner join months
        on scores.observation_date = months.month_end
    inner join accounts
        on scores.account_id = accounts.account_id
        and scores.observation_date = accounts.observation_date
),

ranked as (
    select
        *,
        rank() over (partition by model_version, month_end order by score) - 1 as scored_lower,
        count(*) over (partition by model_version, month_end) as scored_accounts
    from at_month_ends
)

select
    model_version,
    account_id,
    month_end,
    score,
    band,
    1 + cast(floor(10.0 * scored_lower / scored_accounts) as integer) as decile,
    segment,
    csm_id
from ranked
