{%- set attributes = [
    'segment', 'csm_id', 'owner_id', 'product_tier', 'region', 'lifecycle_stage'
] -%}

with

accounts as (
    select * from {{ ref('stg_crm__accounts') }}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
    where account_id = resolved_account_id
),

starts as (
    select * from {{ ref('int_account_starts_found') }}
),

history as (
    select * from {{ ref('stg_crm__account_history') }}
),

surviving as (
    select
        accounts.*,
        -- A contract may be older than the account's record in the CRM.
        case
            when starts.start_date < cast(accounts.created_at as date) then starts.start_date
            else cast(accounts.created_at as date)
        end as first_date
    from accounts
    inner join ids
        on accounts.account_id = ids.account_id
    left join starts
        on accounts.account_id = starts.account_id
),

-- A change older than the account's first day was in force on that day.
dated as (
    select
        history.account_id,
        history.field,
        history.old_value,
        history.new_value,
        history.changed_at,
        case
            when cast(history.changed_at as date) < surviving.first_date then surviving.first_date
            else cast(history.changed_at as date)
        end as valid_from
    from history
    inner join surviving
        on history.account_id = surviving.account_id
),

-- The last change of a day is the one that stands.
changes as (
    select
        *,
        row_number() over (
            partition by account_id, field, valid_from order by changed_at desc
        ) as change_rank,
        row_number() over (partition by account_id, field order by changed_at) as change_number
    from dated
),

-- Before its first recorded change an attribute had that change's old value;
-- without any it has always been what it is now.
values_from as (
    {% for attribute in attributes %}
    select
        surviving.account_id,
        '{{ attribute }}' as field,
        surviving.first_date as valid_from,
        case
            when changes.account_id is null then surviving.{{ attribute }}
            else changes.old_value
        end as value
    from surviving
    left join changes
        on surviving.account_id = changes.account_id
        and changes.field = '{{ attribute }}'
        and changes.change_number = 1
    where changes.account_id is null
        or changes.valid_from > surviving.first_date

    union all

    {% endfor %}
    select
        account_id,
        field,
        valid_from,
        new_value as value
    from changes
    where change_rank = 1
),

values_spanned as (
    select
        *,
        lead(valid_from) over (partition by account_id, field order by valid_from) as valid_to
    from values_from
),

boundaries as (
    select
        account_id,
        valid_from
    from values_from
    where valid_from <= {{ as_of_date() }}
    group by account_id, valid_from
),

spans as (
    select
        {% for attribute in attributes %}
        max(case when values_spanned.field = '{{ attribute }}' then values_spanned.value end)
            as {{ attribute }},
        {% endfor %}
        boundaries.account_id,
        boundaries.valid_from
    from boundaries
    inner join values_spanned
        on boundaries.account_id = values_spanned.account_id
        and {{ is_in_force(
            'boundaries.valid_from', 'values_spanned.valid_from', 'values_spanned.valid_to'
        ) }}
    group by boundaries.account_id, boundaries.valid_from
)

select
    account_id || '|' || cast(valid_from as {{ dbt.type_string() }}) as account_version_id,
    account_id,
    valid_from,
    lead(valid_from) over (partition by account_id order by valid_from) as valid_to,
    {{ attributes | join(',\n    ') }}
from spans
