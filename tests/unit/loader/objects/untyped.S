# SPDX-License-Identifier: BSD-3-Clause
#
# Functions as compilers of long ago wrote them: symbols without type and size, no BTF.
	.section xdp_old, "ax", @progbits
	.globl old_pass
old_pass:
	r0 = 2
	goto Llocal
Llocal:
	exit
	.globl old_drop
old_drop:
	r0 = 1
	exit
