with

scores as (
    select * from {{ ref('int_health_scores_compared') }}
    where score is not null
),

ranked_reasons as (
    select * from {{ ref('int_health_reasons_ranked') }}
),

-- What moved the score by less than 0.05 points is not told.
movers as (
    select
        *,
        cast(change_vs_previous_month as decimal(9, 1)) as points
    from {{ ref('int_health_components_compared') }}
    where change_rank <= 3
        and cast(change_vs_previous_month as decimal(9, 1)) <> 0
),

reasons as (
    select
        account_id,
        observation_date,
        model_version,
        max(case when reason_rank = 1 then measure_in_words end) as reason_1,
        max(case when reason_rank = 2 then measure_in_words end) as reason_2,
        max(case when reason_rank = 3 then measure_in_words end) as reason_3
    from ranked_reasons
    group by account_id, observation_date, model_version
),

movers_listed as (
    select
        account_id,
        observation_date,
        model_version,
        {{ dbt.listagg(
            measure="component_name || case when points < 0 then ' −' else ' +' end"
            ~ " || cast(abs(points) as " ~ dbt.type_string() ~ ")",
            delimiter_text="', '", order_by_clause='order by change_rank'
        ) }} as moved_by
    from movers
    group by account_id, observation_date, model_version
),

explained as (
    select
        scores.account_id,
        scores.observation_date,
        scores.model_version,
        reasons.reason_1,
        reasons.reason_2,
        reasons.reason_3,
        movers_listed.moved_by
    from scores
    left join reasons
        on scores.account_id = reasons.account_id
        and scores.observation_date = reasons.observation_date
        and scores.model_version = reasons.model_version
    left join movers_listed
        on scores.account_id = movers_listed.account_id
        and scores.observation_date = movers_listed.observation_date
        and scores.model_version = movers_listed.model_version
)

select * from explained
