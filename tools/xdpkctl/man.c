/* SPDX-License-Identifier: BSD-3-Clause
 *
 * man.c -- the manual page, xdpkctl(1), in man(7)'s macros.
 */
#include <stdio.h>
#include <string.h>

#include "own.h"
#include "specs.h"

static const char before[] =
	".TH XDPKCTL 1 \"2026-11-23\" \"xdpk " XDPK_VERSION "\"\n"
	".SH NAME\n"
	"xdpkctl \\- control a running xdpk\n"
	".SH SYNOPSIS\n"
	".B xdpkctl\n"
	"[\\fIoptions\\fR] \\fIcommand\\fR ...\n"
	".SH DESCRIPTION\n"
	"Sends a line to a running\n"
	".BR xdpk ,\n"
	"which runs XDP programs on DPDK ports, and prints what it answers: a table that fits the\n"
	"terminal, or JSON. The same lines can stand in a file for\n"
	".BR \"xdpk \\-\\-config\" .\n"
	".PP\n"
	"CAPITALS are to be filled in. FILE is a file to read and OUT one to write;\n"
	".B \\-\n"
	"is the standard input or output. Files are opened by xdpkctl; xdpk is handed "
	"descriptors.\n"
	"MAP is a map's name, PROG/NAME where several programs have one of that name, or\n"
	".B id\n"
	"and its number. PORT is a port's name or its slot.\n"
	".PP\n"
	"White space in a word is kept by quotation marks, and in a word that begins with { or [,\n"
	"which is JSON.\n"
	".SH OPTIONS\n"
	".TP\n"
	"\\fB\\-s\\fR, \\fB\\-\\-socket\\fR \\fIPATH\\fR\n"
	"where xdpk listens\n"
	".TP\n"
	"\\fB\\-j\\fR, \\fB\\-\\-json\\fR\n"
	"print JSON, errors too: {\"error\": ..., \"errno\": ...}\n"
	".TP\n"
	"\\fB\\-p\\fR, \\fB\\-\\-pretty\\fR\n"
	"the same, indented\n"
	".SH COMMANDS\n";

static const char after[] =
	".SH EXIT STATUS\n"
	".TP\n0\ndone\n"
	".TP\n1\nxdpk refuses it, and says why\n"
	".TP\n2\nthere is no such command or option, or a file cannot be opened\n"
	".TP\n3\nno xdpk is there\n"
	".SH ENVIRONMENT\n"
	".TP\n.B XDPK_SOCKET\nwhere xdpk listens\n"
	".SH FILES\n"
	".TP\n.I /run/xdpk/control.sock\nwhere root's xdpk listens\n"
	".TP\n.I $XDG_RUNTIME_DIR/xdpk/control.sock\nwhere other users' do\n"
	".SH SECURITY\n"
	"The user that xdpk runs as and root may do everything. A group named by\n"
	".B xdpk \\-\\-readers\n"
	"may connect, too, and run what changes nothing: those without a * above.\n";

/* Hyphens are typed, dots at the beginning of a line are no requests. */
static void print_text(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text; text++) {
		if (*text == '-' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

static void print_command(const struct control_spec *s)
{
	printf(".TP\n\\fB");
	print_text(s->words);
	printf("\\fR ");
	print_text(s->args);
	printf("%s\n", s->role == CONTROL_OPERATOR ? " *" : "");
	print_text(s->summary);
	putchar('\n');
}

enum exit_status own__man(const struct ctl *ctl, struct control_words *args)
{
	fputs(before, stdout);
	for (const struct control_spec *s = specs; s->words; s++)
		print_command(s);
	fputs(after, stdout);
	return EXIT_DONE;
}
