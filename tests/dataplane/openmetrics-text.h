/* SPDX-License-Identifier: BSD-3-Clause
 *
 * openmetrics-text.h -- reads OpenMetrics text (version 1.0.0) and is strict about it: whatever the
 * format forbids fails the test.
 */
#ifndef TESTS_OPENMETRICS_TEXT_H
#define TESTS_OPENMETRICS_TEXT_H

#include <stdbool.h>

#define OM_LABELS  8
#define OM_SAMPLES 4096

struct om_label {
	char name[64], value[256];
};

struct om_sample {
	char name[128], family[128], type[16];
	struct om_label label[OM_LABELS];
	unsigned n_labels;
	double value;
};

struct om_text {
	struct om_sample sample[OM_SAMPLES];
	unsigned n;
};

void om_text__parse(struct om_text *t, const char *text);

/* The one sample with that name and, among others, these labels: "port=a,verdict=drop". */
double om_text__value(const struct om_text *t, const char *name, const char *labels);

#endif
