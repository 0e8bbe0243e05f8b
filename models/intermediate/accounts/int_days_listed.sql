with

starts as (
    select start_date as first_date from {{ ref('int_account_starts_found') }}

    union all

    select cast(created_at as date) as first_date from {{ ref('stg_crm__accounts') }}

    union all

    select {{ as_of_date() }} as first_date
),

-- Whole years, and three of them ahead for terms that end later.
bounds as (
    select
        cast({{ dbt.date_trunc('year', 'min(first_date)') }} as date) as first_day,
        {{ add_days(dbt.dateadd('year', 4, dbt.date_trunc('year', as_of_date())), -1) }} as last_day
    from starts
)

{{ date_series('bounds', 'first_day', 'last_day') }}
