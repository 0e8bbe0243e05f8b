{#- Clean one column of the raw contract the way its data_type and meta say. -#}
{% macro clean_value(column, expression) -%}
    {%- if column.standard -%}
        {{ standardise(column.standard, expression) }}
    {%- elif column.data_type == 'text' -%}
        {{ expression }}
    {%- elif column.data_type == 'key' -%}
        {{ clean_key(expression) }}
    {%- elif column.data_type == 'email' -%}
        {{ clean_email(expression) }}
    {%- elif column.data_type == 'decimal' -%}
        {{ clean_decimal(expression, scale=column.get('scale', 4)) }}
    {%- elif column.data_type == 'integer' -%}
        {{ clean_integer(expression) }}
    {%- elif column.data_type == 'boolean' -%}
        {{ clean_boolean(expression) }}
    {%- elif column.data_type == 'date' -%}
        {{ clean_date(expression) }}
    {%- elif column.data_type == 'timestamp' -%}
        {{ clean_timestamp(expression) }}
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            'The raw contract gives column ' ~ column.name ~ ' the data_type '
            ~ column.data_type ~ ', which no cleaning macro reads.'
        ) }}
    {%- endif -%}
{%- endmacro %}
