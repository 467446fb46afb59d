/*
 * One screen of top as it was printed: its head (load, tasks, CPU, memory) and how its rows are to
 * be read. Layouts of procps 3.2 to 4.0, in any locale, of -H and -c, with every column set that
 * has PID, and of busybox. Internal to host.
 */
#pragma once

#include <stdbool.h>

#include "base/str.h"

/* The CPU line's shares, in the order in which procps prints them. */
enum top_cpu {
	TOP_USER,
	TOP_SYSTEM,
	TOP_NICE,
	TOP_IDLE,
	TOP_IOWAIT,
	TOP_IRQ,
	TOP_SOFTIRQ,
	TOP_STEAL,
	TOP_CPU_KINDS
};

enum top_task { TOP_TOTAL, TOP_RUNNING, TOP_SLEEPING, TOP_STOPPED, TOP_ZOMBIE, TOP_TASK_KINDS };

enum top_memory {
	TOP_MEM_TOTAL,
	TOP_MEM_FREE,
	TOP_MEM_USED,
	TOP_MEM_CACHE,
	TOP_MEM_AVAILABLE,
	TOP_SWAP_TOTAL,
	TOP_SWAP_FREE,
	TOP_SWAP_USED,
	TOP_MEMORY_KINDS
};

enum top_column {
	TOP_COLUMN_OTHER,
	TOP_COLUMN_PID,
	TOP_COLUMN_PPID,
	TOP_COLUMN_USER,
	TOP_COLUMN_PRIORITY,
	TOP_COLUMN_NICE,
	TOP_COLUMN_VIRTUAL,
	TOP_COLUMN_RESIDENT,
	TOP_COLUMN_SWAP,
	TOP_COLUMN_STATE,
	TOP_COLUMN_CPU,
	TOP_COLUMN_MEMORY,
	TOP_COLUMN_CPU_NUMBER,
	TOP_COLUMN_COMMAND,
	TOP_COLUMNS
};

enum { TOP_MAX_COLUMNS = 64 };

struct top_value {
	double value;
	uint32_t line; /* 0: not said */
};

struct top_frame {
	struct top_value load[3], uptime_s, clock_s, users;
	struct top_value cpu[TOP_CPU_KINDS]; /* ratios */
	struct top_value task[TOP_TASK_KINDS];
	struct top_value memory[TOP_MEMORY_KINDS]; /* bytes */
	unsigned cpus;				   /* lines of single CPUs; 0 = not shown */
	double busiest_cpu;			   /* of those: share that is not idle */
	bool is_threads, is_busybox;
	enum top_column columns[TOP_MAX_COLUMNS];
	size_t column_count;  /* 0: no header came yet */
	size_t command_width; /* bytes from COMMAND to the next column; 0 = it is the last */
	double resident_unit; /* bytes that a bare number in a memory column stands for */
};

struct top_row {
	uint64_t pid, ppid;
	struct str user, command;
	double cpu, memory;	  /* ratios; of cpu 1 is one whole CPU */
	double resident, swapped; /* bytes; < 0 = not said */
	char state;		  /* 0 = not said */
	int nice;
	bool is_realtime, has_ppid, has_cpu;
};

enum top_line {
	TOP_LINE_NEW,  /* the first line of a screen: the frame was begun anew */
	TOP_LINE_HEAD, /* a line of the head */
	TOP_LINE_BLANK,
	TOP_LINE_HEADER, /* the columns' names */
	TOP_LINE_ROW,
	TOP_LINE_UNKNOWN,
};

/* Whether a new screen begins with the line. */
bool top_line_is_first(struct str line);
/* What the line is; the frame and, for TOP_LINE_ROW, `ret_row` are filled from it. */
enum top_line top_line_read(struct top_frame *frame, struct str line, uint32_t number,
			    struct top_row *ret_row);
