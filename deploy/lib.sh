# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What deploy/demo and tests/run have in common. To be sourced; `top` is the folder of the sources.

packages_build=(gcc make autoconf automake libc6-dev pkg-config libfcgi-dev libcurl4-openssl-dev libjansson-dev
    libsodium-dev libuv1-dev libc-ares-dev libconfuse-dev liburiparser-dev liblmdb-dev libcjose-dev libldap-dev liboath-dev libqrencode-dev libcrypt-dev libssl-dev libexpat1-dev libhiredis-dev libseccomp-dev
    libunistring-dev libpam0g-dev)
packages_run=(nginx spawn-fcgi python3 curl openssl ca-certificates)

say() { printf '%s\n' "$*"; }

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

missing_packages() {
    local package
    for package; do
        dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || say "$package"
    done
}

# Installs what is missing; does not touch what is there. Services of new packages are not started:
# nginx would take port 80 of this machine.
install_packages() {
    local missing policy=/usr/sbin/policy-rc.d made=no status=0 log
    command -v dpkg-query >/dev/null || die "this needs Debian's package tools (dpkg, apt)"
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        die "these packages are missing, and only root can install them (run this as root, or install sudo): ${missing[*]}"
    say "Installing ${missing[*]}"
    log=$(mktemp)
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod 755 $policy
        made=yes
    fi
    { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends "${missing[@]}"; } </dev/null >"$log" 2>&1 || status=$?
    [ $made = no ] || as_root rm -f $policy
    [ $status = 0 ] || tail -20 "$log" >&2
    rm -f "$log"
    return $status
}

# build_tree FOLDER [configure's arguments]: builds in a folder outside the sources.
build_tree() {
    local folder=$1
    shift
    mkdir -p "$folder"
    [ -x "$top/configure" ] || (cd "$top" && autoreconf -i) || return 1
    (cd "$folder" && { [ -f config.status ] || "$top/configure" --quiet "$@"; } && make -s -j"$(nproc)")
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The first free port from a number on.
free_port() {
    local port
    for ((port = $1; port < $1 + 100; port++)); do
        if port_is_free "$port"; then
            say "$port"
            return
        fi
    done
    die "no free port between $1 and $port"
}
