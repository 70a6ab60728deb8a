"""Token pairs: an access token and a refresh token of one session."""

from auth_service.sessions.model import Session
from auth_service.tokens.issuer import AccessTokens, Grant
from auth_service.users.model import User
from shared.contracts.sessions import TokenPair
from shared.identity.key_pair import KeyPair


def issue_pair(
    tokens: AccessTokens, key: KeyPair, user: User, session: Session, refresh_token: str
) -> TokenPair:
    """Signs an access token for the session; it expires with the session at the latest."""
    grant = Grant(
        user_id=user.id,
        sid=session.id,
        email=user.email,
        email_verified=user.email_verified_at is not None,
        roles=tuple(user.roles),
        until=min(session.expires_at, session.idle_until),
    )
    access_token, claims = tokens.issue(key, grant)
    return TokenPair(access_token, "Bearer", claims.exp - claims.iat, refresh_token)
