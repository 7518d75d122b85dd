-- The two roles over which the support console reaches a country site's database: one can only read, the other
-- does the few things that support may. What exactly they may is granted by `portal db migrate`.
-- As the server's administrator, after database.sql: psql -v name=fr -v password=… -f support-roles.sql
-- Run again, as for a database that was made anew, it changes the password and grants what is missing.
\set ON_ERROR_STOP on
\set role portal_ :name
\set look portal_ :name _look
\set act portal_ :name _act
SELECT format('CREATE ROLE %I LOGIN NOINHERIT', missing)
FROM unnest(ARRAY[:'look', :'act']) AS missing
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = missing) \gexec
ALTER ROLE :"look" PASSWORD :'password';
ALTER ROLE :"act" PASSWORD :'password';
GRANT CONNECT ON DATABASE :"role" TO :"look", :"act";
\connect :"role"
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
-- Whoever may connect may make large objects, unless somebody says no.
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
