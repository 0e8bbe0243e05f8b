with

overrides as (
    select * from {{ ref('int_health_overrides_resolved') }}
),

accounts as (
    select * from {{ ref('int_health_accounts_observed') }}
),

-- Where overrides overlap, the one set last holds.
in_force as (
    select
        accounts.account_id,
        accounts.observation_date,
        overrides.override_id,
        overrides.band as override_band,
        overrides.reason as override_reason,
        row_number() over (
            partition by accounts.account_id, accounts.observation_date
            order by overrides.set_at desc, overrides.override_id desc
        ) as override_rank
    from overrides
    inner join accounts
        on overrides.account_id = accounts.account_id
        and {{ is_in_force(
            'accounts.observation_date', 'overrides.held_from', 'overrides.valid_to'
        ) }}
)

select * from in_force
where override_rank = 1
