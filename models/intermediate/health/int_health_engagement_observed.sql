with

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
),

starts as (
    select * from {{ ref('int_account_starts_found') }}
),

touches as (
    select * from {{ ref('int_touches_resolved') }}
),

-- Before the first touch of all nothing was recorded: silence means nothing.
coverage as (
    select min(touch_date) as first_date from touches
),

last_touches as (
    select
        accounts.account_id,
        accounts.observation_date,
        max(touches.touch_date) as last_touch_date
    from accounts
    inner join touches
        on accounts.account_id = touches.account_id
        and accounts.observation_date >= touches.touch_date
    group by accounts.account_id, accounts.observation_date
),

-- An account never touched has waited since it signed.
waiting as (
    select
        accounts.account_id,
        accounts.observation_date,
        coalesce(
            last_touches.last_touch_date,
            case
                when starts.start_date > coverage.first_date then starts.start_date
                else coverage.first_date
            end
        ) as waiting_since
    from accounts
    inner join coverage
        on accounts.observation_date >= coverage.first_date
    left join starts
        on accounts.account_id = starts.account_id
    left join last_touches
        on accounts.account_id = last_touches.account_id
        and accounts.observation_date = last_touches.observation_date
)

select
    account_id,
    observation_date,
    {{ days_between('waiting_since', 'observation_date') }} as days_since_touch
from waiting
