{#- One row per day from the first to the last date, both included, as column
    date_day. The dates are SQL expressions without references to tables, or
    columns of a one-row CTE named in `bounds`. At most 40,000 days. -#}
{% macro date_series(bounds, first_date, last_date) -%}
    select {{ add_days(first_date, 'numbers.generated_number - 1') }} as date_day
    from {{ bounds }}
    inner join (
        {{ dbt.generate_series(40000) }}
    ) as numbers
        on numbers.generated_number
            <= {{ dbt.datediff(first_date, last_date, 'day') }} + 1
{%- endmacro %}
