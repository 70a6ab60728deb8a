"""PostgreSQL connections and the declarative base of all tables."""
