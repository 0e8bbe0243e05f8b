{#- Last day of the date's month, as a date. -#}
{% macro month_end(date) -%}
    cast({{ dbt.last_day(date, 'month') }} as date)
{%- endmacro %}
