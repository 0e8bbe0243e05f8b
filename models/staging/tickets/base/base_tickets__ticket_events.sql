{{ classify_raw_rows('tickets', 'ticket_events') }}
