#!/usr/bin/env bash
# The proxy lab: nginx, haproxy and caddy in front of a service on 127.0.0.1, in a namespace with nothing but loopback.
#
#   proxies.sh up DIR     build the lab, wait until everything listens, write DIR/env
#   proxies.sh down DIR   stop what "up" started, also after a half-failed "up"
#   proxies.sh tools      say what is missing on this machine
#
# Needs root. Who connects to 203.0.113.X there comes from that very address, and the proxies go on from 127.0.0.1. The
# tests start the service: port 8080 takes headers, port 8081 the PROXY protocol.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lab/lib.bash
. "$here/lib.bash"

lab=proxies
needed=(
    ip:iproute2 openssl:openssl setsid:util-linux cksum:coreutils
    nginx:nginx-light :libnginx-mod-stream haproxy:haproxy caddy:caddy
)
namespaces=(px)
folders=(tls nginx caddy)

nginx_address=203.0.113.2
haproxy_address=203.0.113.3
caddy_address=203.0.113.4

nginx_files() {
    cat >"$dir/nginx/nginx.conf" <<EOF
daemon off;
worker_processes 1;
user root;
pid $dir/nginx/pid;
error_log stderr warn;
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path $dir/nginx/body;
    proxy_temp_path $dir/nginx/proxy;
    fastcgi_temp_path $dir/nginx/fastcgi;
    uwsgi_temp_path $dir/nginx/uwsgi;
    scgi_temp_path $dir/nginx/scgi;
    server {
        listen $nginx_address:80;
        location / {
            proxy_pass http://127.0.0.1:8080;
            proxy_http_version 1.1;
            proxy_set_header Host \$host;
            proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto \$scheme;
            proxy_set_header X-Real-IP \$remote_addr;
            # As the operator's guide has it: streams come through at once.
            proxy_buffering off;
        }
    }
}
stream {
    server {
        listen $nginx_address:81;
        proxy_pass 127.0.0.1:8081;
        proxy_protocol on;
    }
}
EOF
}

haproxy_files() {
    cat "$dir/tls/front.pem" "$dir/tls/front.key" >"$dir/tls/haproxy.pem"
    cat >"$dir/haproxy.cfg" <<EOF
global
    log stderr format raw daemon
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend headers
    bind $haproxy_address:80
    option forwardfor
    http-request set-header Forwarded for=%[src];proto=http
    use_backend plain
frontend chained
    bind $haproxy_address:82
    option forwardfor
    use_backend nginx
frontend tls
    bind $haproxy_address:443 ssl crt $dir/tls/haproxy.pem
    mode tcp
    use_backend proxied_tls
frontend relayed
    bind $haproxy_address:81
    mode tcp
    use_backend proxied
backend plain
    server service 127.0.0.1:8080
backend nginx
    server nginx $nginx_address:80
backend proxied
    mode tcp
    server service 127.0.0.1:8081 send-proxy-v2
backend proxied_tls
    mode tcp
    server service 127.0.0.1:8081 send-proxy-v2-ssl-cn proxy-v2-options ssl,cert-cn,ssl-cipher,authority
EOF
}

caddy_files() {
    cat >"$dir/caddy/Caddyfile" <<EOF
{
    admin off
    auto_https off
}
http://:80 {
    bind $caddy_address
    reverse_proxy 127.0.0.1:8080
}
EOF
}

build() {
    in_batch px <<EOF
addr add $nginx_address/32 dev lo
addr add $haproxy_address/32 dev lo
addr add $caddy_address/32 dev lo
EOF
    authority
    certificate front DNS:front.lab.test IP:$haproxy_address
    nginx_files
    haproxy_files
    caddy_files
    start nginx px nginx -c "$dir/nginx/nginx.conf" -e stderr
    start haproxy px haproxy -db -f "$dir/haproxy.cfg"
    start caddy px env XDG_DATA_HOME="$dir/caddy" XDG_CONFIG_HOME="$dir/caddy" \
        caddy run --config "$dir/caddy/Caddyfile" --adapter caddyfile
    wait_for nginx listens px $nginx_address 80
    wait_for haproxy listens px $haproxy_address 80
    wait_for caddy listens px $caddy_address 80
    publish <<EOF
CLIENT_NS=$(ns px)
NGINX=$nginx_address
HAPROXY=$haproxy_address
CADDY=$caddy_address
CA_FILE=$dir/tls/ca.pem
EOF
}

lab_main "$@"
