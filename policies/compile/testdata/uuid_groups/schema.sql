CREATE TABLE public.account (id uuid PRIMARY KEY, login text UNIQUE);
CREATE TABLE public.team (
    id uuid PRIMARY KEY, name text UNIQUE, made_by uuid REFERENCES public.account,
    open_members boolean, open_maker boolean
);
CREATE TABLE public.team_member (
    team_id uuid REFERENCES public.team, account_id uuid REFERENCES public.account,
    since timestamptz, upto timestamptz, PRIMARY KEY (team_id, account_id)
);
CREATE TABLE public.ticket (id uuid PRIMARY KEY, team_id uuid REFERENCES public.team);
GRANT SELECT, INSERT, UPDATE, DELETE ON public.ticket TO {{app}};
