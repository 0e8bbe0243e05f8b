with

varied as (
    select * from {{ ref('int_health_scores_varied') }}
),

judged as (
    select * from {{ ref('int_health_observations_judged') }}
),

outcomes as (
    select
        model_version,
        account_id,
        month_end,
        horizon_days,
        is_out_of_time,
        'churned' as outcome,
        has_churned as has_happened
    from judged

    union all

    select
        model_version,
        account_id,
        month_end,
        horizon_days,
        is_out_of_time,
        'churned_or_contracted' as outcome,
        has_lost as has_happened
    from judged
),

scored as (
    select
        varied.model_version,
        varied.variant,
        varied.component,
        varied.account_id,
        varied.month_end,
        varied.score,
        outcomes.horizon_days,
        outcomes.is_out_of_time,
        outcomes.outcome,
        outcomes.has_happened,
        case when outcomes.has_happened then 0 else 1 end as is_kept
    from varied
    inner join outcomes
        on varied.model_version = outcomes.model_version
        and varied.account_id = outcomes.account_id
        and varied.month_end = outcomes.month_end
),

-- Accounts are compared with those scored at the same month's end.
ranked as (
    select
        *,
        sum(is_kept) over same_month as kept_accounts,
        sum(is_kept) over (same_month order by score) as kept_at_or_below,
        sum(is_kept) over (
            partition by
                model_version, variant, component, outcome, horizon_days, month_end, score
        ) as kept_at_same_score
    from scored
    window same_month as (
        partition by model_version, variant, component, outcome, horizon_days, month_end
    )
)

select
    model_version,
    variant,
    component,
    account_id,
    month_end,
    horizon_days,
    outcome,
    is_out_of_time,
    kept_accounts,
    kept_accounts - kept_at_or_below + kept_at_same_score / 2.0 as kept_accounts_scored_higher
from ranked
where has_happened
