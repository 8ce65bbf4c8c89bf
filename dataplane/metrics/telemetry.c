/* SPDX-License-Identifier: BSD-3-Clause
 *
 * telemetry.c -- from the walk over all metrics, those of one port, program or worker: values whose
 * first label is that.
 */
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <rte_telemetry.h>
#include <rte_version.h>

#include "metrics/metrics.h"
#include "metrics/telemetry.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct dataplane *served; /* under the lock */

struct answer {
	struct rte_tel_data *data;
	const char *group; /* the first label's name */
	const char *name;  /* and its value; NULL: whatever it is */
	struct answer_item {
		char key[RTE_TEL_MAX_STRING_LEN];
		uint64_t value;
	} item[RTE_TEL_MAX_DICT_ENTRIES];
	unsigned n;
};

/* DPDK takes letters, digits, _ and / in keys. */
static void append(char *key, size_t size, const char *text)
{
	size_t len = strlen(key);

	for (; *text && len + 1 < size; text++)
		key[len++] = isalnum((unsigned char)*text) || *text == '/' ? *text : '_';
	key[len] = '\0';
}

static void add_item(struct answer *a, const char *key, uint64_t value)
{
	for (unsigned i = 0; i < a->n; i++) {
		if (!strcmp(a->item[i].key, key)) {
			a->item[i].value += value;
			return;
		}
	}
	if (a->n < RTE_TEL_MAX_DICT_ENTRIES) {
		snprintf(a->item[a->n].key, sizeof(a->item[a->n].key), "%s", key);
		a->item[a->n++].value = value;
	}
}

/* What there is to say of it beside its name, as text. */
static void add_info(struct answer *a, const struct metric_sample *s)
{
	for (unsigned i = 1; i < s->n_labels; i++)
		rte_tel_data_add_dict_string(a->data, s->label[i].name, s->label[i].value);
}

static void take_value(void *user, const struct metric *m, const struct metric_sample *s)
{
	char key[RTE_TEL_MAX_STRING_LEN] = "";
	struct answer *a = user;

	if (!s->n_labels || strcmp(s->label[0].name, a->group) ||
		strcmp(s->label[0].value, a->name) || (s->part && !strcmp(s->part, "bucket")))
		return;
	if (m->type == METRIC_INFO) {
		add_info(a, s);
		return;
	}
	append(key, sizeof(key), m->name);
	if (s->part) {
		append(key, sizeof(key), "_");
		append(key, sizeof(key), s->part);
	}
	if (m->unit == METRIC_SECONDS && (!s->part || !strcmp(s->part, "sum")))
		append(key, sizeof(key), "_ns");
	for (unsigned i = 1; i < s->n_labels; i++) {
		if (!strcmp(s->label[i].name, "queue") || !strcmp(s->label[i].name, "type"))
			continue;
		append(key, sizeof(key), "/");
		append(key, sizeof(key), s->label[i].value);
	}
	add_item(a, key, s->value);
}

/* Names come in runs, the first family of a group first: so each is listed once. */
static void take_name(void *user, const struct metric *m, const struct metric_sample *s)
{
	struct answer *a = user;

	if (!s->n_labels || strcmp(s->label[0].name, a->group))
		return;
	for (unsigned i = 0; i < a->n; i++)
		if (!strcmp(a->item[i].key, s->label[0].value))
			return;
	add_item(a, s->label[0].value, 0);
}

static void add_value(struct rte_tel_data *data, const struct answer_item *item)
{
#if RTE_VERSION >= RTE_VERSION_NUM(23, 3, 0, 0)
	rte_tel_data_add_dict_uint(data, item->key, item->value);
#else
	rte_tel_data_add_dict_u64(data, item->key, item->value);
#endif
}

static int list_names(struct answer *a)
{
	static const struct metrics_visitor visitor = {.sample = take_name};

	rte_tel_data_start_array(a->data, RTE_TEL_STRING_VAL);
	metrics__walk(served, &visitor, a);
	for (unsigned i = 0; i < a->n; i++)
		rte_tel_data_add_array_string(a->data, a->item[i].key);
	return 0;
}

static int list_values(struct answer *a)
{
	static const struct metrics_visitor visitor = {.sample = take_value};

	rte_tel_data_start_dict(a->data);
	metrics__walk(served, &visitor, a);
	for (unsigned i = 0; i < a->n; i++)
		add_value(a->data, &a->item[i]);
	return a->n ? 0 : -ENOENT;
}

/* cmd: "/xdpk/GROUP" */
static int answer(const char *cmd, const char *params, struct rte_tel_data *data)
{
	static struct answer a; /* under the lock */
	int err = -ENODEV;

	pthread_mutex_lock(&lock);
	a = (struct answer){.data = data, .group = strrchr(cmd, '/') + 1, .name = params};
	if (served)
		err = params && *params ? list_values(&a) : list_names(&a);
	pthread_mutex_unlock(&lock);
	return err;
}

static void register_commands(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	rte_telemetry_register_cmd("/xdpk/port", answer,
		"Lists ports, or all that is measured of one. Parameters: none, or a port's name");
	rte_telemetry_register_cmd("/xdpk/prog", answer,
		"Lists programs, or all that is measured of one. Parameters: none, or a program's "
		"name");
	rte_telemetry_register_cmd("/xdpk/worker", answer,
		"Lists workers, or all that is measured of one. Parameters: none, or a worker's "
		"number");
}

void telemetry__serve(struct dataplane *dp)
{
	pthread_mutex_lock(&lock);
	register_commands();
	served = dp;
	pthread_mutex_unlock(&lock);
}
