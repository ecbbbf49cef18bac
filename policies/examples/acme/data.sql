-- Ten people, two groups and eleven notes.
--
--   olga            the boss
--   ├── mark        runs sales
--   │   ├── lena
--   │   ├── tom
--   │   └── paul    has left: inactive
--   └── rita        runs operations
--       └── nina
--   hugo            human resources: created the accounts of tom and nina
--   ivan            created the group of newcomers
--   audrey          auditor: an application superuser

INSERT INTO rls."user" (login, subject, name, is_active, is_superuser) VALUES
    ('olga',   'acme|olga',   'Olga Boss',        true,  false),
    ('mark',   'acme|mark',   'Mark Sales',       true,  false),
    ('lena',   'acme|lena',   'Lena Seller',      true,  false),
    ('tom',    'acme|tom',    'Tom Seller',       true,  false),
    ('paul',   'acme|paul',   'Paul Gone',        false, false),
    ('rita',   'acme|rita',   'Rita Operations',  true,  false),
    ('nina',   'acme|nina',   'Nina Planner',     true,  false),
    ('hugo',   'acme|hugo',   'Hugo Personnel',   true,  false),
    ('ivan',   'acme|ivan',   'Ivan Trainer',     true,  false),
    ('audrey', 'acme|audrey', 'Audrey Auditor',   true,  true);

-- Whoever supervises somebody sees them, and everybody below them.
UPDATE rls."user" AS u SET supervisor_id = s.id
FROM (VALUES ('mark', 'olga'), ('rita', 'olga'), ('lena', 'mark'), ('tom', 'mark'), ('paul', 'mark'), ('nina', 'rita')) AS v(who, boss)
JOIN rls."user" AS s ON s.login = v.boss
WHERE u.login = v.who;

-- Whoever created somebody's account sees them, whoever supervises them.
UPDATE rls."user" AS u SET created_by_id = s.id
FROM (VALUES ('tom', 'hugo'), ('nina', 'hugo')) AS v(who, creator)
JOIN rls."user" AS s ON s.login = v.creator
WHERE u.login = v.who;

-- The members of the fair see each other. Newcomers see who created their group, and not each other.
INSERT INTO rls."group" (name, created_by_id, share_members_visibility, share_creator_visibility)
SELECT v.name, u.id, v.members, v.creator
FROM (VALUES ('fair', 'olga', true, false), ('newcomers', 'ivan', false, true)) AS v(name, login, members, creator)
JOIN rls."user" AS u ON u.login = v.login;

INSERT INTO rls.group_member (group_id, user_id)
SELECT g.id, u.id
FROM (VALUES ('fair', 'lena'), ('fair', 'nina'), ('newcomers', 'tom'), ('newcomers', 'nina')) AS v(name, login)
JOIN rls."group" AS g ON g.name = v.name
JOIN rls."user" AS u ON u.login = v.login;

INSERT INTO public.note (created_by_id, title, body, status)
SELECT u.id, v.title, v.body, v.status
FROM (VALUES
    ( 1, 'olga',   'Budget of next year', 'Not for everybody yet.',        'draft'),
    ( 2, 'mark',   'Targets of sales',    'Ten per cent more.',            'published'),
    ( 3, 'lena',   'Call with Initech',   'They want a discount.',         'draft'),
    ( 4, 'lena',   'Stand at the fair',   'Ordered, not paid.',            'published'),
    ( 5, 'tom',    'Leads of March',      'Forty, half of them cold.',     'draft'),
    ( 6, 'paul',   'Handing over',        'Everything is on the drive.',   'published'),
    ( 7, 'rita',   'Shift plan',          'Sunday is open.',               'published'),
    ( 8, 'nina',   'Lorries for the fair','Two, from seven o''clock.',     'draft'),
    ( 9, 'hugo',   'Salaries',            'Between you and me.',           'draft'),
    (10, 'ivan',   'First day at ACME',   'Bring your badge.',             'published'),
    (11, 'audrey', 'Findings',            'None so far.',                  'draft')
) AS v(place, login, title, body, status)
JOIN rls."user" AS u ON u.login = v.login
ORDER BY v.place;
