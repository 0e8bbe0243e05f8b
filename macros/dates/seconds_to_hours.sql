{#- Hours, to four decimals. -#}
{% macro seconds_to_hours(seconds) -%}
    cast({{ seconds }} / 3600.0 as decimal(18, 4))
{%- endmacro %}
