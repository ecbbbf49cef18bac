CREATE TABLE public.person (id integer PRIMARY KEY, boss integer, maker integer, mentor integer);
CREATE TABLE public.deputy (deputy_id integer, employee_id integer);
CREATE TABLE public.ward (doctor smallint, patient integer);
CREATE TABLE public.chart (id integer PRIMARY KEY, patient integer);
GRANT SELECT ON public.chart TO {{app}};
