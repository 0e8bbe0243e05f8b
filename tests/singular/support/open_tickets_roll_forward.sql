-- Open tickets at the end of a month are those of the month before, plus the opened,
-- less the solved; per account. Returns the account-months where they are not.
with

account_months as (
    select * from {{ ref('int_account_months_support') }}
),

with_opening as (
    select
        *,
        coalesce(
            lag(open_tickets) over (partition by account_id order by month_start), 0
        ) as opening_tickets
    from account_months
)

select * from with_opening
where open_tickets <> opening_tickets + tickets_opened - tickets_solved
