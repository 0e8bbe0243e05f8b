{#- Days from one date to a later one, as an integer. -#}
{% macro days_between(first_date, second_date) -%}
    cast({{ dbt.datediff(first_date, second_date, 'day') | trim }} as integer)
{%- endmacro %}
