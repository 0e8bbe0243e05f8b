{#- 1 for Monday to 7 for Sunday. Counted from a known Monday, because engines
    number the days of the week differently. -#}
{% macro iso_weekday(date) -%}
    mod({{ dbt.datediff("cast('1900-01-01' as date)", date, 'day') }}, 7) + 1
{%- endmacro %}
