/* SPDX-License-Identifier: BSD-3-Clause
 *
 * embed-bitcode.S -- puts FILE into a program as read-only data: NAME is its first byte,
 * NAME_size the 64-bit number of its bytes.
 */
#define GLUE_(a, b) a##b
#define GLUE(a, b)  GLUE_(a, b)
#define SIZE        GLUE(NAME, _size)

	.section .rodata
	.balign 8
	.globl NAME
	.hidden NAME
	.type NAME, @object
NAME:
	.incbin FILE
0:	.size NAME, 0b - NAME
	.balign 8
	.globl SIZE
	.hidden SIZE
	.type SIZE, @object
SIZE:	.quad 0b - NAME
	.size SIZE, 8
	.section .note.GNU-stack, "", @progbits
