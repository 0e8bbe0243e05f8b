{#- Within each key, every month follows the one before it: none missing, none twice.
    key: list of columns; month_column: date column holding the first of a month. -#}
{% test no_gaps(model, key, month_column) %}

with with_previous_month as (

    select
        {{ key | join(', ') }},
        {{ month_column }} as month_found,
        lag({{ month_column }}) over (
            partition by {{ key | join(', ') }}
            order by {{ month_column }}
        ) as previous_month
    from {{ model }}

)

select *
from with_previous_month
where
    month_found is null
    or month_found <> cast({{ dbt.dateadd('month', 1, 'previous_month') }} as date)

{% endtest %}
