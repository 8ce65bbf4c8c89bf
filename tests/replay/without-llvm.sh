#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# without-llvm.sh SOURCE FOLDER STAMP: builds in FOLDER, without LLVM, what is to run images.
set -eu
[ -e "$2/build.ninja" ] ||
	meson setup "$2" "$1" -Dllvm=disabled -Ddpdk=disabled -Dbench=false >/dev/null
ninja -C "$2" --quiet tools/xdpk-replay/xdpk-replay tools/xdpk-vm/xdpk-vm
touch "$3"
