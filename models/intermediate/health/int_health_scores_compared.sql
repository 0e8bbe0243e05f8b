with

scores as (
    select
        *,
        {{ add_days(month_start('observation_date'), -1) }} as previous_month_end
    from {{ ref('int_health_scores_banded') }}
),

compared as (
    select
        scores.*,
        previous.score as previous_month_score,
        scores.score - previous.score as change_vs_previous_month
    from scores
    left join scores as previous
        on scores.account_id = previous.account_id
        and scores.model_version = previous.model_version
        and scores.previous_month_end = previous.observation_date
)

select * from compared
