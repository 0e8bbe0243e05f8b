{#- Calendar hours from one timestamp to a later one, to the second; null if either
    is null. -#}
{% macro hours_between(from_timestamp, to_timestamp) -%}
    cast(
        {{ dbt.datediff(from_timestamp, to_timestamp, 'second') }} / 3600.0 as decimal(18, 4)
    )
{%- endmacro %}
