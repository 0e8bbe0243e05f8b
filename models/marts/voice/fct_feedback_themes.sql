with

texts as (
    select * from {{ ref('int_feedback_texts_listed') }}
),

rules as (
    select
        *,
        '% ' || replace(pattern, '*', '%') || ' %' as words_pattern
    from {{ ref('theme_rules') }}
),

-- A text mentions a theme once, however many of its words it has.
mentions as (
    select
        texts.source_type,
        texts.source_id,
        rules.theme
    from texts
    inner join rules
        on texts.words like rules.words_pattern
        and {{ is_in_force('texts.said_date', 'rules.effective_from', 'rules.effective_to') }}
    group by texts.source_type, texts.source_id, rules.theme
),

themed as (
    select
        texts.source_type,
        texts.source_id,
        texts.account_id,
        texts.said_date,
        coalesce(mentions.theme, 'unclassified') as theme
    from texts
    left join mentions
        on texts.source_type = mentions.source_type
        and texts.source_id = mentions.source_id
),

final as (
    select
        themed.source_type || '|' || themed.source_id || '|' || themed.theme
            as feedback_theme_id,
        themed.source_type || '|' || themed.source_id as feedback_id,
        themed.source_type,
        themed.source_id,
        themed.account_id,
        account_versions.account_version_id,
        themed.said_date,
        themed.theme,
        themed.theme <> 'unclassified' as is_classified
    from themed
    {{ join_account_version('themed', 'themed.said_date') }}
)

select * from final
