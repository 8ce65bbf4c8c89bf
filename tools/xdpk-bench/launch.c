/* SPDX-License-Identifier: BSD-3-Clause
 *
 * launch.c -- see launch.h.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch.h"

#define FAILED 2

#define N_LAST 4

/* What makes it a launch of one comes last, and so counts. */
static void become(char *const *argv, int output)
{
	static char last[N_LAST][16] = {"--launches=1", "--json", "--limit=inf", "--svg=/dev/null"};
	size_t n = 0;
	char **args;

	while (argv[n])
		n++;
	args = calloc(n + N_LAST + 1, sizeof(*args));
	if (!args || dup2(output, STDOUT_FILENO) < 0)
		_exit(FAILED);
	memcpy(args, argv, n * sizeof(*args));
	for (size_t i = 0; i < N_LAST; i++)
		args[n + i] = last[i];
	execv("/proc/self/exe", args);
	_exit(FAILED);
}

static int launch(char *const *argv, struct figures *out)
{
	int ends[2], status, err;
	pid_t pid;
	FILE *f;

	if (pipe(ends))
		return FAILED;
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		become(argv, ends[1]);
	}
	close(ends[1]);
	f = pid < 0 ? NULL : fdopen(ends[0], "r");
	err = f ? figures__read(out, f) : -1;
	if (f)
		fclose(f);
	else
		close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return FAILED;
	return WEXITSTATUS(status) ? WEXITSTATUS(status) : err ? FAILED : 0;
}

int launch__all(char *const *argv, uint32_t launches, struct figures *out)
{
	struct figures *each = calloc(launches, sizeof(*each));
	int err = each ? 0 : FAILED;

	for (uint32_t i = 0; i < launches && !err; i++) {
		fprintf(stderr, "launch %u of %u\n", i + 1, launches);
		err = launch(argv, &each[i]);
	}
	if (!err)
		figures__merge(out, each, launches);
	free(each);
	return err;
}
