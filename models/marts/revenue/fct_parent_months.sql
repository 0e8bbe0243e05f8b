with

account_months as (
    select * from {{ ref('fct_account_months') }}
),

attributes as (
    select * from {{ ref('dim_account_history') }}
),

-- Money that moves between children of one parent is neither lost nor won here.
parent_months as (
    select
        ultimate_parent_account_id,
        month_start,
        month_end,
        sum(mrr) as mrr,
        sum(mrr_12_months_ago) as mrr_12_months_ago,
        count(case when is_active_customer then 1 end) as active_children
    from account_months
    group by ultimate_parent_account_id, month_start, month_end
),

compared as (
    select
        *,
        ultimate_parent_account_id <> 'unassigned' as is_customer,
        {{ month_end(dbt.dateadd('month', -12, 'month_start')) }} as month_end_12_months_ago
    from parent_months
),

described as (
    select
        compared.ultimate_parent_account_id
        || '|' || cast(compared.month_start as {{ dbt.type_string() }}) as parent_month_id,
        compared.ultimate_parent_account_id,
        attributes.account_version_id as parent_version_12_months_ago_id,
        compared.month_start,
        compared.month_end,
        {{ money('compared.mrr') }} as mrr,
        {{ money('compared.mrr_12_months_ago') }} as mrr_12_months_ago,
        {{ money(
            'case when compared.mrr < compared.mrr_12_months_ago then compared.mrr'
            ~ ' else compared.mrr_12_months_ago end'
        ) }}
            as mrr_retained_12_months,
        {{ money('case when compared.mrr_12_months_ago > 0 then compared.mrr else 0 end') }}
            as mrr_now_of_12_month_base,
        cast(compared.active_children as integer) as active_children,
        compared.is_customer and compared.mrr > 0 as is_active_customer,
        compared.is_customer and compared.mrr_12_months_ago > 0 as was_active_12_months_ago,
        compared.is_customer and compared.mrr_12_months_ago > 0 and compared.mrr > 0
            as is_retained_12_months
    from compared
    left join attributes
        on compared.ultimate_parent_account_id = attributes.account_id
        and {{ is_in_force(
            'compared.month_end_12_months_ago', 'attributes.valid_from', 'attributes.valid_to'
        ) }}
)

select * from described
