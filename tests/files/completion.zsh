# SPDX-License-Identifier: GPL-3.0-or-later
# Says what the zsh completion offers for a command line whose last word is being typed: zsh -f completion.zsh FILE WORD…
setopt extendedglob
_call_program() { shift; eval "$*" }
_describe() { local -a shown=(${(P)4}); print -l -- $shown }
_arguments() { print -l -- ${@:#-[sS]} }
_files() { print FILES }
file=$1; shift
words=("$@") CURRENT=$# service=$1
eval "${$(<$file)//_kindlingctl \"\$@\"/}"
_kindlingctl
