/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Programs that say where they stand among others, one that does not, and one that says nonsense.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define RUN_CONFIG(program) _##program SEC(".xdp_run_config")

struct {
	__uint(priority, 10);
	__uint(XDP_PASS, 1);
	__uint(XDP_DROP, 1);
} RUN_CONFIG(early);

struct {
	__uint(priority, 1000);
	__uint(XDP_PASS, 0);
} RUN_CONFIG(last);

struct {
	__uint(XDP_TELEPORT, 1);
} RUN_CONFIG(wrong);

SEC("xdp") int early(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp") int last(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp") int wrong(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp") int silent(struct xdp_md *ctx)
{
	return XDP_PASS;
}
