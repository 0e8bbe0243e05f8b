"""Answers metric questions of programs: over HTTP, and over MCP for assistants."""
