# SPDX-License-Identifier: MIT
#
# bash completion of meetauthctl, for /usr/share/bash-completion/completions/meetauthctl. The program itself knows its commands
# and options.
_meetauthctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} line
	COMPREPLY=()
	while IFS= read -r line; do
		if [[ $line == file ]]; then
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
			return
		fi
		COMPREPLY+=("${line%%$'\t'*}")
	done < <("${COMP_WORDS[0]}" complete "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$cur" 2>/dev/null || { [[ $? != 1 ]] || echo file; })
}
complete -F _meetauthctl meetauthctl
