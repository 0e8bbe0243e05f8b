with

outcomes as (
    select
        *,
        has_churned or has_contracted as has_lost
    from {{ ref('int_health_outcomes_observed') }}
),

account_months as (
    select * from {{ ref('fct_account_months') }}
),

scores as (
    select * from {{ ref('fct_health_scores') }}
    where is_champion
        and period_type = 'month_end'
),

scored as (
    select
        outcomes.*,
        scores.score,
        case when outcomes.has_lost then 0 else 1 end as is_kept
    from outcomes
    inner join scores
        on outcomes.account_id = scores.account_id
        and outcomes.month_end = scores.observation_date
    where scores.score is not null
),

-- Accounts are compared with those scored at the same month's end.
ranked as (
    select
        *,
        count(*) over same_month as scored_accounts,
        rank() over (partition by month_end, horizon_days order by score) - 1 as scored_lower,
        sum(is_kept) over same_month as kept_accounts,
        sum(is_kept) over (partition by month_end, horizon_days order by score)
            as kept_at_or_below,
        sum(is_kept) over (partition by month_end, horizon_days, score) as kept_at_same_score
    from scored
    window same_month as (partition by month_end, horizon_days)
),

final as (
    select
        outcomes.account_id
        || '|' || cast(outcomes.month_end as {{ dbt.type_string() }})
        || '|' || cast(outcomes.horizon_days as {{ dbt.type_string() }}) as health_outcome_id,
        outcomes.account_id,
        account_months.account_month_id,
        account_months.account_version_id,
        outcomes.month_end,
        cast(outcomes.horizon_days as integer) as horizon_days,
        outcomes.window_end_date,
        outcomes.has_churned,
        outcomes.has_contracted,
        outcomes.has_lost,
        {{ money('outcomes.mrr_lost') }} as mrr_lost,
        scores.score,
        coalesce(scores.final_band, 'unscored') as final_band,
        ranked.scored_lower * 10 < ranked.scored_accounts as is_lowest_decile,
        cast(case when outcomes.has_lost then ranked.kept_accounts end as integer)
            as kept_accounts,
        cast(
            case
                when outcomes.has_lost
                    then ranked.kept_accounts - ranked.kept_at_or_below
                        + ranked.kept_at_same_score / 2.0
            end as decimal(18, 1)
        ) as kept_accounts_scored_higher
    from outcomes
    inner join account_months
        on outcomes.account_id = account_months.account_id
        and outcomes.month_end = account_months.month_end
    left join scores
        on outcomes.account_id = scores.account_id
        and outcomes.month_end = scores.observation_date
    left join ranked
        on outcomes.account_id = ranked.account_id
        and outcomes.month_end = ranked.month_end
        and outcomes.horizon_days = ranked.horizon_days
)

select * from final
