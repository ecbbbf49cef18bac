#!/bin/bash
# Starts PostgreSQL with the contract of the official image: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB,
# POSTGRES_HOST_AUTH_METHOD, POSTGRES_INITDB_ARGS, each also as ..._FILE, and /docker-entrypoint-initdb.d.
set -euo pipefail

die() {
    echo "entrypoint: $*" >&2
    exit 1
}

case "${1:-}" in
    -*) set -- postgres "$@" ;;
    '') set -- postgres ;;
esac
[ "$1" = postgres ] || exec "$@"
for arg; do
    case "$arg" in
        -'?' | --help | --describe-config | -V | --version | -C) exec "$@" ;;
    esac
done

if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" /var/run/postgresql
    chmod 0700 "$PGDATA"
    chown -R postgres:postgres "$PGDATA" /var/run/postgresql
    export HOME=/var/lib/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
fi

for name in POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB POSTGRES_INITDB_ARGS; do
    file="${name}_FILE"
    if [ -n "${!file:-}" ]; then
        [ -z "${!name:-}" ] || die "both $name and $file are set"
        export "$name=$(<"${!file}")"
    fi
done

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    password=${POSTGRES_PASSWORD:-}
    method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    if [ -z "$password" ] && [ "$method" != trust ]; then
        die 'the superuser has no password: set POSTGRES_PASSWORD to a non-empty value, or POSTGRES_HOST_AUTH_METHOD=trust'
    fi
    pwfile=
    if [ -n "$password" ]; then
        pwfile=$(mktemp)
        printf '%s\n' "$password" >"$pwfile"
    fi
    eval 'initdb --username="$user" ${pwfile:+--pwfile="$pwfile"} '"${POSTGRES_INITDB_ARGS:-}"
    rm -f ${pwfile:+"$pwfile"}
    printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"

    shopt -s nullglob
    files=(/docker-entrypoint-initdb.d/*)
    if [ "$database" != postgres ] || [ ${#files[@]} -gt 0 ]; then
        # A first server that only this script can reach, so that nobody sees a half-made database.
        pg_ctl -D "$PGDATA" -o "${*:2} -c listen_addresses= -p 5432" -w start >/dev/null
        sql() { PGHOST='' PGPASSWORD=$password psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password -U "$user" "$@"; }
        if [ "$database" != postgres ]; then
            sql -d postgres --set db="$database" <<<'CREATE DATABASE :"db";'
        fi
        for file in "${files[@]}"; do
            echo "entrypoint: $file"
            case "$file" in
                *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
                *.sql) sql -d "$database" -f "$file" ;;
                *.sql.gz) gunzip -c "$file" | sql -d "$database" ;;
                *) echo "entrypoint: $file is ignored" ;;
            esac
        done
        pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null
    fi
    unset user database password method pwfile
fi
unset PGPASSWORD POSTGRES_PASSWORD

exec "$@"
