{#- Calendar hours from one timestamp to a later one, to the second; null if either
    is null. -#}
{% macro hours_between(from_timestamp, to_timestamp) -%}
    {{ seconds_to_hours(dbt.datediff(from_timestamp, to_timestamp, 'second')) }}
{%- endmacro %}
