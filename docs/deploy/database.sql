-- A database and its own role: once for each country site, and once for what all share (name=support).
-- As the server's administrator: psql -v name=fr -v password=… -f database.sql
\set ON_ERROR_STOP on
\set role portal_ :name
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"role" OWNER :"role" TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE :"role" FROM PUBLIC;
