{#- The old or new value in a history table, spelled like the column it is a value of,
    so that history and present can be compared. -#}

{% macro account_field_value(expression) -%}
    case field
        when 'owner_id' then {{ clean_key(expression) }}
        when 'csm_id' then {{ clean_key(expression) }}
        {%- for name in ['segment', 'lifecycle_stage', 'product_tier', 'region'] %}
        when '{{ name }}' then {{ standardise(name, expression) }}
        {%- endfor %}
    end
{%- endmacro %}

{% macro ticket_event_value(expression) -%}
    case event_type
        when 'assignee' then {{ clean_key(expression) }}
        when 'priority' then {{ standardise('priority', expression) }}
        when 'reply' then {{ standardise('reply_visibility', expression) }}
        when 'status' then {{ standardise('ticket_status', expression) }}
        else {{ expression }}
    end
{%- endmacro %}
