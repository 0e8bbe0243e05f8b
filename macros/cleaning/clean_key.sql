{#- A key: lower case, so that ` ACC-1` and `acc-1` are one account. -#}
{% macro clean_key(expression) -%}
    lower({{ expression }})
{%- endmacro %}
