/* SPDX-License-Identifier: BSD-3-Clause
 *
 * facts-hold.h -- facts against how often each instruction of an interpreted program ran.
 */
#ifndef TESTS_FUZZ_FACTS_HOLD_H
#define TESTS_FUZZ_FACTS_HOLD_H

#include "core/view.h"
#include "verifier/facts.h"

struct facts_score {
	uint32_t executed, dead, decided, wrong;
};

/* An instruction that was proved dead must not have run, and a jump that was proved to go one way
 * must have gone that way as often as it ran. */
void facts_hold__check(const struct program_view *view, const struct ebpf_facts *facts,
	const uint64_t *hits, struct facts_score *score);

#endif
