"""The metadata of all tables: importing this module imports every feature's tables."""

from auth_service.api_keys import model as api_keys
from auth_service.audit import model as audit
from auth_service.audit.activity import model as activity
from auth_service.database import outbox
from auth_service.database.table import Table
from auth_service.factors import model as factors
from auth_service.mailer import model as mailer
from auth_service.oauth import model as oauth
from auth_service.passwords import model as proofs
from auth_service.sessions import model as sessions
from auth_service.throttle import model as throttle
from auth_service.tokens import model as tokens
from auth_service.users import model as users

MODELS = (
    activity,
    api_keys,
    audit,
    factors,
    mailer,
    oauth,
    outbox,
    proofs,
    sessions,
    throttle,
    tokens,
    users,
)
METADATA = Table.metadata
