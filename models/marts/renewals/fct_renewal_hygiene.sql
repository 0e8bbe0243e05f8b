with

dates as (
    select * from {{ ref('int_observation_dates_listed') }}
    where period_type in ('month_end', 'as_of')
),

due as (
    select * from {{ ref('int_renewals_due_observed') }}
),

opportunities as (
    select * from {{ ref('int_renewal_opportunities_matched') }}
    where speaks_for_term
),

final as (
    select
        dates.observation_date,
        dates.period_type,
        due.renewal_id,
        due.account_id,
        account_versions.account_version_id,
        opportunities.opportunity_id,
        due.due_date,
        due.arr,
        opportunities.risk_status is not null as has_risk_status,
        opportunities.close_plan is not null as has_close_plan,
        opportunities.owner_id is not null as has_owner,
        opportunities.risk_status is not null
        and opportunities.close_plan is not null
        and opportunities.owner_id is not null as is_hygienic
    from dates
    inner join due
        on dates.observation_date = due.observation_date
    left join opportunities
        on due.renewal_id = opportunities.renewal_id
        and due.observation_date >= cast(opportunities.created_at as date)
    {{ join_account_version('due', 'due.observation_date') }}
)

select * from final
