{#- Text without white space around it; what people write for "nothing" is null.
    `na` is not on the list: it is Namibia, and North America. The other clean_
    macros expect text that went through this one. -#}
{% macro clean_text(expression) -%}
    case lower({{ trim_whitespace(expression) }})
        {%- for word in ['', '-', '--', 'n/a', '#n/a', 'null', '(null)', 'none', 'nan', '\\n'] %}
        when '{{ word }}' then null
        {%- endfor %}
        else {{ trim_whitespace(expression) }}
    end
{%- endmacro %}
