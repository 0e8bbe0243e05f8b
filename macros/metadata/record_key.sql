{#- The key of a raw row as it may be told: one that holds an e-mail address is hashed. -#}
{% macro record_key(raw_key) -%}
    case when {{ raw_key }} like '%@%' then {{ dbt.hash(raw_key) }} else {{ raw_key }} end
{%- endmacro %}
