"""Runs a private Superset until its input ends; run by the environment that holds Superset.

It writes into the folder SUPERSET_HOME alone, has one administrator and listens on this machine
alone. Once it listens it prints the address.
"""

import contextlib
import sys
import threading


def serve(user: str, password: str) -> None:
    """Migrate the metadata, make the administrator, serve until standard input ends."""
    with contextlib.redirect_stdout(sys.stderr):  # it prints as it starts
        from flask_migrate import upgrade
        from superset.app import create_app
        from werkzeug.serving import make_server

        app = create_app()
        with app.app_context():
            from superset.extensions import appbuilder, security_manager

            upgrade()
            appbuilder.add_permissions(update_perms=True)
            security_manager.sync_role_definitions()
            security_manager.add_user(
                user, "The", "Administrator", "admin@example.com",
                security_manager.find_role("Admin"), password=password,
            )  # fmt: skip
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.port}", flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    serve(*sys.argv[1:])
