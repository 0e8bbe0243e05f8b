with

overrides as (
    select * from {{ ref('int_health_overrides_resolved') }}
),

rules as (
    select * from {{ ref('health_override_rules') }}
),

bands as (
    select * from {{ ref('health_bands') }}
),

scores as (
    select * from {{ ref('fct_health_scores') }}
    where is_champion
        and period_type = 'month_end'
),

losses as (
    select * from {{ ref('int_health_losses_found') }}
),

attributes as (
    select * from {{ ref('dim_account_history') }}
),

with_window as (
    select
        overrides.*,
        {{ add_days('overrides.held_from', 'rules.decided_after_days') }} as decided_date,
        case
            when overrides.held_from = {{ month_end('overrides.held_from') }}
                then overrides.held_from
            else {{ add_days(month_start('overrides.held_from'), -1) }}
        end as last_month_end
    from overrides
    cross join rules
),

losses_after as (
    select
        with_window.override_id,
        count(*) as losses
    from with_window
    inner join losses
        on with_window.account_id = losses.account_id
        and with_window.held_from < losses.month_end
        and with_window.decided_date >= losses.month_end
    group by with_window.override_id
),

judged as (
    select
        with_window.override_id,
        with_window.account_id,
        attributes.account_version_id,
        with_window.set_by,
        {{ masked('with_window.reason') }} as reason,
        with_window.held_from,
        with_window.valid_to,
        scores.observation_date as replaced_month_end,
        scores.band as replaced_band,
        with_window.band as override_band,
        case
            when bands.lower_bound > replaced_bands.lower_bound then 'raised'
            when bands.lower_bound < replaced_bands.lower_bound then 'lowered'
            when bands.lower_bound = replaced_bands.lower_bound then 'same'
        end as direction,
        with_window.decided_date,
        with_window.decided_date <= {{ as_of_date() }} as is_decided,
        losses_after.losses is not null as has_lost
    from with_window
    left join scores
        on with_window.account_id = scores.account_id
        and with_window.last_month_end = scores.observation_date
    left join bands
        on scores.model_version = bands.model_version
        and with_window.band = bands.band
    left join bands as replaced_bands
        on scores.model_version = replaced_bands.model_version
        and scores.band = replaced_bands.band
    left join losses_after
        on with_window.override_id = losses_after.override_id
    left join attributes
        on with_window.account_id = attributes.account_id
        and {{ is_in_force(
            'with_window.held_from', 'attributes.valid_from', 'attributes.valid_to'
        ) }}
),

-- Until the days are over, nobody knows that the account stayed.
final as (
    select
        override_id,
        account_id,
        account_version_id,
        set_by,
        reason,
        held_from,
        valid_to,
        replaced_month_end,
        replaced_band,
        override_band,
        direction,
        decided_date,
        is_decided,
        case when is_decided then has_lost end as has_lost,
        case
            when is_decided and direction = 'lowered' then has_lost
            when is_decided and direction = 'raised' then not has_lost
        end as was_right
    from judged
)

select * from final
