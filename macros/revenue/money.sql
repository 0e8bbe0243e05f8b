{#- An amount in cents precision, the type every money column has. -#}
{% macro money(amount) -%}
    cast({{ amount }} as decimal(18, 2))
{%- endmacro %}
