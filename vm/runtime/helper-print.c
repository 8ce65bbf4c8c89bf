/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-print.c -- bpf_trace_printk, bpf_trace_vprintk, bpf_snprintf: at most three arguments in
 * registers or twelve in memory.
 */
#include "format.h"
#include "helpers.h"
#include "uapi.h"

/* Is there an end within `size`? */
static bool ends(const char *s, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		if (!s[i])
			return true;
	return false;
}

static uint64_t trace(
	struct ebpf_env *env, const char *f, uint64_t size, const uint64_t *args, uint32_t n_args)
{
	char bytes[RT_FORMAT_TEXT_MAX];
	struct rt_text t = {bytes, RT_FORMAT_TEXT_MAX - 1, 0};
	int64_t err = ends(f, (uint32_t)size) ? rt_format(env, &t, f, args, n_args) : -RT_EINVAL;

	if (err)
		return (uint64_t)err;
	if (env->host->trace)
		env->host->trace(env, t.bytes, t.len < t.size ? t.len : t.size);
	return t.len;
}

rt_cold uint64_t helper_trace_printk(
	struct ebpf_env *env, const void *format, uint64_t size, uint64_t a, uint64_t b, uint64_t c)
{
	return trace(env, format, size, (const uint64_t[]){a, b, c}, 3);
}

/* Arguments in memory, which need not be aligned. */
static bool copy_args(uint64_t args[RT_FORMAT_ARGS_MAX], const void *data, uint64_t size)
{
	if (size % 8 || size > RT_FORMAT_ARGS_MAX * 8 || (size && !data))
		return false;
	if (size)
		__builtin_memcpy(args, data, size);
	return true;
}

rt_cold uint64_t helper_trace_vprintk(struct ebpf_env *env, const void *format, uint64_t size,
	const void *data, uint64_t data_size)
{
	uint64_t args[RT_FORMAT_ARGS_MAX];

	if (!copy_args(args, data, data_size))
		return (uint64_t)-RT_EINVAL;
	return trace(env, format, size, args, (uint32_t)data_size / 8);
}

/* Counts the terminator, which is there whenever there is room for one byte. */
rt_cold uint64_t helper_snprintf(struct ebpf_env *env, void *str, uint64_t str_size,
	const char *format, const void *data, uint64_t data_size)
{
	struct rt_text t = {str, (uint32_t)str_size, 0};
	uint64_t args[RT_FORMAT_ARGS_MAX];
	int64_t err;

	if (!copy_args(args, data, data_size))
		return (uint64_t)-RT_EINVAL;
	if (t.size)
		t.size--;
	err = rt_format(env, &t, format, args, (uint32_t)data_size / 8);
	if (err)
		return (uint64_t)err;
	if ((uint32_t)str_size)
		t.bytes[t.len < t.size ? t.len : t.size] = 0;
	return t.len + 1;
}
