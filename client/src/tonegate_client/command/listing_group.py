"""Groups of subcommands that list without a subcommand: `tonegate keys` is `tonegate keys list`."""

import click


class ListingGroup(click.Group):
    """A group whose subcommand `list` is the default."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        is_named = bool(args) and (not args[0].startswith("-") or args[0] in ctx.help_option_names)
        if not is_named and not ctx.resilient_parsing:  # a shell that completes words wants the subcommands
            args = ["list", *args]
        return super().parse_args(ctx, args)
