with

renewals as (
    select * from {{ ref('fct_renewals') }}
    -- Ended terms stay on the list through their days of grace, unless something took over.
    where is_open
        and renewal_started_date is null
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

opportunities as (
    select * from {{ ref('stg_crm__opportunities') }}
),

health as (
    select * from {{ ref('fct_health_scores') }}
    where period_type = 'as_of'
        and is_champion
),

touches as (
    select
        account_id,
        max(touch_date) as last_touch_date
    from {{ ref('int_touches_resolved') }}
    group by account_id
),

final as (
    select
        renewals.renewal_id,
        renewals.account_id,
        accounts.account_name,
        accounts.segment,
        accounts.csm_id,
        renewals.subscription_id,
        renewals.opportunity_id,
        renewals.owner_id,
        renewals.term_end_date as due_date,
        {{ days_between(as_of_date(), 'renewals.term_end_date') }} as days_until_due,
        renewals.is_due_within_90_days,
        renewals.is_auto_renew,
        renewals.expiring_arr,
        renewals.forecast_category,
        renewals.risk_status,
        {{ masked('opportunities.close_plan') }} as close_plan,
        renewals.has_risk_status,
        renewals.has_close_plan,
        renewals.has_owner,
        renewals.is_hygienic,
        health.score as health_score,
        health.final_band as health_band,
        health.reason_1 as health_reason,
        touches.last_touch_date,
        {{ days_between('touches.last_touch_date', as_of_date()) }} as days_since_last_touch
    from renewals
    inner join accounts
        on renewals.account_id = accounts.account_id
    left join opportunities
        on renewals.opportunity_id = opportunities.opportunity_id
    left join health
        on renewals.account_id = health.account_id
    left join touches
        on renewals.account_id = touches.account_id
)

select * from final
