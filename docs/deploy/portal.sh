#!/bin/sh
# /usr/local/bin/portal: the portal's commands, as its user and with the settings of its services.
set -eu
set -a
. /etc/portal/portal.env
set +a
exec runuser -u portal -- /opt/portal/venv/bin/portal "$@"
