"""How alembic reaches the database; CKAN sets the address."""

from alembic import context
from ckan.model.meta import metadata
from sqlalchemy import engine_from_config, pool


def migrate() -> None:
    section = context.config.get_section(context.config.config_ini_section) or {}
    engine = engine_from_config(section, prefix="sqlalchemy.", poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            version_table="export_alembic_version",
        )
        with context.begin_transaction():
            context.run_migrations()


migrate()
