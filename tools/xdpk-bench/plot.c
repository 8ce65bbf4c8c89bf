/* SPDX-License-Identifier: BSD-3-Clause
 *
 * plot.c -- figures as a plot.
 */
#include "figures.h"

void report__svg(FILE *out, const struct figures *f, const struct run_facts *run)
{
}
