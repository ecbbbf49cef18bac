CREATE SCHEMA "Sch""ema; DROP";
CREATE TABLE "Sch""ema; DROP"."x""; DROP TABLE y; --" (
    "select" bigint PRIMARY KEY,
    "user" bigint,
    "'; --" text UNIQUE,
    "Mixed Case" boolean
);
CREATE TABLE public."user" (
    "order""; --" bigint, "$rls$" text, "Owner's" bigint, "{{app}}\" bigint,
    PRIMARY KEY ("order""; --", "$rls$")
);
GRANT SELECT, INSERT, UPDATE, DELETE ON public."user" TO {{app}};
