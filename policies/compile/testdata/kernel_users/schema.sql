CREATE TABLE public.note (id uuid PRIMARY KEY, created_by_id uuid, team_id uuid, body text);
GRANT SELECT, INSERT, UPDATE, DELETE ON public.note TO {{app}};
