"""`tonegate admin`."""

import click

from tonegate_client.command.admin.conversions import conversions
from tonegate_client.command.admin.dead_letters import dead_letters
from tonegate_client.command.admin.server import audit, overview
from tonegate_client.command.admin.users import users

admin = click.Group(
    "admin",
    help="For administrators: accounts, conversions of all accounts, dead letters.",
    commands=[overview, users, conversions, dead_letters, audit],
)
