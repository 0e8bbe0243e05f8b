"""The commands `serve` and `mcp`, which answer metric questions until they are stopped."""

from pathlib import Path
from typing import Annotated

import typer

from scripts.project import PUBLISHED_FILE

PublishedFile = Annotated[
    Path, typer.Option(envvar="BELLWETHER_PUBLISHED_FILE", help="The file that is answered from.")
]
Seconds = Annotated[float, typer.Option(min=0.1, help="How long a query may run.")]
SECONDS = 10.0


def serve_command(
    tokens: Annotated[
        Path,
        typer.Option(envvar="BELLWETHER_TOKENS", help="The token file; see the command token."),
    ],
    published_file: PublishedFile = PUBLISHED_FILE,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    seconds: Seconds = SECONDS,
) -> None:
    """Serve the metrics of the published file over HTTP; the page /docs says how to ask.

    A file published later is picked up at once. Example: python -m scripts serve
    --tokens ../tokens.csv
    """
    import uvicorn

    from scripts.serving.access import Tokens
    from scripts.serving.answers import Metrics
    from scripts.serving.http_server import application
    from scripts.serving.published import Published

    asked_by = Tokens(tokens)
    asked_by.callers()  # says now what is wrong with the file, not at the first request
    app = application(Metrics(Published(published_file), seconds), asked_by)
    uvicorn.run(app, host=host, port=port, log_level="warning")


def mcp_command(
    role: Annotated[
        str, typer.Option(help="The role of seeds/reference/access_grants.csv that asks.")
    ] = "bi_reader",
    published_file: PublishedFile = PUBLISHED_FILE,
    seconds: Seconds = SECONDS,
) -> None:
    """Serve the metrics to an assistant, over MCP on standard input and output.

    The assistant starts it itself, with this command in its settings.
    Example: python -m scripts mcp --role bi_reader
    """
    from scripts.serving.access import role_named, today
    from scripts.serving.answers import Metrics
    from scripts.serving.mcp_server import server
    from scripts.serving.published import Published

    role_named(role, today())  # says now what is wrong with it
    server(Metrics(Published(published_file), seconds), role).run("stdio")
