with

churns as (
    select * from {{ ref('int_health_losses_found') }}
    where has_churned
),

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
),

scores as (
    select * from {{ ref('int_health_scores_ranked') }}
),

flags as (
    select * from {{ ref('int_health_flags_raised') }}
),

horizons as (
    select * from {{ ref('health_horizons') }}
),

cuts as (
    select cut
    from {{ ref('health_cuts') }}
    group by cut
),

training as (
    select max(trained_until) as trained_until
    from {{ ref('health_models') }}
),

histories as (
    select
        model_version,
        'all_history' as sample,
        min(month_end) as first_month_end
    from scores
    group by model_version

    union all

    select
        scores.model_version,
        'out_of_time' as sample,
        min(scores.month_end) as first_month_end
    from scores
    inner join training
        on scores.month_end > training.trained_until
    group by scores.model_version
),

-- Nobody could be flagged before the version scored anybody.
looked_back_on as (
    select
        histories.model_version,
        histories.sample,
        horizons.horizon_days,
        cuts.cut,
        churns.account_id,
        churns.month_start,
        coalesce(accounts.segment, 'unknown') as segment,
        {{ add_days('churns.month_start', '-horizons.horizon_days') }} as looked_from
    from churns
    inner join accounts
        on churns.account_id = accounts.account_id
        and {{ add_days('churns.month_start', -1) }} = accounts.observation_date
    cross join horizons
    cross join cuts
    inner join histories
        on {{ add_days('churns.month_start', '-horizons.horizon_days') }}
        >= histories.first_month_end
),

flagged as (
    select
        looked_back_on.model_version,
        looked_back_on.sample,
        looked_back_on.horizon_days,
        looked_back_on.cut,
        looked_back_on.account_id,
        looked_back_on.month_start,
        looked_back_on.segment,
        min(flags.month_end) as first_flagged_month_end
    from looked_back_on
    left join flags
        on looked_back_on.model_version = flags.model_version
        and looked_back_on.cut = flags.cut
        and looked_back_on.account_id = flags.account_id
        and looked_back_on.looked_from <= flags.month_end
        and looked_back_on.month_start > flags.month_end
    group by
        looked_back_on.model_version,
        looked_back_on.sample,
        looked_back_on.horizon_days,
        looked_back_on.cut,
        looked_back_on.account_id,
        looked_back_on.month_start,
        looked_back_on.segment
)

select
    *,
    {{ days_between('first_flagged_month_end', 'month_start') }} as lead_days
from flagged
