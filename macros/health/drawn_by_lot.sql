{#- A number from 0 up to, not including, 100 that looks drawn by lot, but is always the same
    for the same text: the first five digits of its hash, which are hexadecimal. -#}
{% macro drawn_by_lot(text) -%}
    cast(100.0 * (
        {%- for digit in range(1, 6) %}
        {{ 16 ** (5 - digit) }} * (
            {{ dbt.position(
                'substring(' ~ dbt.hash(text) ~ ', ' ~ digit ~ ', 1)', "'0123456789abcdef'"
            ) | trim }} - 1
        ){{ ' +' if not loop.last }}
        {%- endfor %}
    ) / {{ 16 ** 5 }} as decimal(9, 4))
{%- endmacro %}
