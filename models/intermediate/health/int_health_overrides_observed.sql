with

overrides as (
    select * from {{ ref('stg_success__health_overrides') }}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
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
        overrides.set_by as override_set_by,
        row_number() over (
            partition by accounts.account_id, accounts.observation_date
            order by overrides.valid_from desc, overrides.override_id desc
        ) as override_rank
    from overrides
    inner join ids
        on overrides.account_id = ids.account_id
    inner join accounts
        on ids.resolved_account_id = accounts.account_id
        and overrides.valid_from <= accounts.observation_date
        and overrides.valid_to > accounts.observation_date
)

select * from in_force
where override_rank = 1
