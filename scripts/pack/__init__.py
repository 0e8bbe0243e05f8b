"""The weekly and monthly pack, and the business review of one account."""
