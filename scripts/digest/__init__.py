"""Posts the facts of a week or month into a Slack channel or a Teams channel, once."""
