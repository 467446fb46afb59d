/*
 * The stacks of a selection as one tree of functions: frames that are the same function at another
 * line are one node. Flame graphs, folded text and call trees are drawn from it.
 */
#pragma once

#include "samples/select.h"

enum tree_root {
	TREE_ROOT_PROGRAM, /* the first level are programs (comm) */
	TREE_ROOT_THREAD,  /* ... threads */
	TREE_ROOT_NONE,	   /* ... outermost functions */
};

struct tree_options {
	enum tree_root root;
	bool no_inlines;  /* drop inlined frames */
	bool part_cut;	  /* stacks that lack their outer frames hang from a node of their own */
	size_t max_depth; /* frames counted from the root, 0 = all */
};

/* Node 0 is the whole; parents come before their children. */
struct tree_node {
	uint32_t parent;
	uint32_t frame;	      /* id in profile->frames; UINT32_MAX for programs, threads, node 0 */
	uint32_t label;	      /* text id: program or thread name where frame is UINT32_MAX */
	uint32_t node;	      /* a node of the profile that ends here (with frame) */
	uint32_t thread;      /* TREE_ROOT_THREAD's nodes; else UINT32_MAX */
	bool is_cut;	      /* in the place of the outer frames that are missing (part_cut) */
	uint64_t self, total; /* weights */
	uint64_t samples;     /* behind `total` */
};

struct tree {
	struct tree_node *nodes;
	size_t count, allocated;
};

struct tree tree_build(const struct profile_selection *selection,
		       const struct tree_options *options);
void tree_done(struct tree *tree);
#define auto_tree __attribute__((cleanup(tree_done)))
