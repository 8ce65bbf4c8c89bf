#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""usage: images.py MESON SOURCE BUILD_WITHOUT_LLVM XDPK_VM XDPK_REPLAY MAKE_CAPTURE OBJECT...

Images that a build with LLVM makes give the same results in a build without: verdicts and bytes of
what the compiler has made in memory, and interpreter, image and maps as each other. Each program
with the control lines that lie beside its source, if there are some; and xdp-filter's, if they are
installed."""
import os
import subprocess
import sys
import tempfile

import filter_rules
from replay import report

meson, source, without, vm, replay, make_capture, *objects = sys.argv[1:]
os.environ.pop('LD_LIBRARY_PATH', None)  # nobody is to find the compiler by that


def run(*args, env=None):
    done = subprocess.Popen(args, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.read().decode()
    _, status, usage = os.wait4(done.pid, 0)
    return os.waitstatus_to_exitcode(status), text, usage.ru_maxrss


def must(*args):
    status, text, memory = run(*args)
    if status:
        sys.exit(f"{' '.join(args)}: exit status {status}\n{text}")
    return memory


def build():
    if not os.path.exists(f'{without}/build.ninja'):
        must(meson, 'setup', without, source, '-Dllvm=disabled', '-Ddpdk=disabled', '-Dbench=false')
    must('ninja', '-C', without, 'tools/xdpk-replay/xdpk-replay')
    return f'{without}/tools/xdpk-replay/xdpk-replay'


def init_of(path):
    """Control lines."""
    name = os.path.basename(path).split('.')[0]
    for folder in (f'{source}/configs', f'{source}/tests/replay', os.path.dirname(path)):
        if os.path.exists(f'{folder}/{name}.init'):
            return ['--init', f'{folder}/{name}.init']
    return []


def program_of(path):
    """Which one it is, of those that are no samples."""
    name = os.path.basename(path).split('.')[0]
    if os.path.exists(f'{source}/configs/{name}.bpf.c') or name.startswith('xdpfilt_'):
        return []
    return ['--prog', 'xdp_' + name.replace('-', '_')]


def check(other, tmp, path, capture, init):
    """Gives the peaks of memory of who has an image and of who has the compiler. All programs of
    the object are in the image: they may call each other."""
    image, expected, options = f'{tmp}/image.o', f'{tmp}/expected', program_of(path) + init
    must(vm, 'compile', '--driver', 'replay', '--cpu', 'native', *init, '-o', image, path)
    with_llvm = must(replay, '--no-cache', '--engine', 'llvm', *options,
                     '--write-expect', expected, path, capture)
    must(other, '--engine', 'interp,llvm', *options, '--expect', expected, image, capture)
    peaks = must(other, '--engine', 'llvm', *options, image, capture), with_llvm
    status, text, _ = run(other, '--engine', 'llvm', *options, path, capture)
    if status != 2 or 'no bitcode' not in text:
        sys.exit(f'{path} without its image: exit status {status}\n{text}')
    return peaks


def check_filters(other, tmp, capture):
    init, programs = f'{tmp}/rules.init', filter_rules.objects()
    for path in programs:
        _, r = report(replay, '--engine', 'interp', '--dump-maps', path, capture)
        filter_rules.write_rules(init, [m['name'] for m in r['maps']])
        check(other, tmp, path, capture, ['--init', init])
    return len(programs)


def check_misfit(other, tmp, path, capture):
    """Asked for by name it is an error; the interpreter alone goes on."""
    image, init = f'{tmp}/image.o', f'{tmp}/resize.init'
    with open(init, 'w') as f:
        f.write('map resize rules max_entries 64\n')
    must(vm, 'compile', '--driver', 'replay', '-o', image, path)
    status, text, _ = run(other, '--engine', 'llvm', '--init', init, image, capture)
    if status != 2 or 'map rules has max_entries 65536 in the image and 64 here' not in text:
        sys.exit(f'another size of a map: exit status {status}\n{text}')
    must(other, '--init', init, image, capture)


def main():
    with tempfile.TemporaryDirectory() as tmp:
        other, capture = build(), f'{tmp}/in.pcap'
        must(make_capture, capture)
        peaks = [check(other, tmp, path, capture, init_of(path)) for path in objects]
        check_misfit(other, tmp, next(p for p in objects if 'firewall' in p), capture)
        filters, small = check_filters(other, tmp, capture), min(peaks)
        print(f"{len(objects)} programs and {filters} of xdp-filter's; of that with the smallest "
              f'maps peak memory is {small[0] / 1024:.1f} MiB with its image, '
              f'{small[1] / 1024:.1f} MiB with LLVM')


main()
