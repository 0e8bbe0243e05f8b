with

terms as (
    select * from {{ ref('int_contract_terms_listed') }}
),

allotted as (
    select * from {{ ref('int_renewals_allotted') }}
),

opportunities as (
    select * from {{ ref('int_renewal_opportunities_matched') }}
    where speaks_for_term
),

history as (
    select * from {{ ref('stg_crm__opportunity_history') }}
),

-- What the CRM said last, up to the day on which the outcome is known.
forecast_states as (
    select
        opportunities.renewal_id,
        history.forecast_category,
        row_number() over (
            partition by opportunities.renewal_id order by history.changed_at desc
        ) as recency
    from opportunities
    inner join terms
        on opportunities.renewal_id = terms.renewal_id
    inner join history
        on opportunities.opportunity_id = history.opportunity_id
        and cast(history.changed_at as date)
        <= least(terms.grace_end_date, {{ as_of_date() }})
),

-- What is worth nothing, because nobody quotes its currency, has no outcome.
outcomes as (
    select
        terms.renewal_id,
        allotted.renewed_mrr,
        allotted.expiring_mrr as expired_mrr,
        least(allotted.renewed_mrr, allotted.expiring_mrr) as retained_mrr
    from terms
    inner join allotted
        on terms.renewal_id = allotted.renewal_id
    where terms.is_decided
        and allotted.expiring_mrr > 0
),

joined as (
    select
        terms.*,
        allotted.expiring_mrr,
        allotted.renewal_started_date,
        opportunities.opportunity_id,
        opportunities.owner_id,
        opportunities.risk_status,
        opportunities.close_plan,
        forecast_states.forecast_category,
        outcomes.renewed_mrr,
        outcomes.expired_mrr,
        outcomes.retained_mrr,
        least(terms.term_end_date, {{ as_of_date() }}) as described_date,
        {{ days_between('terms.term_end_date', 'allotted.renewed_from_date') }} as days_late
    from terms
    inner join allotted
        on terms.renewal_id = allotted.renewal_id
    left join outcomes
        on terms.renewal_id = outcomes.renewal_id
    left join opportunities
        on terms.renewal_id = opportunities.renewal_id
    left join forecast_states
        on terms.renewal_id = forecast_states.renewal_id
        and forecast_states.recency = 1
),

classified as (
    select
        *,
        case
            when renewed_mrr is null then null
            when renewed_mrr = 0 then 'not_renewed'
            when renewed_mrr < expiring_mrr then 'renewed_partly'
            when days_late > 0 then 'renewed_late'
            when renewal_started_date < agreed_end_date then 'renewed_early'
            else 'renewed_on_time'
        end as outcome
    from joined
),

final as (
    select
        classified.renewal_id,
        classified.subscription_id,
        classified.account_id,
        account_versions.account_version_id,
        classified.opportunity_id,
        classified.owner_id,
        classified.term_number,
        classified.term_start_date,
        classified.term_end_date,
        classified.agreed_end_date,
        {{ month_start('classified.term_end_date') }} as renewal_month,
        classified.grace_end_date,
        classified.is_auto_renew,
        classified.expiring_mrr,
        {{ money('classified.expiring_mrr * 12') }} as expiring_arr,
        {{ money('classified.renewed_mrr * 12') }} as renewed_arr,
        {{ money('classified.retained_mrr * 12') }} as retained_arr,
        {{ money('(classified.expired_mrr - classified.retained_mrr) * 12') }} as lost_arr,
        {{ money('(classified.renewed_mrr - classified.retained_mrr) * 12') }} as gained_arr,
        classified.outcome,
        not classified.is_decided as is_open,
        classified.renewed_mrr > 0 as is_renewed,
        case
            when classified.renewal_started_date <= {{ as_of_date() }}
                then classified.renewal_started_date
        end as renewal_started_date,
        case when classified.renewed_mrr > 0 then classified.days_late end as days_late,
        case when classified.renewed_mrr > 0 then classified.days_late = 0 end as is_on_time,
        classified.forecast_category,
        classified.risk_status,
        classified.risk_status is not null as has_risk_status,
        classified.close_plan is not null as has_close_plan,
        classified.owner_id is not null as has_owner,
        classified.risk_status is not null
        and classified.close_plan is not null
        and classified.owner_id is not null as is_hygienic,
        classified.term_end_date > {{ as_of_date() }}
        and coalesce(classified.renewal_started_date > {{ as_of_date() }}, true)
        and classified.term_end_date
        <= {{ add_days(as_of_date(), 'classified.due_soon_days') }} as is_due_within_90_days
    from classified
    {{ join_account_version('classified', 'classified.described_date') }}
)

select * from final
