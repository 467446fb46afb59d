#include "host/top_frame.h"

#include <ctype.h>
#include <string.h>

#include "host/parser.h"

enum { MAX_NUMBERS = 16, NEXT_COLUMN_WIDTH = 8 /* PPID, with the blank before it */ };

/* ---- numbers and the words behind them */

struct labelled {
	double number;
	struct str text;  /* as written */
	struct str label; /* what follows up to the next comma or number */
};

static bool is_number_start(struct str text, size_t at)
{
	return isdigit((unsigned char)text.ptr[at]) &&
	       (at == 0 || !(isalnum((unsigned char)text.ptr[at - 1]) || text.ptr[at - 1] == '-'));
}

/* "12 total, 3,5 free" in any locale: its numbers with their labels. */
static size_t labelled_read(struct str text, struct labelled *ret, size_t max)
{
	size_t count = 0, at = 0;

	while (at < text.len) {
		struct str rest = { text.ptr + at, text.len - at };
		size_t used, end;

		if (!is_number_start(text, at) ||
		    !number_scan(rest, &ret[MIN(count, max - 1)].number, &used)) {
			at++;
			continue;
		}
		if (count == max)
			return count;
		/* a unit that is glued to it belongs to it: 8061956k */
		end = at + used;
		while (end < text.len && isalpha((unsigned char)text.ptr[end]) &&
		       end - at < used + 1)
			end++;
		ret[count].text = (struct str){ text.ptr + at, end - at };
		at = end;
		while (at < text.len && !(is_number_start(text, at)) && text.ptr[at] != ',')
			at++;
		ret[count].label = str_trim((struct str){ text.ptr + end, at - end });
		if (ret[count].label.len && *ret[count].label.ptr == '%')
			ret[count].label = str_trim(
				(struct str){ ret[count].label.ptr + 1, ret[count].label.len - 1 });
		count++;
	}
	return count;
}

static void set(struct top_value *value, double number, uint32_t line)
{
	*value = (struct top_value){ number, line };
}

/* ---- head */

/* "up 3:08", "up 12 days, 3:08", "up 2 min", in front of the users. */
static void uptime_read(struct top_frame *frame, struct str text, uint32_t line)
{
	double seconds = 0;
	bool known = false;
	struct str word;

	while (str_next_word(&text, &word)) {
		struct str head, tail, next = text, unit = STR("");
		double number, minutes;
		size_t used;

		if (word.len && word.ptr[word.len - 1] == ',')
			word.len--;
		if (str_cut(word, ':', &head, &tail)) {
			if (!number_scan(head, &number, &used) ||
			    !number_scan(tail, &minutes, &used))
				break;
			seconds += number * 3600 + minutes * 60;
			known = true;
			break;
		}
		str_next_word(&next, &unit);
		if (!number_scan(word, &number, &used))
			break;
		if (str_starts_with(unit, STR("day")) || str_starts_with(unit, STR("Tag")) ||
		    str_starts_with(unit, STR("jour")))
			seconds += number * 86400;
		else if (str_starts_with(unit, STR("min")))
			seconds += number * 60;
		else
			break;
		known = true;
		text = next;
	}
	if (known)
		set(&frame->uptime_s, seconds, line);
}

/* "top - 11:54:42 up  3:08,  0 user,  load average: 10.74, 3.11, 2.50" */
static void title_read(struct top_frame *frame, struct str text, uint32_t line)
{
	struct labelled numbers[MAX_NUMBERS];
	ptrdiff_t up = str_find(text, STR(" up ")), colon = -1;
	size_t count;
	double hours, minutes, seconds;
	size_t used;
	ptrdiff_t clock = str_find(text, STR(" - "));

	if (clock >= 0) {
		struct str parts[3], rest = { text.ptr + clock + 3, text.len - (size_t)clock - 3 };

		str_cut(rest, ':', &parts[0], &rest);
		str_cut(rest, ':', &parts[1], &parts[2]);
		if (number_scan(str_trim(parts[0]), &hours, &used) &&
		    number_scan(parts[1], &minutes, &used) &&
		    number_scan(parts[2], &seconds, &used)) {
			if (str_find((struct str){ parts[2].ptr, MIN(parts[2].len, (size_t)6) },
				     STR("PM")) >= 0 &&
			    hours < 12)
				hours += 12;
			set(&frame->clock_s, hours * 3600 + minutes * 60 + seconds, line);
		}
	}
	if (up >= 0)
		uptime_read(frame, (struct str){ text.ptr + up + 4, text.len - (size_t)up - 4 },
			    line);
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == ':' && i + 1 < text.len && text.ptr[i + 1] == ' ')
			colon = (ptrdiff_t)i;
	if (colon < 0)
		return;
	/* "0,10, 0,12, 0,05" too: a comma in front of a digit is a decimal one */
	count = labelled_read((struct str){ text.ptr + colon + 1, text.len - (size_t)colon - 1 },
			      numbers, MAX_NUMBERS);
	for (size_t i = 0; i < 3 && count >= 3; i++)
		set(&frame->load[i], numbers[i].number, line);
}

static void tasks_read(struct top_frame *frame, struct str text, uint32_t line)
{
	static const char *const labels[TOP_TASK_KINDS] = { "total", "run", "sleep", "stop",
							    "zombie" };
	struct labelled numbers[MAX_NUMBERS];
	size_t count = labelled_read(text, numbers, MAX_NUMBERS);
	bool named = false;

	for (size_t i = 0; i < count; i++)
		for (int k = 0; k < TOP_TASK_KINDS; k++)
			if (str_starts_with(numbers[i].label, str_from(labels[k]))) {
				set(&frame->task[k], numbers[i].number, line);
				named = true;
			}
	/* another language: by place; 4.0.5 has uninterruptible sleep before the stopped ones */
	for (size_t i = 0; !named && count >= 5 && i < TOP_TASK_KINDS; i++)
		set(&frame->task[i], numbers[i + (count >= 6 && i > TOP_SLEEPING)].number, line);
}

/* "%Cpu(s):  25.3/6.5    32[|||": user and system only, the rest is drawn. */
static bool cpu_graph_read(struct top_frame *frame, struct str text, uint32_t line)
{
	ptrdiff_t slash = str_find(text, STR("/"));
	double user, system;
	size_t used;
	struct str left;

	if (slash < 0 || str_find(text, STR("[")) < 0)
		return false;
	left = str_trim((struct str){ text.ptr, (size_t)slash });
	if (!number_scan(left, &user, &used) ||
	    !number_scan((struct str){ text.ptr + slash + 1, text.len - (size_t)slash - 1 },
			 &system, &used))
		return false;
	set(&frame->cpu[TOP_USER], user / 100, line);
	set(&frame->cpu[TOP_SYSTEM], system / 100, line);
	return true;
}

static void cpu_shares(struct str text, double shares[TOP_CPU_KINDS], bool known[TOP_CPU_KINDS])
{
	static const char *const labels[TOP_CPU_KINDS] = { "us", "sy", "ni", "id",
							   "wa", "hi", "si", "st" };
	static const char *const busybox[TOP_CPU_KINDS] = { "usr", "sys", "nic",  "idle",
							    "io",  "irq", "sirq", "steal" };
	struct labelled numbers[MAX_NUMBERS];
	size_t count = labelled_read(text, numbers, MAX_NUMBERS);

	for (size_t i = 0; i < count; i++)
		for (int k = 0; k < TOP_CPU_KINDS; k++)
			if (str_is(numbers[i].label, labels[k]) ||
			    str_is(numbers[i].label, busybox[k])) {
				shares[k] = numbers[i].number / 100;
				known[k] = true;
			}
	/* in another language by place: all versions of procps have the same order */
	for (size_t i = 0; count == TOP_CPU_KINDS && i < count; i++) {
		shares[i] = numbers[i].number / 100;
		known[i] = true;
	}
}

static void cpu_read(struct top_frame *frame, struct str label, struct str text, uint32_t line)
{
	double shares[TOP_CPU_KINDS] = { 0 };
	bool known[TOP_CPU_KINDS] = { 0 };
	bool is_single = false;

	for (size_t i = 0; i < label.len; i++)
		is_single |= isdigit((unsigned char)label.ptr[i]);
	if (!is_single && cpu_graph_read(frame, str_trim(text), line))
		return;
	cpu_shares(text, shares, known);
	if (is_single) {
		frame->cpus++;
		if (known[TOP_IDLE])
			frame->busiest_cpu =
				MAX(frame->busiest_cpu, 1 - shares[TOP_IDLE] - shares[TOP_IOWAIT]);
	}
	for (int k = 0; k < TOP_CPU_KINDS; k++) {
		struct top_value *value = &frame->cpu[k];

		if (!known[k])
			continue;
		/* single CPUs in place of the sum: their mean */
		if (is_single && frame->cpus > 1 && value->line)
			shares[k] = (value->value * (frame->cpus - 1) + shares[k]) / frame->cpus;
		set(value, shares[k], is_single && value->line ? value->line : line);
	}
}

static double unit_of(struct str label)
{
	static const char units[] = "KMGTPE";
	const char *at = label.len ? strchr(units, *label.ptr) : NULL;
	double factor = 1;

	if (!at || !*at || label.len < 3 || label.ptr[1] != 'i')
		return 1024; /* "Mem:": KiB, or with a letter behind the number */
	for (const char *unit = units; unit <= at; unit++)
		factor *= 1024;
	return factor;
}

static void memory_read(struct top_frame *frame, struct str label, struct str text, uint32_t line)
{
	static const struct {
		const char *word;
		enum top_memory memory, swap;
	} labels[] = {
		{ "total", TOP_MEM_TOTAL, TOP_SWAP_TOTAL },
		{ "free", TOP_MEM_FREE, TOP_SWAP_FREE },
		{ "used", TOP_MEM_USED, TOP_SWAP_USED },
		{ "buff", TOP_MEM_CACHE, TOP_MEMORY_KINDS },
		{ "cached", TOP_MEM_CACHE, TOP_MEM_CACHE },
		{ "avail", TOP_MEM_AVAILABLE, TOP_MEM_AVAILABLE },
	};
	static const enum top_memory places[2][4] = {
		{ TOP_MEM_TOTAL, TOP_MEM_FREE, TOP_MEM_USED, TOP_MEM_CACHE },
		{ TOP_SWAP_TOTAL, TOP_SWAP_FREE, TOP_SWAP_USED, TOP_MEM_AVAILABLE },
	};
	struct labelled numbers[MAX_NUMBERS];
	bool is_swap = str_find(label, STR("wap")) >= 0 || str_find(label, STR("usl")) >= 0;
	size_t count = labelled_read(text, numbers, MAX_NUMBERS);
	double unit = unit_of(label), bytes;
	bool named = false;

	if (str_find(text, STR("[")) >= 0)
		return; /* a drawn bar */
	for (size_t i = 0; i < count; i++) {
		struct str word = numbers[i].label;

		while (word.len && (*word.ptr == '.' || *word.ptr == ' '))
			word = (struct str){ word.ptr + 1, word.len - 1 };
		for (size_t k = 0; k < ARRAY_SIZE(labels); k++) {
			enum top_memory kind = is_swap ? labels[k].swap : labels[k].memory;

			if (!str_starts_with(word, str_from(labels[k].word)) ||
			    kind == TOP_MEMORY_KINDS || !size_scan(numbers[i].text, unit, &bytes))
				continue;
			/* what 3.2 calls cached comes on top of its buffers */
			if (kind == TOP_MEM_CACHE && is_swap)
				bytes += frame->memory[kind].value;
			set(&frame->memory[kind], bytes, line);
			named = true;
		}
	}
	for (size_t i = 0; !named && count == 4 && i < count; i++)
		if (size_scan(numbers[i].text, unit, &bytes))
			set(&frame->memory[places[is_swap][i]], bytes, line);
}

/* ---- rows */

static enum top_column column_of(struct str name)
{
	static const struct {
		const char *name;
		enum top_column column;
	} names[] = {
		{ "PID", TOP_COLUMN_PID },	  { "TID", TOP_COLUMN_PID },
		{ "PPID", TOP_COLUMN_PPID },	  { "USER", TOP_COLUMN_USER },
		{ "BENUTZER", TOP_COLUMN_USER },  { "UTIL.", TOP_COLUMN_USER },
		{ "USUARIO", TOP_COLUMN_USER },	  { "PR", TOP_COLUMN_PRIORITY },
		{ "PRI", TOP_COLUMN_PRIORITY },	  { "NI", TOP_COLUMN_NICE },
		{ "VIRT", TOP_COLUMN_VIRTUAL },	  { "VSZ", TOP_COLUMN_VIRTUAL },
		{ "RES", TOP_COLUMN_RESIDENT },	  { "RSS", TOP_COLUMN_RESIDENT },
		{ "SWAP", TOP_COLUMN_SWAP },	  { "S", TOP_COLUMN_STATE },
		{ "STAT", TOP_COLUMN_STATE },	  { "%CPU", TOP_COLUMN_CPU },
		{ "%MEM", TOP_COLUMN_MEMORY },	  { "P", TOP_COLUMN_CPU_NUMBER },
		{ "CPU", TOP_COLUMN_CPU_NUMBER }, { "COMMAND", TOP_COLUMN_COMMAND },
		{ "BEFEHL", TOP_COLUMN_COMMAND }, { "ORDEN", TOP_COLUMN_COMMAND },
		{ "COM.", TOP_COLUMN_COMMAND },	  { "CMD", TOP_COLUMN_COMMAND },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_is(name, names[i].name))
			return names[i].column;
	return TOP_COLUMN_OTHER;
}

static bool header_read(struct top_frame *frame, struct str line)
{
	struct str rest = line, name;
	bool has_pid = false, has_cpu = false;
	size_t count = 0, command_at = 0, next_end = 0;
	enum top_column columns[TOP_MAX_COLUMNS];

	while (count < TOP_MAX_COLUMNS && str_next_word(&rest, &name)) {
		columns[count] = column_of(name);
		has_pid |= columns[count] == TOP_COLUMN_PID;
		has_cpu |= columns[count] == TOP_COLUMN_CPU || columns[count] == TOP_COLUMN_STATE;
		if (command_at && columns[count - 1] == TOP_COLUMN_COMMAND)
			next_end = (size_t)(name.ptr + name.len - line.ptr);
		if (columns[count] == TOP_COLUMN_COMMAND)
			command_at = (size_t)(name.ptr - line.ptr) + 1;
		count++;
	}
	if (!has_pid || !has_cpu || count < 4)
		return false;
	memcpy(frame->columns, columns, count * sizeof(*columns));
	frame->column_count = count;
	frame->command_width = 0;
	/* A name of an unknown language in the last place is the command. */
	if (!command_at && columns[count - 1] == TOP_COLUMN_OTHER)
		frame->columns[count - 1] = TOP_COLUMN_COMMAND;
	else if (command_at && columns[count - 1] != TOP_COLUMN_COMMAND)
		frame->command_width =
			MAX(next_end - command_at + 1, (size_t)NEXT_COLUMN_WIDTH + 8) -
			NEXT_COLUMN_WIDTH;
	return true;
}

static void command_read(struct top_frame *frame, struct str *rest, struct top_row *row)
{
	struct str text = *rest;

	while (text.len && (*text.ptr == ' ' || *text.ptr == '\t'))
		text = (struct str){ text.ptr + 1, text.len - 1 };
	if (frame->command_width && text.len) {
		ptrdiff_t blanks = str_find(text, STR("  "));
		size_t width = MIN(frame->command_width, text.len);

		/* the next column is to the right in its own: blanks are between */
		if (blanks > 0 && (size_t)blanks < width)
			width = (size_t)blanks;
		*rest = (struct str){ text.ptr + width, text.len - width };
		text.len = width;
	} else {
		*rest = (struct str){ text.ptr + text.len, 0 };
	}
	row->command = str_trim(text);
}

static bool cell_read(struct top_frame *frame, enum top_column column, struct str cell,
		      struct top_row *row)
{
	double number = 0;
	size_t used = 0;
	bool is_number = number_scan(cell, &number, &used);

	switch (column) {
	case TOP_COLUMN_PID:
		return str_to_u64(cell, &row->pid);
	case TOP_COLUMN_PPID:
		row->has_ppid = str_to_u64(cell, &row->ppid);
		return row->has_ppid;
	case TOP_COLUMN_USER:
		row->user = cell;
		return true;
	case TOP_COLUMN_PRIORITY:
		row->is_realtime =
			str_is(cell, "rt") || str_is(cell, "RT") || (is_number && number < 0);
		return is_number || row->is_realtime;
	case TOP_COLUMN_NICE:
		row->nice = is_number && number >= -20 && number <= 19 ? (int)number : 0;
		return is_number || str_is(cell, "-");
	case TOP_COLUMN_RESIDENT:
		return size_scan(cell, frame->resident_unit, &row->resident);
	case TOP_COLUMN_SWAP:
		return size_scan(cell, frame->resident_unit, &row->swapped);
	case TOP_COLUMN_STATE:
		row->state = *cell.ptr;
		return strchr("RSDZTtIXWKP", row->state) != NULL;
	case TOP_COLUMN_CPU:
		row->cpu = number / 100;
		row->has_cpu = is_number && number >= 0;
		return row->has_cpu;
	case TOP_COLUMN_MEMORY:
		row->memory = number / 100;
		return is_number;
	case TOP_COLUMN_VIRTUAL:
	case TOP_COLUMN_CPU_NUMBER:
	case TOP_COLUMN_COMMAND:
	case TOP_COLUMN_OTHER:
	case TOP_COLUMNS:
		break;
	}
	return true;
}

static bool row_read(struct top_frame *frame, struct str line, struct top_row *ret)
{
	struct top_row row = { .resident = -1, .swapped = -1 };
	struct str rest = line, cell;

	for (size_t i = 0; i < frame->column_count; i++) {
		struct str flag, after = rest;

		if (frame->columns[i] == TOP_COLUMN_COMMAND) {
			command_read(frame, &rest, &row);
			continue;
		}
		/* behind the command only PPID is asked for, and a cut row may have none */
		if (!str_next_word(&rest, &cell)) {
			if (row.command.len)
				break;
			return false;
		}
		if (!cell_read(frame, frame->columns[i], cell, &row) && !row.command.len)
			return false;
		/* busybox: "S <", "R N" */
		after = rest;
		if (frame->is_busybox && frame->columns[i] == TOP_COLUMN_STATE &&
		    str_next_word(&after, &flag) && flag.len <= 2 &&
		    strspn(flag.ptr, "<NWLs+l") >= flag.len)
			rest = after;
	}
	if (!row.command.len)
		return false;
	*ret = row;
	return true;
}

/* ---- lines */

static void frame_begin(struct top_frame *frame)
{
	*frame = (struct top_frame){ .resident_unit = 1024 };
}

static bool head_read(struct top_frame *frame, struct str line, uint32_t number)
{
	struct str label, text;

	if (!str_cut(line, ':', &label, &text))
		return false;
	label = str_trim(label);
	if (str_starts_with(label, STR("%Cpu")) || str_starts_with(label, STR("Cpu")) ||
	    str_starts_with(label, STR("%CPU")) || str_starts_with(label, STR("CPU"))) {
		cpu_read(frame, label, text, number);
		return true;
	}
	if (str_find(label, STR("Mem")) >= 0 || str_find(label, STR("wap")) >= 0 ||
	    (label.len > 4 &&
	     str_starts_with((struct str){ label.ptr + 1, label.len - 1 }, STR("iB ")))) {
		memory_read(frame, label, text, number);
		return true;
	}
	if (str_starts_with(label, STR("Load average"))) {
		title_read(frame, line, number);
		return true;
	}
	/* "Tasks", "Threads", and what other languages make of them: the line below the title */
	if (!frame->task[TOP_TOTAL].line && !frame->cpu[TOP_USER].line && label.len < 24) {
		frame->is_threads = str_starts_with(label, STR("Thr"));
		tasks_read(frame, text, number);
		return frame->task[TOP_TOTAL].line != 0;
	}
	return false;
}

bool top_line_is_first(struct str line)
{
	struct str text = str_trim(line);

	/* busybox numbers memory in K and has no title */
	return str_starts_with(text, STR("top - ")) ||
	       (str_starts_with(text, STR("Mem: ")) && str_find(text, STR("shrd")) >= 0);
}

enum top_line top_line_read(struct top_frame *frame, struct str line, uint32_t number,
			    struct top_row *ret_row)
{
	struct str text = str_trim(line);

	if (!text.len)
		return TOP_LINE_BLANK;
	if (top_line_is_first(text)) {
		frame_begin(frame);
		frame->is_busybox = *text.ptr == 'M';
		if (frame->is_busybox)
			memory_read(frame, STR("Mem"), (struct str){ text.ptr + 4, text.len - 4 },
				    number);
		else
			title_read(frame, text, number);
		return TOP_LINE_NEW;
	}
	if (header_read(frame, text))
		return TOP_LINE_HEADER;
	if (frame->column_count && row_read(frame, line, ret_row))
		return TOP_LINE_ROW;
	if (!frame->column_count && head_read(frame, text, number))
		return TOP_LINE_HEAD;
	return TOP_LINE_UNKNOWN;
}
