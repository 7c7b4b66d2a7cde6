#!/bin/sh
# A backend for the benchmark of the balancers: nginx with one page of a kilobyte, on port $1, until it is told to end.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
page=$(head -c 1024 /dev/zero | tr '\0' 'x')
cat >"$work/nginx.conf" <<CONF
daemon off;
worker_processes 1;
pid $work/pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 100000000;
  server {
    listen 127.0.0.1:$1;
    location / { return 200 "$page"; }
  }
}
CONF
nginx -p "$work" -c "$work/nginx.conf" &
trap 'kill $!; wait $!; rm -rf "$work"; exit 0' TERM INT
wait $!
