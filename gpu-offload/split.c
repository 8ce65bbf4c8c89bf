/* SPDX-License-Identifier: BSD-3-Clause
 *
 * split.c -- learn what the ways take, and choose the share.
 */
#include "split.h"

/* Fewer packets tell nothing of what one takes, unless they took so long. */
#define ENOUGH    64
#define ENOUGH_NS (SPLIT_SLOT_NS / 4)

/* Work that took so long, and so many times longer than the work before it: somebody else had the
 * CPU. */
#define STOLEN_NS    100000
#define STOLEN_TIMES 8

/* The other way is tried for one part of so many of the time, with so many packets where they are
 * judged at once and with a batch where they go; and not for longer, whatever comes back. */
#define TRY_EVERY  64
#define TRY_DIRECT 512
#define TRY_NS     (16 * (uint64_t)SPLIT_SLOT_NS)

/* Of the worker's time, judging everything alone: the device is needed above the one, and no longer
 * below the other. */
#define NEEDED_FROM 0.7
#define NEEDED_TO   0.5

/* What a change must bring at least. */
#define WORTH_WHILE 1.03
/* And both sides together: while the worker judges a burst itself, a fast device runs dry. */
#define WORTH_MIXING 1.1

/* Under way, whatever the deadline says: a burst and the next. */
#define LEAST_AWAY 128

/* Of packets that went, one of so many may be late. */
#define LATE_OF 64

const char *const split_mode__text[] = {
	[SPLIT_AUTO] = "auto", [SPLIT_CPU] = "cpu", [SPLIT_GPU] = "gpu"};

void split__init(struct split *s, enum split_mode mode, uint32_t batch, uint64_t deadline_ns)
{
	*s = (struct split){.mode = mode,
		.batch = batch,
		.deadline_ns = deadline_ns,
		.share = mode == SPLIT_GPU ? SPLIT_ALL : 0,
		.limit = UINT32_MAX,
		.most = SPLIT_ALL};
}

bool split__goes(struct split *s, uint32_t n)
{
	if (s->trying && s->share) {
		bool goes = s->quota;

		s->quota = s->quota > n ? s->quota - n : 0;
		return goes;
	}
	s->credit += n * s->share;
	if (s->credit < n * SPLIT_ALL)
		return false;
	s->credit -= n * SPLIT_ALL;
	return true;
}

static uint64_t count(const struct split_slot *slot)
{
	return slot->direct.packets + slot->turn.packets + slot->gone.packets;
}

/* Where all wait for a slow batch nothing is to be decided. */
bool split__slot_is_over(const struct split *s, const struct split_slot *slot)
{
	bool enough =
		s->share ? slot->device.packets >= s->batch : slot->direct.packets >= TRY_DIRECT;

	if (s->trying)
		return enough || slot->ns >= TRY_NS;
	return slot->ns >= SPLIT_SLOT_NS && count(slot);
}

void split_work__spend(struct split_work *work, uint64_t ns, uint32_t n)
{
	uint64_t usual = work->packets ? work->ns * n / work->packets : ns;

	work->ns += ns > STOLEN_NS && ns > STOLEN_TIMES * usual ? usual : ns;
}

static void average(double *known, uint64_t ns, uint64_t n, uint64_t enough)
{
	double now = n ? (double)ns / (double)n : 0;

	if (n >= enough || (n && ns >= ENOUGH_NS))
		*known = *known > 0 ? *known + (now - *known) / 4 : now;
}

static void learn_costs(struct split *s, const struct split_slot *slot)
{
	average(&s->direct, slot->direct.ns, slot->direct.packets, ENOUGH);
	average(&s->turn, slot->turn.ns, slot->turn.packets, ENOUGH);
	average(&s->gone, slot->gone.ns, slot->gone.packets, ENOUGH);
	average(&s->device, slot->device.ns, slot->device.packets, ENOUGH);
	average(&s->per_batch, slot->batch_ns, slot->batches, 1);
}

static uint32_t find_crossover(const struct split *s)
{
	double least;

	if (!(s->direct > 0) || !(s->gone > 0))
		return 0;
	if (s->gone >= s->direct)
		return SPLIT_NEVER;
	least = s->per_batch / (s->direct - s->gone);
	return least < 1 ? 1 : least < SPLIT_NEVER ? (uint32_t)least : SPLIT_NEVER;
}

/* What a packet takes if x of them go, with so many in a batch: whoever has more to do decides. */
static double cost(const struct split *s, double x, double fill)
{
	double turn = s->turn > s->direct ? s->turn : s->direct;
	double worker = (1 - x) * turn + x * (s->gone + s->per_batch / fill);

	if (!(x > 0))
		return s->direct;
	return worker > x * s->device ? worker : x * s->device;
}

static bool is_mixed(double x)
{
	return x > 0 && x < 1;
}

static uint32_t best_share(const struct split *s, double fill)
{
	double turn = s->turn > s->direct ? s->turn : s->direct;
	double x = turn / (turn - s->gone - s->per_batch / fill + s->device);
	double now = (double)s->settled / SPLIT_ALL;
	double pure = cost(s, 1, fill) < cost(s, 0, fill);

	if (!(x > 0) || x > 1) /* with all of them gone the worker still has more to do */
		x = 1;
	if (cost(s, x, fill) * WORTH_MIXING > cost(s, pure, fill))
		x = pure;
	if ((is_mixed(x) || !is_mixed(now)) && cost(s, x, fill) * WORTH_WHILE > cost(s, now, fill))
		x = now;
	return (uint32_t)(x * SPLIT_ALL + 0.5);
}

/* How much may go so that it is back in time. */
static void keep_deadline(struct split *s, const struct split_slot *slot)
{
	if (slot->late * LATE_OF > slot->gone.packets)
		s->most = s->settled < SPLIT_ALL / 8 ? 0 : s->settled / 2;
	else if (slot->gone.packets >= ENOUGH && s->most < SPLIT_ALL)
		s->most += SPLIT_ALL / 16;
}

static bool is_needed(const struct split *s, const struct split_slot *slot)
{
	double load = s->direct * (double)count(slot) / (double)slot->ns;

	return load > (s->needed ? NEEDED_TO : NEEDED_FROM);
}

/* Packets that come while one waits for others. */
static double expected_fill(const struct split *s, const struct split_slot *slot)
{
	double fill = (double)count(slot) * (double)s->deadline_ns / SPLIT_WAIT / (double)slot->ns;

	return fill < 1 ? 1 : fill < s->batch ? fill : s->batch;
}

/* More would only wait for each other. */
static uint32_t find_limit(const struct split *s, uint32_t share)
{
	double each = s->device * share / SPLIT_ALL;
	double rest = (double)s->deadline_ns * (SPLIT_WAIT - 1) / SPLIT_WAIT;

	if (s->trying || !(each > 0) || rest > each * (UINT32_MAX - 1.0))
		return UINT32_MAX;
	return rest > each * LEAST_AWAY ? (uint32_t)(rest / each) : LEAST_AWAY;
}

static void use_share(struct split *s, uint32_t share)
{
	s->limit = find_limit(s, share);
	__atomic_store_n(&s->share, share, __ATOMIC_RELAXED);
}

/* The way that is not taken, or not known. */
static void try_other_way(struct split *s)
{
	s->trying = true;
	s->quota = s->batch;
	use_share(s, s->settled ? 0 : SPLIT_ALL);
}

/* Its cost is what was not judged meanwhile. */
static void end_trial(struct split *s, const struct split_slot *slot)
{
	s->trying = false;
	s->wait_ns = TRY_EVERY * (slot->ns > SPLIT_SLOT_NS ? slot->ns : SPLIT_SLOT_NS);
}

static void settle(struct split *s, const struct split_slot *slot)
{
	bool known = s->gone > 0 && s->device > 0;

	s->settled = s->needed && known ? best_share(s, expected_fill(s, slot)) : 0;
	if (s->settled > s->most)
		s->settled = s->most;
	use_share(s, s->settled);
}

static void decide(struct split *s, const struct split_slot *slot)
{
	if (s->trying)
		end_trial(s, slot);
	else
		s->needed = is_needed(s, slot);
	if (s->needed && s->wait_ns <= slot->ns) {
		try_other_way(s);
		return;
	}
	s->wait_ns -= s->wait_ns < slot->ns ? s->wait_ns : slot->ns;
	settle(s, slot);
}

void split__learn(struct split *s, const struct split_slot *slot)
{
	if (!slot->ns)
		return;
	learn_costs(s, slot);
	__atomic_store_n(&s->crossover, find_crossover(s), __ATOMIC_RELAXED);
	if (s->mode != SPLIT_AUTO)
		return;
	keep_deadline(s, slot);
	decide(s, slot);
}
