-- The list in macro raw_tables() names the same tables as the seeds in seeds/raw.
{%- set listed = [] -%}
{%- for system, object in raw_tables() -%}
    {%- do listed.append('raw_' ~ system ~ '__' ~ object) -%}
{%- endfor -%}
{%- set differing = [] -%}
{%- if execute -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'seed' and node.name.startswith('raw_') -%}
        {%- if node.name in listed -%}
            {%- do listed.remove(node.name) -%}
        {%- else -%}
            {%- do differing.append(node.name) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endif -%}
{%- for name in differing + listed %}
select '{{ name }}' as raw_table
union all
{%- endfor %}
select '' as raw_table
where 1 = 0
