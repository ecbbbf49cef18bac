CREATE TABLE public.person (id smallint PRIMARY KEY);
CREATE TABLE public.order_line (order_id integer, product_id text, owner smallint, PRIMARY KEY (order_id, product_id));
CREATE TABLE public.log_line (owner smallint, line text);
CREATE TABLE public.rate (day date PRIMARY KEY, owner smallint);
CREATE TABLE public.price (amount numeric PRIMARY KEY, owner smallint);
CREATE TABLE public.badge (id bigint PRIMARY KEY, number text UNIQUE, owner smallint);
GRANT SELECT, INSERT, UPDATE, DELETE ON public.order_line, public.log_line, public.rate, public.price, public.badge TO {{app}};
