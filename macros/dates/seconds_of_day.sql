{#- Seconds from midnight to a time of day written as HH:MM. -#}
{% macro seconds_of_day(time) -%}
    3600 * cast(substring({{ time }}, 1, 2) as integer)
    + 60 * cast(substring({{ time }}, 4, 2) as integer)
{%- endmacro %}
