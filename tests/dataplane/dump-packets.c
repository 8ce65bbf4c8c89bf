/* SPDX-License-Identifier: BSD-3-Clause
 *
 * dump-packets FILE -- a capture as text, a line of hex digits per packet: captures whose
 * timestamps differ can then be compared, sorted and counted with the usual tools.
 */
#include <stdio.h>

#include <pcap/pcap.h>

static void dump(const u_char *bytes, bpf_u_int32 n)
{
	for (bpf_u_int32 i = 0; i < n; i++) {
		putchar("0123456789abcdef"[bytes[i] >> 4]);
		putchar("0123456789abcdef"[bytes[i] & 15]);
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	char reason[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *bytes;
	pcap_t *capture;
	int status;

	if (argc != 2) {
		fprintf(stderr, "usage: dump-packets FILE\n");
		return 2;
	}
	capture = pcap_open_offline(argv[1], reason);
	if (!capture) {
		fprintf(stderr, "dump-packets: %s: %s\n", argv[1], reason);
		return 2;
	}
	while ((status = pcap_next_ex(capture, &header, &bytes)) == 1)
		dump(bytes, header->caplen);
	pcap_close(capture);
	return status == PCAP_ERROR_BREAK ? 0 : 1;
}
