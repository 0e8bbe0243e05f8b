{#- The canonical spelling of a code (reference seed value_spellings). A spelling
    that isn't listed stays, as a code; country and currency codes in upper case. -#}
{% macro standardise(field, expression) -%}
    coalesce(
        (
            select max(value_spellings.canonical)
            from {{ ref('value_spellings') }} as value_spellings
            where
                value_spellings.field = '{{ field }}'
                and value_spellings.spelling = {{ clean_code(expression) }}
        ),
        {% if field in ('country', 'currency') -%}
            upper({{ expression }})
        {%- else -%}
            {{ clean_code(expression) }}
        {%- endif %}
    )
{%- endmacro %}
