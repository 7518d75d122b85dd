#!/bin/sh
# databases.sh fr de support: databases and roles for these, with new passwords in /etc/portal/pgpass.
# As root, on PostgreSQL's machine. Run again it keeps the data, and replaces the passwords.
set -eu
here=$(dirname "$0")
passwords=/etc/portal/pgpass

keep() { # the password of a role, instead of an older one
    sed -i "/^[^:]*:[^:]*:[^:]*:$1:/d" "$passwords"
    echo "127.0.0.1:5432:*:$1:$password" >> "$passwords"
}

touch "$passwords"
chown portal "$passwords"
chmod 600 "$passwords"
for name in "$@"; do
    password=$(python3 -c "import secrets; print(secrets.token_hex(24))")
    runuser -l postgres -c "psql -q -v name=$name -v password=$password" < "$here/database.sql"
    keep "portal_$name"
    [ "$name" = support ] && continue
    runuser -l postgres -c "psql -q -v name=$name -v password=$password" < "$here/support-roles.sql"
    keep "portal_${name}_look"
    keep "portal_${name}_act"
done
