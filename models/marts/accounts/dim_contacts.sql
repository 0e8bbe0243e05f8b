with

contacts as (
    select * from {{ ref('stg_crm__contacts') }}
    where cast(created_at as date) <= {{ as_of_date() }}
),

ids as (
    select * from {{ ref('int_account_ids_resolved') }}
),

final as (
    select
        contacts.contact_id,
        coalesce(ids.resolved_account_id, 'unassigned') as account_id,
        {{ masked('coalesce(contacts.first_name, contacts.last_name)') }} as full_name,
        {{ masked('contacts.email') }} as email,
        contacts.is_champion,
        contacts.is_executive_sponsor,
        cast(contacts.created_at as date) as created_date,
        case
            when cast(contacts.left_at as date) <= {{ as_of_date() }}
                then cast(contacts.left_at as date)
        end as left_date
    from contacts
    left join ids
        on contacts.account_id = ids.account_id
)

select * from final
