CREATE TABLE public.person (id bigint PRIMARY KEY, boss bigint);
CREATE TABLE public.team (id bigint PRIMARY KEY, maker bigint);
CREATE TABLE public.member (team_id bigint, person_id bigint, PRIMARY KEY (team_id, person_id));
GRANT SELECT, UPDATE ON public.person, public.team, public.member TO {{app}};
GRANT ALL ON public.person TO {{app_ro}};
GRANT TRUNCATE ON public.team TO PUBLIC;
GRANT REFERENCES ON public.team TO {{app}} WITH GRANT OPTION;
ALTER TABLE public.member ENABLE ROW LEVEL SECURITY;
