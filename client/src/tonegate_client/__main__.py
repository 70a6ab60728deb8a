"""`python -m tonegate_client`: the command `tonegate`."""

from tonegate_client.command.app import main

if __name__ == "__main__":
    main()
