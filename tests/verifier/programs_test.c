/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Programs in assembler text that must be accepted, or rejected for a reason; the running
 * kernel, where it may be asked, must accept those that we accept.
 *
 *	== name
 *	accept | reject WORDS OF THE REASON | reject-here WORDS
 *	text
 *
 * Lines with # are comments. reject-here is what Linux, which has more helpers, may accept. A
 * kernel function is called by its name: call kfunc bpf_dynptr_size.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isa/isa.h"
#include "runtime/helpers.h"
#include "subject.h"

struct test_program {
	char name[128], expected[256];
	char text[8192];
};

struct score {
	uint32_t run, failed, asked;
};

static bool passes(const struct test_program *t, const struct ebpf_insn *insns, uint32_t n)
{
	struct verifier_result res;
	int err = subject__verify(insns, n, &res);
	bool accept = !strcmp(t->expected, "accept"), ok;
	const char *words = strchr(t->expected, ' ');

	if (accept)
		ok = !err;
	else
		ok = err && res.reason && words && strstr(res.reason, words + 1);
	if (!ok)
		printf("%s: expected \"%s\", got %s\n%s\n", t->name, t->expected,
			err ? res.reason : "accepted", res.log ? res.log : "");
	if (!err && !res.facts.insn)
		ok = false;
	verifier__release(&res);
	return ok;
}

/* False if the kernel rejects what must be accepted. The other way round a newer kernel may have
 * learnt something: that is only said. */
static bool kernel_agrees(const struct test_program *t, const struct ebpf_insn *insns, uint32_t n)
{
	static char log[1 << 16];
	bool accept = !strcmp(t->expected, "accept");
	int err = subject__kernel_verify(insns, n, NULL, 0);

	if (accept == !err || !strncmp(t->expected, "reject-here", 11))
		return true;
	if (!accept) {
		printf("%s: expected \"%s\", but the kernel accepts it\n", t->name, t->expected);
		return true;
	}
	subject__kernel_verify(insns, n, log, sizeof(log));
	printf("%s: must be accepted, but the kernel says %d\n%s\n", t->name, err, log);
	return false;
}

/* A line, with the number that the machine has for a kernel function in the place of its name. */
static void add_line(struct test_program *t, const char *line)
{
	const char *name = strstr(line, "call kfunc ");
	size_t used = strlen(t->text), left = sizeof(t->text) - used;
	char word[64];

	if (name && sscanf(name, "call kfunc %63s", word) == 1)
		snprintf(t->text + used, left, "\tcall kfunc %u\n", kfunc__find(word));
	else
		snprintf(t->text + used, left, "%s", line);
}

static void run(const struct test_program *t, struct score *score)
{
	struct ebpf_insn *insns;
	char *errmsg;
	uint32_t n;
	bool ok;

	if (isa__assemble(t->text, &insns, &n, &errmsg)) {
		printf("%s: %s\n", t->name, errmsg);
		free(errmsg);
		score->failed++;
		return;
	}
	ok = passes(t, insns, n);
	if (subject__kernel_permitted()) {
		score->asked++;
		ok = kernel_agrees(t, insns, n) && ok;
	}
	score->run++;
	score->failed += !ok;
	free(insns);
}

static bool read_programs(const char *path, struct score *score)
{
	struct test_program t = {0};
	FILE *f = fopen(path, "r");
	char line[512];

	if (!f) {
		printf("%s: %s\n", path, strerror(errno));
		return false;
	}
	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '#')
			continue;
		if (!strncmp(line, "== ", 3)) {
			if (t.name[0])
				run(&t, score);
			t = (struct test_program){0};
			snprintf(t.name, sizeof(t.name), "%.*s", (int)strcspn(line + 3, "\n"),
				line + 3);
		} else if (!t.expected[0]) {
			snprintf(t.expected, sizeof(t.expected), "%.*s", (int)strcspn(line, "\n"),
				line);
		} else {
			add_line(&t, line);
		}
	}
	if (t.name[0])
		run(&t, score);
	fclose(f);
	return true;
}

int main(int argc, char **argv)
{
	struct score score = {0};
	bool ok = argc > 1;

	for (int i = 1; i < argc; i++)
		ok &= read_programs(argv[i], &score);
	printf("%u programs, %u of them given to the kernel too, %u wrong\n", score.run,
		score.asked, score.failed);
	return ok && score.run && !score.failed ? 0 : 1;
}
