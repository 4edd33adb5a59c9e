# SPDX-License-Identifier: MIT
#
# fish completion of meetauthctl, for /usr/share/fish/vendor_completions.d/meetauthctl.fish. The program itself knows its commands
# and options.
function __meetauthctl_complete
    set -l words (commandline -opc)
    set -l partial (commandline -ct)
    set -l lines ($words[1] complete $words[2..-1] "$partial" 2>/dev/null)
    if test $status = 1
        __fish_complete_path "$partial"
    else
        printf '%s\n' $lines
    end
end
complete -c meetauthctl -f -a '(__meetauthctl_complete)'
