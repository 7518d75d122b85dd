-- A database and its own role: once for each country site, and once for what all share (name=support).
-- As the server's administrator: psql -v name=fr -v password=… -f database.sql
-- Run again it changes the password and nothing else.
\set ON_ERROR_STOP on
\set role portal_ :name
SELECT format('CREATE ROLE %I LOGIN', :'role')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" PASSWORD :'password';
SELECT format('CREATE DATABASE %1$I OWNER %1$I TEMPLATE template0 ENCODING ''UTF8''', :'role')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'role') \gexec
REVOKE ALL ON DATABASE :"role" FROM PUBLIC;
