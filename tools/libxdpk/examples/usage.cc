/* SPDX-License-Identifier: BSD-3-Clause
 *
 * usage.cc -- the machine in C++: the same headers, with owners of what must be freed.
 *
 *	usage-cc [BACKEND]
 */
#include <ebpf-vm.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace {

struct vm_deleter {
	void operator()(ebpf_vm *vm) const { ebpf_destroy(vm); }
};

class machine {
public:
	explicit machine(const char *backend) : vm(ebpf_create(backend))
	{
		if (!vm)
			throw std::system_error(errno, std::generic_category(), backend);
	}
	void load(const std::vector<ebpf_insn> &code)
	{
		char *sentence = nullptr;

		if (ebpf_load(vm.get(), code.data(), code.size() * sizeof(code[0]), &sentence)) {
			std::string what = sentence ? sentence : "no memory";
			std::free(sentence);
			throw std::runtime_error(what);
		}
	}
	uint64_t exec(std::vector<uint8_t> &memory)
	{
		uint64_t result;
		int err = ebpf_exec(vm.get(), memory.data(), memory.size(), &result);

		if (err)
			throw std::system_error(-err, std::generic_category(), "the program");
		return result;
	}
	ebpf_vm *get() const { return vm.get(); }

private:
	std::unique_ptr<ebpf_vm, vm_deleter> vm;
};

ebpf_insn insn(uint8_t opcode, uint8_t dst, uint8_t src, int32_t imm)
{
	ebpf_insn i{};

	i.opcode = opcode;
	i.dst = dst;
	i.src = src;
	i.imm = imm;
	return i;
}

} // namespace

int main(int argc, char **argv)
try {
	machine m(argc > 1 ? argv[1] : "");
	std::vector<uint8_t> packet(64);

	ebpf_register(m.get(), 1, "twice",
		[](uint64_t r1, uint64_t, uint64_t, uint64_t, uint64_t) { return 2 * r1; });
	m.load({
		insn(0xbf, 1, 2, 0), // r1 = r2, the memory's length
		insn(0x85, 0, 0, 1), // call 1
		insn(0x95, 0, 0, 0), // exit
	});
	std::cout << ebpf_get_vm_name(m.get()) << ": " << m.exec(packet) << '\n';
	return 0;
} catch (const std::exception &e) {
	std::cerr << e.what() << '\n';
	return 1;
}
