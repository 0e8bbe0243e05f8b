"""The demo company: a made-up software business and the raw data its systems would hold."""
