{#- Every row of one raw table, typed as its contract says, with what became of it:

    raw_key            the contract's key, parts joined by |, personal data masked
    row_status         kept, duplicate, superseded or rejected
    reject_reason      a code, of rejected rows only
    reject_rule        the broken rule in words
    raw_row            the whole raw row as JSON, of rejected rows only, personal data masked
    raw_row_hash       a hash of the raw row, the same for equal rows alone
    raw_row_date       the earliest date in the row, null without any: it tells of nothing before
    unreadable_values  optional values that are there but can't be read: taken as null

    A duplicate equals another row in every raw column; one of the copies goes on.
    A row is rejected that lacks a required value, has an unreadable one or breaks
    one of `rules`: a list of {reason, rule, broken_when}, where broken_when is SQL
    over the typed columns. Of the rows left with one key the latest (contract:
    latest_by; ties go by the raw text) is kept and supersedes the others. -#}
{% macro classify_raw_rows(system, object, rules=[]) %}
{%- do ref('value_spellings') -%}
{%- set source_rows = raw(system, object) -%}
{%- if not execute %}{{ return('select 1 as parsed') }}{% endif -%}
{%- set contract = raw_contract(system, object) -%}
{%- set columns = contract.columns -%}
{%- set verdicts = contract_verdicts(columns) + rules -%}
{%- set key = contract.key -%}
{%- set latest_by = contract.latest_by -%}
{%- set masked_values = {} -%}
{%- for column in columns -%}
    {%- set value = 'raw__' ~ column.name -%}
    {%- do masked_values.update({column.name: masked_raw_value(column, value)}) -%}
{%- endfor -%}

with

raw_rows as (
    select
        {%- for column in columns %}
        {{ column.name }} as raw__{{ column.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ source_rows }}
),

read_rows as {{ computed_once() }} (
    select
        *,
        {%- for column in columns %}
        {{ clean_text('raw__' ~ column.name) }} as text__{{ column.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from raw_rows
),

typed_rows as {{ computed_once() }} (
    select
        *,
        {%- for column in columns %}
        {{ clean_value(column, 'text__' ~ column.name) }}
            as {{ column.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from read_rows
),

judged_rows as {{ computed_once() }} (
    select
        *,
        case
            {%- for verdict in verdicts %}
            when {{ verdict.broken_when }} then '{{ verdict.reason }}'
            {%- endfor %}
        end as broken_reason,
        case
            {%- for verdict in verdicts %}
            when {{ verdict.broken_when }} then '{{ verdict.rule }}'
            {%- endfor %}
        end as broken_rule,
        0
        {%- for column in columns if not column.required %}
        + case when {{ is_unreadable(column) }} then 1 else 0 end
        {%- endfor %} as unreadable_values
    from typed_rows
),

-- Best version first; equal rows share a rank, and all but one have a higher number.
{%- set best_first %}
            partition by {{ key | join(', ') }}
            order by
                case when broken_reason is null then 0 else 1 end,
                {%- if latest_by %}
                {{ latest_by }} desc nulls last,
                {%- endif %}
                {%- for column in columns %}
                raw__{{ column.name }} desc nulls last{{ ',' if not loop.last }}
                {%- endfor %}
{%- endset %}
ranked_rows as (
    select
        *,
        row_number() over ({{ best_first }}
        ) as version_number,
        rank() over ({{ best_first }}
        ) as version_rank
    from judged_rows
),

classified_rows as (
    select
        *,
        case
            when version_number > version_rank then 'duplicate'
            when broken_reason is not null then 'rejected'
            when version_number > 1 then 'superseded'
            else 'kept'
        end as row_status
    from ranked_rows
)

select
    {%- for column in columns %}
    {{ column.name }},
    {%- endfor %}
    {%- for name in key %}
    {{ "|| '|' || " if not loop.first -}}
    coalesce({{ masked_raw_value(
        columns | selectattr('name', 'equalto', name) | first,
        'coalesce(cast(' ~ name ~ ' as ' ~ dbt.type_string() ~ '), text__' ~ name ~ ')'
    ) }}, '')
    {%- endfor %} as raw_key,
    row_status,
    case when row_status = 'rejected' then broken_reason end as reject_reason,
    case when row_status = 'rejected' then broken_rule end as reject_rule,
    case
        when row_status = 'rejected'
            then {{ raw_row_as_json(masked_values) }}
    end as raw_row,
    {{ dbt.hash(raw_row_text(columns)) }} as raw_row_hash,
    {{ earliest_date(columns) }} as raw_row_date,
    unreadable_values
from classified_rows
{% endmacro %}

{#- What the contract itself forbids, worst first, in the form of `rules`. -#}
{% macro contract_verdicts(columns) %}
{%- set missing, unreadable, unknown = [], [], [] -%}
{%- for column in columns if column.required -%}
    {%- do missing.append({
        'reason': 'missing_required_value',
        'rule': column.name ~ ' must be given',
        'broken_when': 'text__' ~ column.name ~ ' is null',
    }) -%}
    {%- do unreadable.append({
        'reason': 'unreadable_value',
        'rule': column.name ~ ' must be readable as ' ~ column.data_type,
        'broken_when': is_unreadable(column),
    }) -%}
    {%- set values = column.get('values') -%}
    {%- if values -%}
        {%- do unknown.append({
            'reason': 'unknown_value',
            'rule': column.name ~ ' must be one of ' ~ values | join(', '),
            'broken_when': column.name ~ " not in ('" ~ values | join("', '") ~ "')",
        }) -%}
    {%- endif -%}
{%- endfor -%}
{{ return(missing + unreadable + unknown) }}
{% endmacro %}

{#- Whether there is text that the column's type can't be read from. -#}
{% macro is_unreadable(column) -%}
    {{ return(column.name ~ ' is null and text__' ~ column.name ~ ' is not null') }}
{%- endmacro %}

{#- The raw row in one text. An absent value leaves no trace in it, so that a contract with one more
    optional column makes no other row of an old one. -#}
{% macro raw_row_text(columns) %}
    {%- for column in columns %}
    coalesce('|{{ column.name }}=' || raw__{{ column.name }}, '')
    {%- if not loop.last %} ||{% endif %}
    {%- endfor %}
{%- endmacro %}

{% macro earliest_date(columns) %}
    {%- set dates = columns | selectattr('data_type', 'in', ['date', 'timestamp']) | list -%}
    {%- if not dates %}{{ return('cast(null as date)') }}{% endif -%}
    least(
        {%- for column in dates -%}
        cast({{ column.name }} as date){{ ', ' if not loop.last }}
        {%- endfor -%}
    )
{%- endmacro %}
