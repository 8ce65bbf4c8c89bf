/* SPDX-License-Identifier: BSD-3-Clause
 *
 * expect.c -- reads, checks and writes expectations.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "core/error.h"
#include "expect.h"
#include "hex.h"
#include "report.h"
#include "verdict.h"

static int parse_bytes(struct expectation *e, const char *text, char **errmsg)
{
	size_t digits = text ? strlen(text) : 0;
	ssize_t n;

	if (!text)
		return 0;
	if (strcmp(text, "=") == 0) {
		e->kind = EXPECT_SAME;
		return 0;
	}
	e->bytes = malloc(digits / 2 + 1);
	if (!e->bytes)
		return error__set(errmsg, -ENOMEM, "no memory");
	n = hex__parse(text, digits, e->bytes, digits / 2);
	if (n < 0)
		return error__set(
			errmsg, -EINVAL, "'%.40s' is neither = nor a packet in hex", text);
	e->kind = EXPECT_GIVEN;
	e->len = n;
	return 0;
}

/* Changes the line. */
static int parse_line(struct expect *x, char *line, char **errmsg)
{
	const char *blanks = " \t\r\n";
	char *rest, *number, *verdict, *bytes, *end;
	struct expectation *e;
	unsigned long i;

	line[strcspn(line, "#")] = '\0';
	number = strtok_r(line, blanks, &rest);
	if (!number)
		return 0;
	verdict = strtok_r(NULL, blanks, &rest);
	bytes = strtok_r(NULL, blanks, &rest);
	i = strtoul(number, &end, 10);
	if (*end || *number == '-' || i < 1)
		return error__set(errmsg, -EINVAL, "'%.40s' is not a packet's number", number);
	if (i > x->n)
		return error__set(
			errmsg, -EINVAL, "packet %lu is beyond the capture's %zu", i, x->n);
	e = &x->of[i - 1];
	if (e->present)
		return error__set(errmsg, -EINVAL, "packet %lu has a line already", i);
	if (!verdict || !verdict__parse(verdict, strlen(verdict), &e->verdict))
		return error__set(
			errmsg, -EINVAL, "'%.40s' is not a verdict", verdict ? verdict : "");
	if (strtok_r(NULL, blanks, &rest))
		return error__set(errmsg, -EINVAL, "more than a number, a verdict and bytes");
	e->present = true;
	return parse_bytes(e, bytes, errmsg);
}

int expect__load(struct expect *x, const char *path, size_t n_packets, char **errmsg)
{
	FILE *f = fopen(path, "r");
	unsigned number = 0;
	char *line = NULL;
	size_t room = 0;
	int err = 0;

	*x = (struct expect){.of = calloc(n_packets + 1, sizeof(*x->of)), .n = n_packets};
	if (!f || !x->of)
		err = error__set(
			errmsg, f ? -ENOMEM : -errno, "%s: %s", path, strerror(f ? ENOMEM : errno));
	while (!err && getline(&line, &room, f) >= 0) {
		number++;
		err = parse_line(x, line, errmsg);
		if (err)
			error__prefix(errmsg, "%s:%u", path, number);
	}
	free(line);
	if (f)
		fclose(f);
	if (err)
		expect__free(x);
	return err;
}

void expect__free(struct expect *x)
{
	for (size_t i = 0; x->of && i < x->n; i++)
		free(x->of[i].bytes);
	free(x->of);
	*x = (struct expect){0};
}

void expect__check(const struct expect *x, const struct capture_packet *in,
	const struct engine *engine, const struct engine_result *out, json_t *report)
{
	const struct expectation *e = &x->of[in->number - 1];
	struct packet_state want = {.verdict = e->verdict, .len = e->len, .bytes = e->bytes};
	struct packet_state got = {
		.verdict = out->verdict, .len = out->len, .bytes = out->bytes + out->meta_len};

	if (!e->present)
		return;
	if (e->kind == EXPECT_SAME) {
		want.len = in->len;
		want.bytes = in->data;
	} else if (e->kind == EXPECT_ANY) {
		want.len = got.len;
		want.bytes = got.bytes;
	}
	compare__packets(report, in->number, engine->name, &got, "expected", &want);
}

void expect__write_line(FILE *to, const struct capture_packet *in, const struct engine_result *out)
{
	const uint8_t *bytes = out->bytes + out->meta_len;
	char buf[16];

	fprintf(to, "%u %s ", in->number, verdict__name(out->verdict, buf));
	if (out->len == in->len && memcmp(bytes, in->data, in->len) == 0) {
		fputs("=\n", to);
		return;
	}
	for (uint32_t i = 0; i < out->len; i++)
		fprintf(to, "%02x", bytes[i]);
	fputc('\n', to);
}
