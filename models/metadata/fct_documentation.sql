{#- Models and columns are read from the project itself, which dbt knows while it executes. -#}
{%- set models = [] -%}
{%- if execute -%}
    {%- set models = graph.nodes.values()
        | selectattr('resource_type', 'equalto', 'model')
        | selectattr('access', 'equalto', 'public') | sort(attribute='name') -%}
{%- endif -%}

with

dashboards as (
    select * from {{ ref('int_dashboards_documented') }}
),

described_dashboards as (
    select
        'dashboard' as item_type,
        dashboard_key as item_name,
        1 as items,
        case when is_documented then 1 else 0 end as described_items,
        cast(null as {{ dbt.type_string() }}) as undescribed_columns
    from dashboards
),

described_models as (
    {% for model in models -%}
    {%- set undescribed = model.columns.values() | rejectattr('description') | list -%}
    {%- set described = model.columns | length - undescribed | length -%}
    select
        'model' as item_type,
        {{ text_literal(model.name) }} as item_name,
        {{ 1 + model.columns | length }} as items,
        {{ described + (1 if model.description else 0) }} as described_items,
        {{ text_literal(undescribed | map(attribute='name') | list or none) }}
            as undescribed_columns
    {% if not loop.last %}
    union all

    {% endif %}
    {%- endfor %}
),

combined as (
    select * from described_dashboards

    union all

    select * from described_models
)

select
    item_type || '|' || item_name as documented_item_id,
    item_type,
    item_name,
    {{ as_of_date() }} as observation_date,
    cast(items as integer) as items,
    cast(described_items as integer) as described_items,
    undescribed_columns
from combined
