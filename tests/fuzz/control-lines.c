/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-lines.c -- libFuzzer target: any text as control lines about an object. Whatever they
 * say is done or refused in one sentence.
 */
#include <stdlib.h>
#include <string.h>

#include <control.h>

#include "fuzzed-object.h"

#define MOST_LINE 400

static const struct fuzzed *about;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_line(const char *line)
{
	struct control_context c = {.tables = control__loader_tables,
		.instance = about->instance,
		.object = about->object,
		.role = CONTROL_OPERATOR};
	char *err = NULL;
	int status = control__run_line(&c, line, &err);

	control__free_row(&c);
	if (!status)
		return;
	if (!err || !*err || strchr(err, '\n'))
		abort();
	free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end_of_data = data + size;
	char line[MOST_LINE];

	about = fuzzed__next();
	while (data < end_of_data) {
		const uint8_t *newline = memchr(data, '\n', (size_t)(end_of_data - data));
		size_t len = (size_t)((newline ? newline : end_of_data) - data);

		if (len < sizeof(line)) {
			memcpy(line, data, len);
			line[len] = '\0';
			run_line(line);
		}
		data += len + 1;
	}
	return 0;
}
