{#- A moment in UTC. An offset (Z, UTC, +02:00, +0200, +02) is taken off; without
    one the value is UTC already, without a time it is midnight. -#}
{% macro clean_timestamp(expression) -%}
    {%- set offset = first_match(expression, ':[0-9.]+ ?([+-][0-9]{2}:?[0-9]{0,2})$') -%}
    {%- set local_time = replace_matches(
        iso_date_text(expression), '(:[0-9.]+) ?(Z|z|UTC|[+-][0-9]{2}:?[0-9]{0,2})$', '\\1'
    ) -%}
    {%- set offset_minutes -%}
        cast(substr({{ offset }}, 1, 1) || '1' as integer) * (
            60 * cast(substr({{ offset }}, 2, 2) as integer)
            + cast('0' || replace(substr({{ offset }}, 4), ':', '') as integer)
        )
    {%- endset -%}
    case
        when {{ offset }} <> ''
            then {{ dbt.dateadd(
                'minute', '-(' ~ offset_minutes ~ ')', try_cast_to(local_time, 'timestamp')
            ) }}
        else {{ try_cast_to(local_time, 'timestamp') }}
    end
{%- endmacro %}

{#- The text with its date part as yyyy-mm-dd; null where no format fits.

    Where the year comes last the separator says what comes first: the day before
    dots and dashes (4.3.2025, 4-3-2025), the month before slashes (3/4/2025). -#}
{% macro iso_date_text(expression) -%}
    {%- set time = '([T ] ?[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?'
        ~ '( ?(Z|z|UTC|[+-][0-9]{2}(:?[0-9]{2})?))?)?$' -%}
    {%- set formats = [
        ('^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})', '\\1-\\2-\\3'),
        ('^([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})', '\\1-\\2-\\3'),
        ('^([0-9]{4})([0-9]{2})([0-9]{2})', '\\1-\\2-\\3'),
        ('^([0-9]{1,2})[.]([0-9]{1,2})[.]([0-9]{4})', '\\3-\\2-\\1'),
        ('^([0-9]{1,2})-([0-9]{1,2})-([0-9]{4})', '\\3-\\2-\\1'),
        ('^([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})', '\\3-\\1-\\2'),
    ] -%}
    {%- set months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split() -%}
    case
    {%- for pattern, iso in formats %}
        when {{ matches(expression, pattern ~ time) }}
            then {{ replace_matches(expression, pattern, iso) }}
    {%- endfor %}
    {%- for month in months %}
        {%- set pattern = '^' ~ month ~ '[a-z]*[.]? ([0-9]{1,2}),? ([0-9]{4})' %}
        when {{ matches(expression, pattern ~ time) }}
            then {{ replace_matches(expression, pattern, '\\2-' ~ loop.index ~ '-\\1') }}
    {%- endfor %}
    end
{%- endmacro %}
