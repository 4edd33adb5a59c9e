#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A backend in shell, as meetauth-command(7) has it. Its argument is a file with a line for each user:
#
#   NAME:HASH:DISPLAY NAME:E-MAIL:GROUP,GROUP
#
# HASH is what "openssl passwd -6" prints. Nobody but meetauth needs to read the file.
# shellcheck disable=SC2016 # the dollars of hashes are no variables
set -eu
users=$1

# The question. A value reaches to the end of its line; the blanks of a password are part of it.
request='' user='' password=''
while IFS= read -r line; do
	case $line in
	"request "*) request=${line#* } ;;
	"user "*) user=${line#* } ;;
	"password "*) password=${line#* } ;;
	end) break ;;
	esac
done

say() {
	printf 'meetauth 1\n'
	printf '%s\n' "$@" end
	exit
}

find_user() {
	while IFS=: read -r name hash display email groups || [ -n "$name" ]; do
		[ "$name" != "$user" ] || return 0
	done <"$users"
	return 1
}

# Compares with a hash of the same salt. printf is part of the shell, so the password is in no
# command line; openssl would cut off what is longer.
verify() {
	salt=${hash#\$6\$}
	[ ${#password} -le 256 ] &&
		[ "$(printf '%s\n' "$password" | openssl passwd -6 -salt "${salt%%\$*}" -stdin)" = "$hash" ]
}

grant() {
	set -- "grant $name" "name $display" "email $email"
	while [ -n "$groups" ]; do
		set -- "$@" "group ${groups%%,*}"
		case $groups in
		*,*) groups=${groups#*,} ;;
		*) groups='' ;;
		esac
	done
	say "$@"
}

[ -r "$users" ] || say "unavailable $users cannot be read"
case $request in
login)
	if ! find_user; then
		hash='$6$nobody$' # takes as long as for somebody
		verify || say unknown
	fi
	case $hash in
	'$6$'?*'$'?*) if verify; then grant; fi ;;
	esac
	say deny
	;;
renew) if find_user; then grant; else say deny; fi ;;
check) say ready ;;
*) say unknown-request ;;
esac
