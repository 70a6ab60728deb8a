"""The metadata of all tables: importing this module imports every feature's tables."""

from auth_service.api_keys import repository as api_keys
from auth_service.audit import repository as audit
from auth_service.database import outbox
from auth_service.database.table import Table
from auth_service.mailer import repository as mailer
from auth_service.oauth import repository as oauth
from auth_service.sessions import repository as sessions
from auth_service.throttle import repository as throttle
from auth_service.tokens import repository as tokens
from auth_service.users import repository as users

MODELS = (api_keys, audit, mailer, oauth, outbox, sessions, throttle, tokens, users)
METADATA = Table.metadata
