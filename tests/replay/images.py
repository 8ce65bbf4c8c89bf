#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""usage: images.py MESON SOURCE BUILD_WITHOUT_LLVM XDPK_VM XDPK_REPLAY MAKE_CAPTURE OBJECT...

Images that a build with LLVM makes give the same results in a build without: verdicts and bytes of
what the compiler has made in memory, and interpreter, image and maps as each other. Each program
with the control lines that lie beside its source, if there are some."""
import os
import subprocess
import sys
import tempfile

meson, source, without, vm, replay, make_capture, *objects = sys.argv[1:]


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
    name = os.path.basename(path).split('.')[0]
    for folder in (f'{source}/configs', os.path.dirname(path)):
        if os.path.exists(f'{folder}/{name}.init'):
            return ['--init', f'{folder}/{name}.init']
    return []


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
        other = build()
        capture, expected = f'{tmp}/in.pcap', f'{tmp}/expected'
        must(make_capture, capture)
        peaks = []
        for path in objects:
            image, init = f'{tmp}/image.o', init_of(path)
            must(vm, 'compile', '--driver', 'replay', '--cpu', 'native', *init, '-o', image, path)
            with_llvm = must(replay, '--no-cache', '--engine', 'llvm', *init,
                             '--write-expect', expected, path, capture)
            must(other, '--engine', 'interp,llvm', *init, '--expect', expected, image, capture)
            peaks.append((must(other, '--engine', 'llvm', *init, image, capture), with_llvm))
            status, text, _ = run(other, '--engine', 'llvm', *init, path, capture)
            if status != 2 or 'no bitcode' not in text:
                sys.exit(f'{path} without its image: exit status {status}\n{text}')
            if 'firewall' in path:
                check_misfit(other, tmp, path, capture)
        small = min(peaks)
        print(f'{len(objects)} programs; of that with the smallest maps peak memory is '
              f'{small[0] / 1024:.1f} MiB with its image, {small[1] / 1024:.1f} MiB with LLVM')


main()
