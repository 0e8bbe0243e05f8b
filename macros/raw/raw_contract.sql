{#- What the raw contract says of one raw table, from its seed's entry in
    seeds/raw/<system>/_<system>__seeds.yml: {key, latest_by, required, columns}, a
    column being {name, data_type, required, standard, values, scale} as far as they
    are set. Known only while dbt executes. -#}
{% macro raw_contract(system, object) %}
    {%- set seed = graph.nodes['seed.' ~ project_name ~ '.raw_' ~ system ~ '__' ~ object] -%}
    {%- set columns = [] -%}
    {%- for column in seed.columns.values() -%}
        {%- do columns.append(
            dict(column.config.meta, name=column.name, data_type=column.data_type)
        ) -%}
    {%- endfor -%}
    {{ return(dict(seed.config.meta, columns=columns)) }}
{% endmacro %}
