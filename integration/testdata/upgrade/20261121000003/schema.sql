CREATE TABLE person (id bigint PRIMARY KEY, email text UNIQUE, boss bigint REFERENCES person, maker bigint REFERENCES person,
    active boolean NOT NULL DEFAULT true, root boolean NOT NULL DEFAULT false);
CREATE INDEX ON person (boss);
CREATE INDEX ON person (maker);
CREATE TABLE team (id bigint PRIMARY KEY, name text NOT NULL, creator bigint REFERENCES person, shared boolean NOT NULL DEFAULT false);
CREATE TABLE team_member (team bigint REFERENCES team, person bigint REFERENCES person, begins timestamptz, ends timestamptz, PRIMARY KEY (team, person));
CREATE TABLE note (id bigint PRIMARY KEY, owner bigint REFERENCES person, body text);
CREATE INDEX ON note (owner);
CREATE TABLE sale (id bigint, region text, owner bigint, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE sale_north PARTITION OF sale FOR VALUES IN ('north');
CREATE TABLE sale_south PARTITION OF sale FOR VALUES IN ('south');
INSERT INTO person (id, email, boss, root) VALUES (1, 'one@x', NULL, false), (2, 'two@x', 1, false), (3, 'three@x', 2, false), (4, 'four@x', NULL, false), (9, 'root@x', NULL, true);
INSERT INTO team VALUES (1, 'desk', 4, true);
INSERT INTO team_member VALUES (1, 3, now() - interval '1 day', NULL), (1, 4, NULL, NULL);
INSERT INTO note SELECT id, id, 'of ' || id FROM person;
INSERT INTO sale SELECT id, CASE WHEN id % 2 = 0 THEN 'north' ELSE 'south' END, id FROM person;
GRANT SELECT, INSERT, UPDATE, DELETE ON person, team, team_member, note, sale TO {{app}};
