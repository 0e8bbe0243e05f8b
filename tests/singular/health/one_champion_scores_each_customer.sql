-- From the first champion's first day on, each active customer has exactly one champion
-- score a date. Returns the customers and dates that have none or several.
with

scores as (
    select * from {{ ref('fct_health_scores') }}
),

first_champion as (
    select min(effective_from) as effective_from
    from {{ ref('health_models') }}
    where status = 'champion'
)

select
    scores.account_id,
    scores.observation_date,
    scores.period_type,
    sum(case when scores.is_champion then 1 else 0 end) as champions
from scores
inner join first_champion
    on scores.observation_date >= first_champion.effective_from
group by scores.account_id, scores.observation_date, scores.period_type
having sum(case when scores.is_champion then 1 else 0 end) <> 1
