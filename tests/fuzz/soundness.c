/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Soundness: random and damaged programs by the million. What the verifier accepts the
 * interpreter never has to stop; what is compiled does the same; what the kernel says otherwise
 * is explained (causes.def).
 *
 * Programs are examined in a process of their own. When one of them takes it down, or keeps it
 * busy for too long, that is counted and the next process goes on behind it.
 */
#include <getopt.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "examine.h"

#define PATIENCE      60 /* seconds of processor time that a program may take */
#define LEAST_PERCENT 20 /* of all programs: what must be accepted */
#define LEAST_COUNT   1000

static const char usage[] =
	"usage: soundness [OPTION...] [OBJECT...]\n"
	"Examines random programs, and damaged ones of the objects.\n"
	"  -s SEED   (1)\n"
	"  -n COUNT  programs; those that the file of -f tells of included (1000)\n"
	"  -t TIME   stop after that many seconds\n"
	"  -c N      compile one in N of those accepted (50); 0: none\n"
	"  -k N      ask the kernel of one in N (50); 0: never\n"
	"  -f FILE   keep the totals there, and go on from those that are there\n"
	"  -i N      examine program N alone, and print all that is known of it\n"
	"  -b N      begin with program N\n";

static struct examiner examiner;
static uint64_t count = 1000, seconds;

/* The totals outlive the processes that count. NULL with a message. */
static struct totals *open_totals(const char *path)
{
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : -1;
	struct totals *t = MAP_FAILED;

	if (!path)
		t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			0);
	else if (fd >= 0 && !ftruncate(fd, sizeof(*t)))
		t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (t != MAP_FAILED)
		return t;
	perror(path ? path : "totals");
	return NULL;
}

/* Time runs only while the process does. */
static void set_patience(void)
{
	const struct itimerval limit = {.it_value.tv_sec = PATIENCE};

	setitimer(ITIMER_PROF, &limit, NULL);
}

static void count_all(void)
{
	struct totals *t = examiner.totals;
	time_t end = seconds ? time(NULL) + (time_t)seconds : 0;
	struct rusage used;

	for (; t->next < count; t->next++) {
		if (t->next % 64 == 0 && end && time(NULL) >= end)
			break;
		if (t->next % 16 == 0)
			set_patience();
		if (t->next % 1000000 == 0 && t->next)
			fprintf(stderr, "%" PRIu64 " programs, %" PRIu64 " accepted\n",
				totals__made(t), totals__accepted(t));
		examine(&examiner, t->next);
	}
	getrusage(RUSAGE_SELF, &used);
	if ((uint64_t)used.ru_maxrss > t->kilobytes)
		t->kilobytes = (uint64_t)used.ru_maxrss;
}

/* True if there is more to do: a program has put an end to the process. */
static bool count_in_process(void)
{
	struct totals *t = examiner.totals;
	int status = 0, signal;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		count_all();
		fflush(stdout);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror("fork");
		exit(2);
	}
	signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	if (signal == SIGTERM || signal == SIGINT || (!signal && !WEXITSTATUS(status)))
		return false;
	printf("program %" PRIu64 ": %s\n", t->next,
		signal == SIGPROF ? "hung"
		: signal          ? strsignal(signal)
				  : "exited");
	t->died++;
	t->next++;
	return true;
}

static int prepare(void)
{
	const char *reason = "";
	char *errmsg = NULL;

	if (run_machine__init(&examiner.machine, &generated_set, &errmsg)) {
		fprintf(stderr, "%s\n", errmsg ? errmsg : "no machine");
		return -1;
	}
	if (!examiner.ask_one_in)
		return 0;
	examiner.with_kernel = !run_kernel__permitted(&reason) &&
			       !run_kernel__init(&examiner.kernel, &generated_set, &reason);
	examiner.corpus.with_kernel = examiner.with_kernel;
	if (!examiner.with_kernel)
		printf("the kernel is not asked: %s\n", reason);
	return 0;
}

static int conclude(void)
{
	const struct totals *t = examiner.totals;

	totals__print(t);
	if (totals__made(t) >= LEAST_COUNT &&
		100 * totals__accepted(t) < LEAST_PERCENT * totals__made(t)) {
		printf("fewer than %d%% are accepted\n", LEAST_PERCENT);
		return 1;
	}
	return totals__failed(t) ? 1 : 0;
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	uint64_t seed = 1, first = 0, rates;
	bool one = false;
	int opt;

	examiner.compile_one_in = examiner.ask_one_in = 50;
	while ((opt = getopt(argc, argv, "s:n:t:c:k:f:i:b:")) != -1) {
		uint64_t n = optarg && opt != 'f' ? strtoull(optarg, NULL, 0) : 0;

		switch (opt) {
		case 's': seed = n; break;
		case 'n': count = n; break;
		case 't': seconds = n; break;
		case 'c': examiner.compile_one_in = (uint32_t)n; break;
		case 'k': examiner.ask_one_in = (uint32_t)n; break;
		case 'f': path = optarg; break;
		case 'i': one = true; /* fall through */
		case 'b': first = n; break;
		default: fputs(usage, stderr); return 2;
		}
	}
#ifndef HAVE_LLVM
	examiner.compile_one_in = 0;
#endif
	if (one) {
		examiner.compile_one_in = examiner.compile_one_in != 0;
		examiner.ask_one_in = 1;
	}
	/* A verification's memory is kept for the next one. */
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	examiner.totals = open_totals(path);
	if (!examiner.totals || prepare())
		return 2;
	for (; optind < argc; optind++)
		corpus__add(&examiner.corpus, argv[optind]);
	rates = (uint64_t)examiner.compile_one_in << 32 | examiner.ask_one_in;
	if (examiner.totals->seed && (examiner.totals->seed != seed)) {
		fprintf(stderr, "%s is of another seed\n", path);
		return 2;
	}
	examiner.totals->seed = seed;
	examiner.totals->rates = rates;
	if (first)
		examiner.totals->next = first;
	if (one) {
		examiner.verbose = true;
		examine(&examiner, first);
		return conclude();
	}
	while (count_in_process())
		;
	return conclude();
}
