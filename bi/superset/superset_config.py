"""What Superset needs to be told to run on one machine, with one folder for all it writes."""

import os
import secrets

DATA_DIR = os.environ["SUPERSET_HOME"]
SECRET_KEY = secrets.token_hex()  # as long-lived as the process
SQLALCHEMY_DATABASE_URI = f"sqlite:///{DATA_DIR}/superset.db"
FEATURE_FLAGS = {"DASHBOARD_VIRTUALIZATION": False}  # a screenshot shows the charts below, too
# Superset's own policy lets pages load pictures, maps and fonts from elsewhere.
TALISMAN_CONFIG = {
    "content_security_policy": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
