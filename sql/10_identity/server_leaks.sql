-- The known holes through which a server of this version lets clients past row security, and the release that closes
-- each. This list is the only one: whoever learns of a hole adds a line, with the first fixed release of every major
-- version that had it. A hole is total where any client reads or removes what every policy protects: apply and
-- pgsession.Open refuse such a server. doctor warns of the others.
-- The argument is $1 because the program also runs the text between BEGIN ATOMIC and END, where there is no kernel yet.
-- Source: https://www.postgresql.org/support/security/
CREATE OR REPLACE FUNCTION rls.server_leaks(version integer)
RETURNS TABLE (cve text, total boolean, fixed integer, what text)
LANGUAGE sql
STABLE
PARALLEL SAFE
SECURITY INVOKER
ROWS 5
BEGIN ATOMIC
    SELECT h.cve, h.total, f.fixed, h.what
    FROM (VALUES
        ('CVE-2026-120154', true, ARRAY[150020, 160016, 170012, 180007], 'the WHERE of ON CONFLICT DO UPDATE reads hidden rows'),
        ('CVE-2026-116311', true, ARRAY[150020, 160016, 170012, 180007], 'DROP OWNED BY drops policies without owning the table'),
        ('CVE-2026-116327', false, ARRAY[150020, 160016, 170012, 180007], 'a leaky function over the result of a sub-select sees hidden rows'),
        ('CVE-2026-14666', false, ARRAY[150019, 160015, 170011, 180006], 'a prepared statement keeps its policies after a REVOKE of a membership'),
        ('CVE-2026-6473', false, ARRAY[150018, 160014, 170010, 180004], 'a client that can overflow a buffer runs code as the server'),
        ('CVE-2025-8713', false, ARRAY[150014, 160010, 170006], 'selectivity estimators show values of hidden rows'),
        ('CVE-2025-8714', false, ARRAY[150014, 160010, 170006], 'a dump that is restored runs code of whoever wrote it'),
        ('CVE-2024-10976', false, ARRAY[150009, 160005, 170001], 'a plan that is used again applies the policies of another role'),
        ('CVE-2024-10978', false, ARRAY[150009, 160005, 170001], 'SET ROLE and SET SESSION AUTHORIZATION go back to another role'),
        ('CVE-2024-4317', false, ARRAY[150007, 160003], 'pg_stats_ext shows values of hidden rows, until fix-CVE-2024-4317.sql has run'),
        ('CVE-2023-39418', false, ARRAY[150004], 'MERGE does not apply the policies of UPDATE and SELECT'),
        ('CVE-2023-2455', false, ARRAY[150003], 'a function that is inlined applies the policies of another role'),
        ('CVE-2023-2454', false, ARRAY[150003], 'CREATE SCHEMA runs code as the owner of a function')
    ) AS h (cve, total, fixed, what)
    CROSS JOIN LATERAL unnest(h.fixed) AS f (fixed)
    WHERE f.fixed / 10000 = $1 / 10000 AND $1 < f.fixed
    ORDER BY h.total DESC, f.fixed DESC, h.cve;
END;
REVOKE ALL ON FUNCTION rls.server_leaks(integer) FROM PUBLIC;
COMMENT ON FUNCTION rls.server_leaks(integer) IS 'Known holes in the row security of a server of this server_version_num.';
