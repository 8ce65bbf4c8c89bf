# SPDX-License-Identifier: BSD-3-Clause
#
# Completion for the tools that have a command line of their own: what they take is what their --help
# says. xdpkctl, whose commands a running xdpk knows, prints its own.

# The words in the first column of --help: of options those that begin with --.
_xdpk_options()
{
	sed -nE 's/^ +(-[[:alnum:]], )?(--[a-z-]+).*/\2/p; s/^ +(-[[:alnum:]])( .*|$)/\1/p'
}

_xdpk_tool()
{
	local tool=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local help words=

	COMPREPLY=()
	help=$("$tool" --help 2>/dev/null) || return
	if [[ ${tool##*/} = xdpk-vm ]]; then
		if ((COMP_CWORD == 1)); then
			words=$(sed -nE 's/^  ([a-z]+) .*/\1/p' <<<"$help")
		else
			help=$("$tool" "${COMP_WORDS[1]}" --help 2>/dev/null) || return
		fi
	elif [[ ${tool##*/}:$before = xdpk-replay:@(-e|--engine) ]]; then
		words="all $(sed -nE '/^Engines:/,$s/^  ([a-z-]+) .*/\1/p' <<<"$help")"
	fi
	[[ $word != -* ]] || words=$(_xdpk_options <<<"$help")
	COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _xdpk_tool xdpk xdpk-replay xdpk-vm
