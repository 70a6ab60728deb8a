"""Metrics of the pool of PostgreSQL's connections."""

from tests.integration.auth_service.sql import opened


async def test_connections_count_as_in_use_during_a_transaction(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        assert database.connections_in_use() == 0
        async with database.transaction() as first, database.transaction() as second:
            await first.connection()
            await second.connection()
            assert database.connections_in_use() == 2
        assert database.connections_in_use() == 0
        assert database.max_connections == 10
