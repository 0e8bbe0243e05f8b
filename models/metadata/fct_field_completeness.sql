{#- Of these the CRM keeps a history. -#}
{%- set fields_with_history = ['segment', 'owner_id', 'product_tier', 'lifecycle_stage'] -%}

with

fields as (
    select * from {{ ref('critical_fields') }}
),

account_months as (
    select * from {{ ref('fct_account_months') }}
    where is_active_customer
        and month_start < {{ month_start(as_of_date()) }}
),

published as (
    select * from {{ ref('fct_field_completeness_published') }}
    where month_start < {{ month_start(as_of_date()) }}
),

months_published as (
    select month_start
    from published
    group by month_start
),

recorded as (
    select
        system,
        field,
        coalesce(segment, 'unknown') as segment,
        coalesce(owner_id, 'unassigned') as owner_id,
        fixed_by,
        'record' as measured_from,
        {{ as_of_date() }} as observation_date,
        {{ month_start(as_of_date()) }} as month_start,
        is_filled
    from {{ ref('int_critical_fields_checked') }}
),

-- A month is wholly of one kind.
remembered as (
    select
        fields.system,
        fields.field,
        coalesce(account_months.segment, 'unknown') as segment,
        coalesce(account_months.owner_id, 'unassigned') as owner_id,
        fields.fixed_by,
        'history' as measured_from,
        account_months.month_end as observation_date,
        account_months.month_start,
        case fields.field
            {%- for field in fields_with_history %}
            when '{{ field }}' then account_months.{{ field }} is not null
            {%- endfor %}
        end as is_filled
    from account_months
    inner join fields
        on fields.field in ('{{ fields_with_history | join("', '") }}')
    left join months_published
        on account_months.month_start = months_published.month_start
    where months_published.month_start is null
),

checked as (
    select * from recorded

    union all

    select * from remembered
),

counted as (
    select
        system,
        field,
        segment,
        owner_id,
        fixed_by,
        measured_from,
        observation_date,
        month_start,
        cast(count(case when is_filled then 1 end) as integer) as filled,
        cast(count(is_filled) as integer) as expected
    from checked
    group by
        system,
        field,
        segment,
        owner_id,
        fixed_by,
        measured_from,
        observation_date,
        month_start
),

combined as (
    select * from counted

    union all

    select
        system,
        field,
        segment,
        owner_id,
        fixed_by,
        'published' as measured_from,
        observation_date,
        month_start,
        filled,
        expected
    from published
)

select
    system
    || '|' || field
    || '|' || segment
    || '|' || owner_id
    || '|' || cast(month_start as {{ dbt.type_string() }}) as field_completeness_id,
    *
from combined
