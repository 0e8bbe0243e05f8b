with

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
),

touches as (
    select
        touches.account_id,
        touches.touch_date,
        case when touch_types.is_business_review then touches.touch_date end as review_date
    from {{ ref('int_touches_resolved') }} as touches
    inner join {{ ref('touch_types') }} as touch_types
        on touches.touch_type = touch_types.activity_type
),

contacts as (
    select
        ids.resolved_account_id as account_id,
        contacts.is_champion,
        contacts.is_executive_sponsor,
        cast(contacts.created_at as date) as created_date,
        cast(contacts.left_at as date) as left_date
    from {{ ref('stg_crm__contacts') }} as contacts
    inner join {{ ref('int_account_ids_resolved') }} as ids
        on contacts.account_id = ids.account_id
),

-- Before the first touch, or review, of all nothing was recorded: silence means nothing.
coverage as (
    select
        min(touch_date) as first_touch_date,
        min(review_date) as first_review_date
    from touches
),

last_touches as (
    select
        accounts.account_id,
        accounts.observation_date,
        max(touches.touch_date) as last_touch_date,
        max(touches.review_date) as last_review_date
    from accounts
    inner join touches
        on accounts.account_id = touches.account_id
        and accounts.observation_date >= touches.touch_date
    group by accounts.account_id, accounts.observation_date
),

people_known as (
    select
        accounts.account_id,
        accounts.observation_date,
        contacts.is_champion,
        contacts.is_executive_sponsor,
        coalesce(contacts.left_date <= accounts.observation_date, false) as has_left
    from accounts
    inner join contacts
        on accounts.account_id = contacts.account_id
        and accounts.observation_date >= contacts.created_date
),

-- Of those known by then who had not left.
people as (
    select
        account_id,
        observation_date,
        sum(case when is_champion and not has_left then 1 else 0 end) as champions,
        sum(case when is_executive_sponsor and not has_left then 1 else 0 end)
            as executive_sponsors
    from people_known
    group by account_id, observation_date
),

silences as (
    select
        accounts.account_id,
        accounts.observation_date,
        accounts.tenure_days,
        {{ days_between('last_touches.last_touch_date', 'accounts.observation_date') }}
            as days_since_touch,
        {{ days_between('last_touches.last_review_date', 'accounts.observation_date') }}
            as days_since_review,
        {{ days_between('coverage.first_touch_date', 'accounts.observation_date') }}
            as days_of_touches,
        {{ days_between('coverage.first_review_date', 'accounts.observation_date') }}
            as days_of_reviews
    from accounts
    cross join coverage
    left join last_touches
        on accounts.account_id = last_touches.account_id
        and accounts.observation_date = last_touches.observation_date
)

-- An account never touched has waited since it signed, or since touches were recorded.
select
    silences.account_id,
    silences.observation_date,
    coalesce(
        silences.days_since_touch,
        case
            when silences.days_of_touches >= 0
                then least(silences.tenure_days, silences.days_of_touches)
        end
    ) as days_since_touch,
    coalesce(
        silences.days_since_review,
        case
            when silences.days_of_reviews >= 0
                then least(silences.tenure_days, silences.days_of_reviews)
        end
    ) as days_since_review,
    people.champions,
    people.executive_sponsors
from silences
left join people
    on silences.account_id = people.account_id
    and silences.observation_date = people.observation_date
