CREATE SCHEMA hr;
CREATE TABLE hr.employees (
    employee_id bigint PRIMARY KEY,
    email text NOT NULL UNIQUE,
    sso_sub text UNIQUE,
    title text NOT NULL,
    ended_on date,
    is_hr boolean NOT NULL DEFAULT false,
    reports_to bigint REFERENCES hr.employees,
    created_by bigint REFERENCES hr.employees
);
CREATE TABLE hr.leave_request (
    id bigint PRIMARY KEY,
    employee_id bigint NOT NULL REFERENCES hr.employees,
    days integer NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON hr.leave_request TO {{app}};
