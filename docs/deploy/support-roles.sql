-- The two roles over which the support console reaches a country site's database: one can only read, the other
-- does the few things that support may. What exactly they may is granted by `portal db migrate`.
-- As the server's administrator, after database.sql: psql -v name=fr -v password=… -f support-roles.sql
\set ON_ERROR_STOP on
\set role portal_ :name
\set look portal_ :name _look
\set act portal_ :name _act
CREATE ROLE :"look" LOGIN NOINHERIT PASSWORD :'password';
CREATE ROLE :"act" LOGIN NOINHERIT PASSWORD :'password';
GRANT CONNECT ON DATABASE :"role" TO :"look", :"act";
\connect :"role"
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
-- Whoever may connect may make large objects, unless somebody says no.
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
