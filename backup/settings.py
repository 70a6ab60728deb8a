"""Settings of the backup commands: the stores, by the variables of the services that own them."""

from typing import Annotated

import msgspec

from shared.settings import Env, Secret


class BackupSettings(msgspec.Struct, frozen=True, kw_only=True):
    """URLs of users who may read, and for a restore write, everything; `data_keys` are auth_service's."""

    database_url: Annotated[Secret, Env("AUTH_DATABASE_URL")]
    data_keys: Annotated[Secret, Env("AUTH_DATA_KEYS", at_least=43)]
    converter_url: Annotated[Secret, Env("CONVERTER_MONGO_URL")]
    notification_url: Annotated[Secret, Env("NOTIFICATION_MONGO_URL")]
