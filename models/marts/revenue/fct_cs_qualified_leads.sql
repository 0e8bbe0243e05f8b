with

opportunities as (
    select * from {{ ref('stg_crm__opportunities') }}
    where source = 'cs_qualified'
        and cast(created_at as date) <= {{ as_of_date() }}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

rates as (
    select * from {{ ref('int_fx_rates_spanned') }}
),

signals as (
    select * from {{ ref('fct_expansion_signals') }}
),

known as (
    select
        opportunities.opportunity_id,
        coalesce(ids.resolved_account_id, 'unassigned') as account_id,
        opportunities.type as opportunity_type,
        opportunities.owner_id,
        opportunities.amount,
        coalesce(opportunities.currency, '{{ var("reporting_currency") }}') as currency,
        opportunities.loss_reason,
        opportunities.is_won,
        cast(opportunities.created_at as date) as created_date,
        case
            when cast(opportunities.closed_at as date) <= {{ as_of_date() }}
                then cast(opportunities.closed_at as date)
        end as closed_date
    from opportunities
    left join ids
        on opportunities.account_id = ids.account_id
),

final as (
    select
        known.opportunity_id,
        known.account_id,
        account_versions.account_version_id,
        known.opportunity_type,
        known.owner_id,
        known.created_date,
        known.closed_date,
        case
            when known.closed_date is null then 'open'
            when known.is_won then 'won'
            else 'lost'
        end as outcome,
        case when known.closed_date is not null then coalesce(known.is_won, false) end as is_won,
        {{ days_between('known.created_date', 'known.closed_date') }} as days_to_close,
        {{ to_cents('known.amount * rates.rate') }} as amount,
        case
            when known.closed_date is not null and not coalesce(known.is_won, false)
                then known.loss_reason
        end as loss_reason,
        coalesce(signals.has_any_signal, false) as had_expansion_signal
    from known
    left join rates
        on known.currency = rates.currency
        and {{ is_in_force('known.created_date', 'rates.valid_from', 'rates.valid_to') }}
    -- The latest month that was over when the lead came up.
    left join signals
        on known.account_id = signals.account_id
        and {{ add_days(month_start('known.created_date'), -1) }} = signals.month_end
    {{ join_account_version('known', 'known.created_date') }}
)

select * from final
