-- The canonical words of some actions of a resource, each once and in the order of the model; * stands for all of them. For
-- maintenance roles.
CREATE OR REPLACE FUNCTION rls.resource_actions(words text[], resource text)
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known text[];
    asked text[] := '{}';
    word text;
BEGIN
    PERFORM rls.administer();
    PERFORM rls.declared_action('read', resource_actions.resource);
    known := (SELECT r.actions FROM rls.resource AS r WHERE r.name = resource_actions.resource);
    FOREACH word IN ARRAY words LOOP
        asked := asked || CASE WHEN btrim(word) = '*' THEN known ELSE ARRAY[rls.declared_action(word, resource_actions.resource)] END;
    END LOOP;
    RETURN ARRAY(SELECT k.word FROM unnest(known) WITH ORDINALITY AS k(word, place) WHERE k.word = ANY (asked) ORDER BY k.place);
END
$$;
REVOKE ALL ON FUNCTION rls.resource_actions(text[], text) FROM PUBLIC;
COMMENT ON FUNCTION rls.resource_actions(text[], text) IS 'The canonical words of some actions of a resource; maintenance roles only.';
