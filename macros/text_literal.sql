{#- A value as a text literal of SQL; null for none. A list is joined by commas. -#}
{% macro text_literal(value) -%}
    {%- if value is none or value is undefined -%}
        cast(null as {{ dbt.type_string() }})
    {%- else -%}
        {%- set is_list = value is sequence and value is not string -%}
        {%- set text = value | join(', ') if is_list else value | string -%}
        '{{ text | trim | replace("'", "''") }}'
    {%- endif -%}
{%- endmacro %}
