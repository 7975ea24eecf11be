-- The encoding must be UTF8: client ids, names and JSON are compared and published as such.
CREATE DATABASE regress_synckit_latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C';
\set regress_db :DBNAME
\c regress_synckit_latin
CREATE EXTENSION synckit;
SELECT count(*) FROM pg_extension WHERE extname = 'synckit';
\c :regress_db
DROP DATABASE regress_synckit_latin;
