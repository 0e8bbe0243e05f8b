{#- The SQL that `python -m scripts` compiled of the model's metric queries and kept on the server.
    One that was compiled of other definitions than the project's is refused. -#}
{% macro kept_metric_query() -%}
    {%- if not execute %}{{ return('select 1 as parsed') }}{% endif -%}
    {%- set place = metric_queries_place() -%}
    {%- set table = adapter.get_relation(target.database, place[0], place[1]) -%}
    {%- set kept = run_query(
        'select query from ' ~ place | join('.') ~ " where model = '" ~ model.name
        ~ "' and definitions = '" ~ metric_definitions_fingerprint() ~ "'"
    ).rows if table else [] -%}
    {%- if not kept -%}
        {{ exceptions.raise_compiler_error(
            'The server holds no queries of the metrics as they are defined now: '
            ~ 'run `make build TARGET=postgres`, which compiles them first.'
        ) }}
    {%- endif -%}
    {{ kept[0][0] }}
{%- endmacro %}

{#- Notes of which definitions the kept queries were compiled. -#}
{% macro sign_metric_queries() %}
    {%- set table = metric_queries_place() | join('.') -%}
    {%- do run_query(
        'alter table ' ~ table ~ ' add column definitions text; update ' ~ table
        ~ " set definitions = '" ~ metric_definitions_fingerprint() ~ "'; commit"
    ) -%}
{% endmacro %}

{% macro metric_queries_place() %}
    {{ return([target.schema, 'metric_queries']) }}
{% endmacro %}

{#- One text for all that the semantic layer is defined by. -#}
{% macro metric_definitions_fingerprint() %}
    {%- set definitions = [] -%}
    {%- for metric in graph.metrics.values() | sort(attribute='unique_id') -%}
        {%- do definitions.append([metric.unique_id, metric.type_params, metric.filter]) -%}
    {%- endfor -%}
    {%- for part in graph.semantic_models.values() | sort(attribute='unique_id') -%}
        {%- do definitions.append([
            part.unique_id, part.node_relation, part.defaults, part.entities, part.dimensions,
        ]) -%}
    {%- endfor -%}
    {{ return(local_md5(tojson(definitions, sort_keys=true))) }}
{% endmacro %}
