"""Fresh proofs of sessions in the running system, made older."""

from sqlalchemy import text

from auth_service.database.connection import one_connection
from shared.settings import Secret
from tests.support.system import System

LAPSE = """UPDATE auth.session_proofs SET proven_at = proven_at - interval '10 minutes',
factor_proven_at = factor_proven_at - interval '10 minutes'"""


async def let_proofs_lapse(system: System) -> None:
    """Moves all fresh proofs to ten minutes ago."""
    async with one_connection(Secret(system.stack.postgres.url()), command_s=10) as connection:
        await connection.execute(text(LAPSE))
