/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control-lines.c -- libFuzzer target: any text as control lines about an object. Whatever they
 * say is done or refused in one sentence.
 *
 * The object is named by XDPK_FUZZ_OBJECT.
 */
#include <stdlib.h>
#include <string.h>

#include <control.h>

#define MOST_LINE  400
#define MAP_MEMORY (1 << 26)
#define INPUTS     500 /* what lines have made is thrown away after so many */

static struct ebpf_instance *inst;
static struct object *obj;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void begin(void)
{
	const char *path = getenv("XDPK_FUZZ_OBJECT");

	inst = ebpf_instance__create(
		&(struct ebpf_instance_opts){.workers = 2, .map_memory = MAP_MEMORY}, NULL);
	obj = inst && path ? object__open(path, NULL) : NULL;
	if (!obj || object__create_maps(obj, inst, NULL))
		abort();
}

static void end(void)
{
	object__close(obj);
	ebpf_instance__destroy(inst);
	obj = NULL;
}

static void run_line(const char *line)
{
	struct control_context c = {.tables = control__loader_tables,
		.instance = inst,
		.object = obj,
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
	static unsigned n;
	const uint8_t *end_of_data = data + size;
	char line[MOST_LINE];

	if (!obj)
		begin();
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
	if (++n % INPUTS == 0)
		end();
	return 0;
}
