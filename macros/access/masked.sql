{#- What stands for personal data where everybody may read: whether there is any, not which. -#}
{% macro masked(expression) -%}
    case when {{ expression }} is not null then '***' end
{%- endmacro %}

{#- A raw value that may be shown. In a row that was rejected values stand where they don't
    belong, so an address is masked in any column, not only in those tagged as personal data. -#}
{% macro masked_raw_value(column, expression) -%}
    {%- if column.personal_data -%}
        {{ masked(expression) }}
    {%- else -%}
        case when {{ expression }} like '%@%' then '***' else {{ expression }} end
    {%- endif -%}
{%- endmacro %}
