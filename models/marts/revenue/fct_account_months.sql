with

account_months as (
    select * from {{ ref('int_account_months_compared') }}
),

committed as (
    select * from {{ ref('int_account_mrr_committed') }}
),

charges as (
    select * from {{ ref('int_charges_classified') }}
    where exclusion_reason is null
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

attributes as (
    select * from {{ ref('dim_account_history') }}
),

adoption as (
    select * from {{ ref('int_account_months_adoption') }}
),

support as (
    select * from {{ ref('int_account_months_support') }}
),

gross_margins as (
    select
        effective_from,
        gross_margin,
        lead(effective_from) over (order by effective_from) as effective_to
    from {{ ref('gross_margins') }}
),

short_lived as (
    select
        account_id,
        {{ month_start('effective_from') }} as month_start
    from charges
    where effective_to <= {{ month_end('effective_from') }}
        and effective_to > effective_from
        and interval_amount_local > 0
    group by account_id, {{ month_start('effective_from') }}
),

with_attributes as (
    select
        account_months.*,
        account_months.account_id <> 'unassigned' as is_customer,
        accounts.ultimate_parent_account_id,
        accounts.industry,
        attributes.segment,
        attributes.region,
        attributes.product_tier,
        attributes.csm_id,
        attributes.owner_id,
        attributes.lifecycle_stage,
        attributes.account_version_id,
        lag(attributes.segment, 12) over by_month as segment_12_months_ago,
        lag(attributes.account_version_id, 12) over by_month as account_version_12_months_ago_id,
        coalesce(committed.mrr_starting, 0) as mrr_starting,
        gross_margins.gross_margin,
        short_lived.account_id is not null as has_short_lived_charge,
        adoption.monthly_active_users,
        adoption.active_weeks = 4 as is_active_every_week,
        support.tickets_opened,
        support.open_tickets
    from account_months
    left join accounts
        on account_months.account_id = accounts.account_id
    left join attributes
        on account_months.account_id = attributes.account_id
        and {{ is_in_force(
            'account_months.month_end', 'attributes.valid_from', 'attributes.valid_to'
        ) }}
    left join committed
        on account_months.account_id = committed.account_id
        and account_months.month_start = committed.month_start
    left join gross_margins
        on {{ is_in_force(
            'account_months.month_end', 'gross_margins.effective_from', 'gross_margins.effective_to'
        ) }}
    left join short_lived
        on account_months.account_id = short_lived.account_id
        and account_months.month_start = short_lived.month_start
    left join adoption
        on account_months.account_id = adoption.account_id
        and account_months.month_start = adoption.month_start
    left join support
        on account_months.account_id = support.account_id
        and account_months.month_start = support.month_start
    window by_month as (partition by account_months.account_id order by account_months.month_start)
),

described as (
    select
        account_id || '|' || cast(month_start as {{ dbt.type_string() }}) as account_month_id,
        account_id,
        account_version_id,
        account_version_12_months_ago_id,
        ultimate_parent_account_id,
        month_start,
        month_end,
        {{ money('mrr') }} as mrr,
        {{ money('mrr_local') }} as mrr_local,
        currency,
        {{ money('mrr * 12') }} as arr,
        {{ money('mrr - mrr_ending + mrr_starting') }} as committed_mrr,
        {{ money('mrr_previous_month') }} as mrr_previous_month,
        {{ money('mrr_previous_month_constant_currency') }}
            as mrr_previous_month_constant_currency,
        {%- for movement_type, column in movement_columns().items() if movement_type != 'fx' %}
        {{ money(
            "case when movement_type = '" ~ movement_type ~ "' then movement_amount else 0 end"
        ) }}
            as {{ column }},
        {%- endfor %}
        {{ money('fx_mrr') }} as fx_mrr,
        {{ money('mrr_12_months_ago') }} as mrr_12_months_ago,
        {{ money('case when mrr < mrr_12_months_ago then mrr else mrr_12_months_ago end') }}
            as mrr_retained_12_months,
        {{ money('case when mrr_12_months_ago > 0 then mrr else 0 end') }}
            as mrr_now_of_12_month_base,
        is_customer and mrr > 0 as is_active_customer,
        is_customer and mrr_previous_month > 0 as was_active_previous_month,
        is_customer and mrr_12_months_ago > 0 as was_active_12_months_ago,
        is_customer and mrr_12_months_ago > 0 and mrr > 0 as is_retained_12_months,
        is_customer and coalesce(movement_type = 'new', false) as is_new,
        is_customer and coalesce(movement_type = 'reactivation', false) as is_reactivated,
        is_customer and coalesce(movement_type = 'churn', false) as is_churned,
        has_short_lived_charge and mrr = 0 and mrr_previous_month = 0
            as had_intra_month_activity,
        cohort_month,
        cast({{ dbt.datediff('cohort_month', 'month_start', 'month') }} as integer)
            as months_since_first_mrr,
        segment,
        segment_12_months_ago,
        region,
        product_tier,
        industry,
        csm_id,
        owner_id,
        lifecycle_stage,
        cast(gross_margin as decimal(5, 4)) as gross_margin,
        cast(paid_seats as integer) as paid_seats,
        cast(coalesce(unconverted_charges, 0) as integer) as unconverted_charges,
        cast(monthly_active_users as integer) as monthly_active_users,
        is_active_every_week,
        cast(tickets_opened as integer) as tickets_opened,
        cast(open_tickets as integer) as open_tickets
    from with_attributes
)

select * from described
