#include "host/sockets.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"

enum { MAX_ADDRESS_BYTES = 64, MAX_COMMAND_BYTES = 32 };

void socket_table_done(struct socket_table *table)
{
	socket_row_vec_done(&table->rows);
	socket_info_vec_done(&table->infos);
	*table = (struct socket_table){ 0 };
}

static const struct {
	const char *name;
	enum socket_state state;
} states[] = {
	{ "ESTAB", SOCKET_ESTABLISHED },	 { "ESTABLISHED", SOCKET_ESTABLISHED },
	{ "SYN-SENT", SOCKET_SYN_SENT },	 { "SYN-RECV", SOCKET_SYN_RECEIVED },
	{ "NEW-SYN-RECV", SOCKET_SYN_RECEIVED }, { "FIN-WAIT-1", SOCKET_CLOSING },
	{ "FIN-WAIT-2", SOCKET_CLOSING },	 { "LAST-ACK", SOCKET_CLOSING },
	{ "CLOSING", SOCKET_CLOSING },		 { "CLOSE-WAIT", SOCKET_CLOSE_WAIT },
	{ "TIME-WAIT", SOCKET_TIME_WAIT },	 { "LISTEN", SOCKET_LISTEN },
	{ "UNCONN", SOCKET_UNCONNECTED },	 { "CLOSED", SOCKET_UNCONNECTED },
};

static bool state_of(struct str word, uint8_t *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (str_is(word, states[i].name)) {
			*ret = (uint8_t)states[i].state;
			return true;
		}
	return false;
}

bool socket_line_is_header(struct str line)
{
	struct str word;

	return str_next_word(&line, &word) && (str_is(word, "State") || str_is(word, "Netid")) &&
	       str_find(line, STR("Recv-Q")) >= 0;
}

/* ---- addresses */

/* "[::ffff:10.0.0.1]%eth0" as "10.0.0.1": one peer has one name. */
static uint32_t put_address(struct socket_table *table, struct str text)
{
	struct str head, tail;

	str_cut(text, '%', &head, &tail);
	if (head.len >= 2 && *head.ptr == '[') {
		str_cut((struct str){ head.ptr + 1, head.len - 1 }, ']', &head, &tail);
		if (str_starts_with(head, STR("::ffff:")))
			head = (struct str){ head.ptr + 7, head.len - 7 };
	} else if (str_starts_with(head, STR("::ffff:")) && str_find(head, STR(".")) >= 0) {
		head = (struct str){ head.ptr + 7, head.len - 7 };
	}
	return intern(table->texts, (struct str){ head.ptr, MIN(head.len, MAX_ADDRESS_BYTES) });
}

/* "10.0.0.1:80", "[::1]:80", "*:*", "0.0.0.0%lo:68", ":::80" of old ones */
static bool split_address(struct socket_table *table, struct str text, uint32_t *ret_address,
			  uint32_t *ret_port)
{
	size_t at = text.len;

	while (at && text.ptr[at - 1] != ':')
		at--;
	if (!at || at == text.len || text.len - at > MAX_COMMAND_BYTES)
		return false;
	*ret_address = put_address(table, (struct str){ text.ptr, at - 1 });
	*ret_port = intern(table->texts, (struct str){ text.ptr + at, text.len - at });
	return true;
}

/* ---- what follows the addresses */

static bool number_after(struct str word, struct str key, uint64_t *ret)
{
	size_t end = key.len;

	if (!str_starts_with(word, key))
		return false;
	while (end < word.len && word.ptr[end] >= '0' && word.ptr[end] <= '9')
		end++;
	return str_to_u64((struct str){ word.ptr + key.len, end - key.len }, ret);
}

static bool milliseconds_after(struct str word, struct str key, double *ret_ns)
{
	struct str value, rest;
	double ms;

	if (!str_starts_with(word, key))
		return false;
	str_cut((struct str){ word.ptr + key.len, word.len - key.len }, '/', &value, &rest);
	if (!str_to_double(value, &ms) || ms < 0 || ms > 1e9)
		return false;
	*ret_ns = ms * 1e6;
	return true;
}

static struct socket_info *info_of(struct socket_table *table, struct socket_row *row)
{
	if (!row->info) {
		socket_info_vec_push(&table->infos, (struct socket_info){ 0 });
		row->info = (uint32_t)table->infos.count;
	}
	return &table->infos.items[row->info - 1];
}

/* users:(("nginx",pid=77,fd=3),...), and users:(("nginx",77,3)) of old ones: the first. */
static void read_users(struct socket_table *table, struct socket_row *row, struct str text)
{
	ptrdiff_t quote = str_find(text, STR("((\"")), end;
	struct str rest, digits = { 0 };
	uint64_t pid;

	if (quote < 0)
		return;
	rest = (struct str){ text.ptr + quote + 3, text.len - (size_t)quote - 3 };
	end = str_find(rest, STR("\","));
	if (end < 0)
		return;
	row->command =
		intern(table->texts, (struct str){ rest.ptr, MIN((size_t)end, MAX_COMMAND_BYTES) });
	rest = (struct str){ rest.ptr + end + 2, rest.len - (size_t)end - 2 };
	if (str_starts_with(rest, STR("pid=")))
		rest = (struct str){ rest.ptr + 4, rest.len - 4 };
	while (digits.len < rest.len && rest.ptr[digits.len] >= '0' && rest.ptr[digits.len] <= '9')
		digits.len++;
	digits.ptr = rest.ptr;
	if (str_to_u64(digits, &pid) && pid <= INT32_MAX) {
		row->pid = (int)pid;
		table->has_owners = true;
	}
}

/* skmem:(r0,rb131072,t0,tb16384,f0,w0,o0,bl0,d7): d are drops. */
static void read_memory(struct socket_row *row, struct str word)
{
	struct str rest = word, part;

	while (str_cut(rest, ',', &part, &rest) || part.len) {
		uint64_t drops;

		if (number_after(part, STR("d"), &drops))
			row->drops = drops;
		if (!rest.len)
			return;
	}
}

static void read_word(struct socket_table *table, struct socket_row *row, struct str word)
{
	struct socket_info *info;
	uint64_t number;
	double ns;

	/* what stands alone, without -i, makes no row of infos */
	if (!word.len || word.ptr[0] < 'b' || word.ptr[0] > 's')
		return;
	if (str_starts_with(word, STR("skmem:("))) {
		read_memory(row, word);
		return;
	}
	if (str_starts_with(word, STR("sk:"))) {
		str_to_hex((struct str){ word.ptr + 3, word.len - 3 }, &row->cookie);
		return;
	}
	if (number_after(word, STR("bytes_sent:"), &number))
		info_of(table, row)->bytes_sent = number;
	else if (number_after(word, STR("bytes_acked:"), &number)) {
		info = info_of(table, row);
		info->bytes_sent = MAX(info->bytes_sent, number);
	} else if (number_after(word, STR("bytes_received:"), &number))
		info_of(table, row)->bytes_received = number;
	else if (number_after(word, STR("data_segs_out:"), &number))
		info_of(table, row)->segments = number;
	else if (number_after(word, STR("segs_out:"), &number))
		info_of(table, row)->segments_all = number;
	else if (number_after(word, STR("segs_in:"), &number))
		info_of(table, row)->segments_in = number;
	else if (number_after(word, STR("rwnd_limited:"), &number))
		info_of(table, row)->receiver_slow_ms = number;
	else if (str_starts_with(word, STR("retrans:"))) {
		struct str now, all;

		if (str_cut(word, '/', &now, &all) && str_to_u64(all, &number))
			info_of(table, row)->retransmits = number;
	} else if (milliseconds_after(word, STR("rtt:"), &ns))
		info_of(table, row)->rtt_ns = ns;
	else if (milliseconds_after(word, STR("minrtt:"), &ns))
		info_of(table, row)->rtt_min_ns = ns;
}

static void read_details(struct socket_table *table, struct socket_row *row, struct str rest)
{
	ptrdiff_t users = str_find(rest, STR("users:("));
	struct str word;

	if (users >= 0) {
		ptrdiff_t end;
		struct str list = { rest.ptr + users, rest.len - (size_t)users };

		read_users(table, row, list);
		/* names may hold blanks: go on behind the list */
		end = str_find(list, STR("))"));
		rest = end < 0 ? (struct str){ list.ptr, 0 }
			       : (struct str){ list.ptr + end + 2, list.len - (size_t)end - 2 };
	}
	while (str_next_word(&rest, &word))
		read_word(table, row, word);
}

/* ---- rows */

static struct socket_row *add_row(struct socket_table *table, struct socket_row row)
{
	if (table->rows.count >= MAX_SOCKETS) {
		table->left_out++;
		return NULL;
	}
	return socket_row_vec_push(&table->rows, row);
}

/* Where `users:` is glued to the peer's port ("0.0.0.0:*users:((...") it begins the details. */
static struct str peer_word(struct str *line)
{
	struct str word = { 0 };
	ptrdiff_t users;

	if (!str_next_word(line, &word))
		return word;
	users = str_find(word, STR("users:("));
	if (users > 0) {
		size_t rest = word.len - (size_t)users;

		*line = (struct str){ word.ptr + users,
				      rest + line->len +
					      (size_t)(line->ptr - word.ptr - word.len) };
		word.len = (size_t)users;
	}
	return word;
}

/* [NETID] STATE RECV-Q SEND-Q LOCAL PEER [details] */
static bool read_ss_row(struct socket_table *table, struct str line, uint32_t number)
{
	struct str word = { 0 };
	struct socket_row row = { .line = number }, *added;

	table->skips_details = true;
	if (!str_next_word(&line, &word))
		return false;
	if (word.ptr[0] >= 'a' && word.ptr[0] <= 'z') {
		if (!str_is(word, "tcp") && !str_is(word, "udp"))
			return true; /* u_str, nl, p_raw ...: rows of something else */
		row.is_udp = str_is(word, "udp");
		if (!str_next_word(&line, &word))
			return false;
	}
	if (!state_of(word, &row.state) || !str_next_word(&line, &word) ||
	    !str_to_u64(word, &row.receive_queue) || !str_next_word(&line, &word) ||
	    !str_to_u64(word, &row.send_queue) || !str_next_word(&line, &word) ||
	    !split_address(table, word, &row.address, &row.port) ||
	    !split_address(table, peer_word(&line), &row.peer, &row.peer_port))
		return false;
	/* without the column of the protocol: no TCP socket is listed that goes nowhere */
	if (row.state == SOCKET_UNCONNECTED && str_is(interned(table->texts, row.peer_port), "*"))
		row.is_udp = true;
	added = add_row(table, row);
	if (!added)
		return true;
	table->skips_details = false;
	read_details(table, added, line);
	return true;
}

/* ---- /proc/net */

/* Groups of four bytes, each in the byte order of the host: x86 and arm are little-endian. */
static uint32_t put_hex_address(struct socket_table *table, struct str hex)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[MAX_ADDRESS_BYTES];
	uint8_t bytes[16] = { 0 };
	const uint8_t *address = bytes;
	size_t count = MIN(hex.len / 8, (size_t)4);

	for (size_t i = 0; i < count; i++) {
		uint64_t word;

		if (!str_to_hex((struct str){ hex.ptr + 8 * i, 8 }, &word))
			return intern(table->texts, hex);
		for (size_t k = 0; k < 4; k++)
			bytes[4 * i + k] = (uint8_t)(word >> (8 * k));
	}
	if (count == 4 && memcmp(bytes, mapped, sizeof(mapped)) == 0) {
		address += sizeof(mapped);
		count = 1;
	}
	inet_ntop(count == 1 ? AF_INET : AF_INET6, address, text, sizeof(text));
	return intern_text(table->texts, text);
}

static bool read_hex_place(struct socket_table *table, struct str word, uint32_t *ret_address,
			   uint32_t *ret_port)
{
	struct str address, port;
	uint64_t number;
	char text[16] = "*";

	if (!str_cut(word, ':', &address, &port) || (address.len != 8 && address.len != 32) ||
	    !str_to_hex(port, &number) || number > 65535)
		return false;
	if (number)
		snprintf(text, sizeof(text), "%u", (unsigned)number);
	*ret_address = put_hex_address(table, address);
	*ret_port = intern_text(table->texts, text);
	return true;
}

/* "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 ..." */
static bool read_proc_row(struct socket_table *table, struct str line, const char *protocol,
			  uint32_t number)
{
	static const uint8_t by_number[] = {
		SOCKET_UNCONNECTED, SOCKET_ESTABLISHED, SOCKET_SYN_SENT,  SOCKET_SYN_RECEIVED,
		SOCKET_CLOSING,	    SOCKET_CLOSING,	SOCKET_TIME_WAIT, SOCKET_UNCONNECTED,
		SOCKET_CLOSE_WAIT,  SOCKET_CLOSING,	SOCKET_LISTEN,	  SOCKET_CLOSING,
		SOCKET_SYN_RECEIVED
	};
	struct socket_row row = { .is_udp = protocol[0] == 'u', .line = number };
	struct str word, sending, receiving;
	uint64_t state;

	if (!str_next_word(&line, &word) || str_is(word, "sl"))
		return true;
	if (!str_ends_with(word, STR(":")) || !str_next_word(&line, &word) ||
	    !read_hex_place(table, word, &row.address, &row.port) || !str_next_word(&line, &word) ||
	    !read_hex_place(table, word, &row.peer, &row.peer_port) ||
	    !str_next_word(&line, &word) || !str_to_hex(word, &state) ||
	    state >= ARRAY_SIZE(by_number) || !str_next_word(&line, &word) ||
	    !str_cut(word, ':', &sending, &receiving) || !str_to_hex(sending, &row.send_queue) ||
	    !str_to_hex(receiving, &row.receive_queue))
		return false;
	row.state = by_number[state];
	for (size_t column = 5; str_next_word(&line, &word); column++) {
		if (column == 9)
			str_to_u64(word, &row.cookie);
		else if (column == 12 && row.is_udp)
			str_to_u64(word, &row.drops);
	}
	add_row(table, row);
	return true;
}

bool socket_table_line(struct socket_table *table, struct str line, const char *protocol,
		       uint32_t number)
{
	bool is_known = true;

	if (*protocol)
		is_known = read_proc_row(table, line, protocol, number);
	else if (line.len && (*line.ptr == '\t' || *line.ptr == ' ')) {
		if (table->rows.count && !table->skips_details)
			read_details(table, &table->rows.items[table->rows.count - 1], line);
	} else if (line.len && !socket_line_is_header(line)) {
		is_known = read_ss_row(table, line, number);
	}
	table->unknown_lines += !is_known;
	return is_known;
}
