{#- Files read in place. Only DuckDB does: on another engine load them and use
    raw_source warehouse. -#}

{% macro files_matching(glob) %}
    {{ return(adapter.dispatch('files_matching')(glob)) }}
{% endmacro %}

{% macro default__files_matching(glob) %}
    {{ exceptions.raise_compiler_error(
        'raw_source files needs DuckDB: load the files into a schema and use '
        ~ 'raw_source warehouse.'
    ) }}
{% endmacro %}

{% macro duckdb__files_matching(glob) %}
    {{ return(run_query('select file from glob(' ~ sql_text(glob) ~ ')').rows | length) }}
{% endmacro %}

{% macro file_relation(glob) %}
    {%- if glob.endswith('.parquet') -%}
        {{ return('read_parquet(' ~ sql_text(glob) ~ ', union_by_name = true)') }}
    {%- endif -%}
    {{ return(
        'read_csv(' ~ sql_text(glob) ~ ', header = true, all_varchar = true, '
        ~ "skip = 0, delim = ',', quote = '\"', escape = '\"', comment = '')"
    ) }}
{% endmacro %}

{% macro sql_text(text) %}
    {{ return("'" ~ text | replace("'", "''") ~ "'") }}
{% endmacro %}
