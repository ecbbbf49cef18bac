CREATE TABLE public.person (code varchar(20) PRIMARY KEY, boss varchar(20) REFERENCES public.person);
CREATE TABLE public.club (code varchar(8) PRIMARY KEY, maker text);
CREATE TABLE public.club_member (club varchar(8), person text);
CREATE TABLE public.memo (code varchar(40) PRIMARY KEY, author varchar(20), club varchar(8));
GRANT SELECT, INSERT, UPDATE, DELETE ON public.memo TO {{app}};
