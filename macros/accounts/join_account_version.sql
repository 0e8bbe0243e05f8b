{#- Joins the account as it was on a day: `account_versions` is the version of dim_account_history
    in force then, none before the account's history begins. `rows` names what it is joined to, by
    its account_id. -#}
{% macro join_account_version(rows, day) -%}
    left join {{ ref('dim_account_history') }} as account_versions
        on {{ rows }}.account_id = account_versions.account_id
        and {{ is_in_force(day, 'account_versions.valid_from', 'account_versions.valid_to') }}
{%- endmacro %}
