{#- A code from a list: lower case, words joined by one underscore, so that
    `Mid-Market`, `mid market` and `MID_MARKET` are the same. -#}
{% macro clean_code(expression) -%}
    {{ replace_matches('lower(' ~ expression ~ ')', '[ _-]+', '_') }}
{%- endmacro %}
