"""What SQL can't do: each module is a small command of `python -m scripts`."""
