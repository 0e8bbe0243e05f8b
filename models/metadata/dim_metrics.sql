{#- The metrics are read from the project itself, which dbt knows while it executes. -#}
{%- set metrics = [] -%}
{%- if execute -%}
    {%- set metrics = graph.metrics.values()
        | rejectattr('type_params.is_private') | sort(attribute='name') -%}
{%- endif -%}
{%- set tested = models_by_test() if execute else [] -%}
{%- set names_by_formula = metric_names_by_formula() if execute else {} -%}

with

defined as (
    {% for metric in metrics -%}
    {%- set meta = metric.config.meta -%}
    {%- set models = metric_models(metric.unique_id) -%}
    {%- set others = names_by_formula[metric_formula(metric)] | reject('equalto', metric.name) -%}
    select
        {{ text_literal(metric.name) }} as metric_name,
        {{ text_literal(metric.label) }} as label,
        {{ text_literal(metric.description) }} as description,
        {{ text_literal(metric.type) }} as metric_type,
        {{ text_literal(meta.owner) }} as owner,
        {{ text_literal(meta.unit) }} as unit,
        {{ text_literal(meta.direction) }} as direction,
        cast({{ text_literal(meta.target) }} as decimal(18, 4)) as target,
        cast({{ text_literal(meta.tier) }} as integer) as tier,
        {{ text_literal(meta.cadence) }} as cadence,
        cast({{ text_literal(meta.version) }} as integer) as version,
        cast({{ text_literal(meta.effective_from) }} as date) as effective_from,
        {{ text_literal(meta.source_systems) }} as source_systems,
        {{ text_literal(meta.soma_ref) }} as soma_ref,
        {{ text_literal(metric.original_file_path) }} as defined_in,
        {{ tested | select('in', models) | list | length }} as data_tests,
        {{ text_literal(others | list or none) }} as same_formula_as
    {% if not loop.last %}
    union all

    {% endif %}
    {%- endfor %}
)

select * from defined
