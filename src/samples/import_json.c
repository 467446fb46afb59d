/*
 * Profiles in JSON: speedscope's file format (https://www.speedscope.app/file-format-schema.json;
 * py-spy, rbspy, dotnet-trace and others write it) and V8's .cpuprofile (node --cpu-prof, Chrome).
 */
#include "samples/import.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json_in.h"
#include "base/memory.h"
#include "samples/paste.h"

enum {
	MAX_BYTES = 1 << 26, /* of the text: parsing takes some fifteen times as much memory */
	MAX_FRAMES = 65536,  /* of a stack */
	MAX_NODES = 1 << 24,
};

VEC_DEFINE(id_vec, uint32_t)

static struct str text_of(const struct json *object, const char *key)
{
	struct str text = STR("");

	json_get_text(json_find(object, key), &text);
	return text;
}

static double number_of(const struct json *object, const char *key, double otherwise)
{
	double number = otherwise;

	json_get_number(json_find(object, key), &number);
	return number;
}

static bool is_type(const struct json *value, enum json_type type)
{
	return value && value->type == type;
}

static uint32_t line_of(double line)
{
	return line >= 1 && line < 4e9 ? (uint32_t)line : 0;
}

static uint64_t weight_of(double weight)
{
	return weight > 0 && weight < 1e18 ? (uint64_t)(weight + 0.5) : 0;
}

static uint32_t time_event(struct profile *profile, const char *name)
{
	uint32_t event = profile_event(profile, name);

	profile->events.items[event].unit = "ns";
	return event;
}

static void add_sample(struct profile *profile, uint32_t event, uint32_t node, uint32_t thread,
		       double weight)
{
	if (weight_of(weight))
		profile_add_sample(profile, &(struct profile_sample){ .weight = weight_of(weight),
								      .count = 1,
								      .node = node,
								      .thread = thread,
								      .cpu = UINT32_MAX,
								      .event = (uint16_t)event,
								      .end = PROFILE_END_UNKNOWN });
}

/* ---- speedscope */

struct speedscope {
	struct profile *profile;
	struct id_vec frames; /* by index in shared.frames */
	uint32_t event, thread;
	double scale; /* of its unit, to ours */
};

static uint32_t speedscope_frame(struct profile *profile, const struct json *frame)
{
	struct str name = text_of(frame, "name"), file = text_of(frame, "file"), place = name;
	struct str dso = STR("");
	ptrdiff_t open = str_find(name, STR(" ("));

	if (str_ends_with(file, STR(".py")) || (file.len && file.ptr[0] == '<'))
		dso = STR("Python");
	else if (str_ends_with(file, STR(".rb")))
		dso = STR("Ruby");
	/* py-spy says the place in the name, too */
	if (open > 0 && file.len && str_find(place, file) > open)
		name.len = (size_t)open;
	return import_frame_at(profile, name, dso, 0, file, line_of(number_of(frame, "line", 0)));
}

static void read_unit(struct speedscope *reader, struct str unit)
{
	static const struct {
		const char *name;
		double scale;
	} times[] = { { "seconds", 1e9 },
		      { "milliseconds", 1e6 },
		      { "microseconds", 1e3 },
		      { "nanoseconds", 1 } };
	bool is_bytes = str_is(unit, "bytes");

	reader->scale = 1;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		if (str_is(unit, times[i].name)) {
			reader->scale = times[i].scale;
			reader->event = time_event(reader->profile, "time");
			return;
		}
	reader->event = profile_event(reader->profile, is_bytes ? "bytes" : "samples");
	reader->profile->events.items[reader->event].unit = is_bytes ? "bytes" : "samples";
}

static bool frame_at(const struct speedscope *reader, double index, uint32_t *ret)
{
	if (!(index >= 0 && index < (double)reader->frames.count))
		return false;
	*ret = reader->frames.items[(size_t)index];
	return true;
}

/* "samples": stacks, outermost frame first, and "weights" beside them */
static void read_sampled(struct speedscope *reader, const struct json *profile)
{
	const struct json *samples = json_find(profile, "samples"), *weight;
	const struct json *weights = json_find(profile, "weights");

	if (!is_type(samples, JSON_ARRAY))
		return;
	weight = is_type(weights, JSON_ARRAY) ? weights->first : NULL;
	for (const struct json *stack = samples->first; stack; stack = stack->next) {
		uint32_t node = 0, frame, depth = 0;
		double index, value = 1;

		for (const struct json *i = stack->first; i && depth < MAX_FRAMES; i = i->next)
			if (json_get_number(i, &index) && frame_at(reader, index, &frame)) {
				node = profile_node(reader->profile, node, frame);
				depth++;
			}
		json_get_number(weight, &value);
		weight = weight ? weight->next : NULL;
		add_sample(reader->profile, reader->event, node, reader->thread,
			   value * reader->scale);
	}
}

/* "events": frames that open and close at a time */
static void read_evented(struct speedscope *reader, const struct json *profile)
{
	const struct json *events = json_find(profile, "events");
	struct id_vec stack = { 0 };
	uint32_t node = 0, frame;
	double last = 0, at;

	if (!is_type(events, JSON_ARRAY))
		return;
	for (const struct json *event = events->first; event; event = event->next) {
		at = number_of(event, "at", last);
		if (node)
			add_sample(reader->profile, reader->event, node, reader->thread,
				   (at - last) * reader->scale);
		last = at;
		if (str_is(text_of(event, "type"), "O")) {
			if (stack.count < MAX_FRAMES &&
			    frame_at(reader, number_of(event, "frame", -1), &frame)) {
				id_vec_push(&stack, node);
				node = profile_node(reader->profile, node, frame);
			}
		} else if (stack.count) {
			node = stack.items[--stack.count];
		}
	}
	id_vec_done(&stack);
}

static void read_speedscope(struct profile *profile, const struct json *root)
{
	const struct json *frames = json_find(json_find(root, "shared"), "frames");
	const struct json *profiles = json_find(root, "profiles");
	struct speedscope reader = { .profile = profile };

	profile->format = "speedscope";
	if (!is_type(frames, JSON_ARRAY) || !is_type(profiles, JSON_ARRAY))
		return;
	for (const struct json *frame = frames->first; frame; frame = frame->next)
		id_vec_push(&reader.frames, speedscope_frame(profile, frame));
	for (const struct json *one = profiles->first; one; one = one->next) {
		struct str name = text_of(one, "name");

		read_unit(&reader, text_of(one, "unit"));
		reader.thread = profile_thread(profile, -1, -1, name);
		if (str_is(text_of(one, "type"), "evented"))
			read_evented(&reader, one);
		else
			read_sampled(&reader, one);
	}
	id_vec_done(&reader.frames);
}

/* ---- .cpuprofile */

struct v8 {
	struct profile *profile;
	uint32_t cpu, idle;  /* events */
	struct id_vec nodes; /* profile node + 1 by V8's id; 0 = none */
	struct id_vec is_idle;
	uint32_t thread;
};

static bool v8_id(double number, uint32_t *ret)
{
	if (!(number >= 0 && number < MAX_NODES))
		return false;
	*ret = (uint32_t)number;
	return true;
}

static void set_at(struct id_vec *ids, uint32_t at, uint32_t value)
{
	while (ids->count <= at)
		id_vec_push(ids, 0);
	ids->items[at] = value;
}

static uint32_t at_id(const struct id_vec *ids, uint32_t at)
{
	return at < ids->count ? ids->items[at] : 0;
}

/* Nodes come after their parents, whose "children" name them. */
static void v8_node(struct v8 *reader, const struct json *value, struct id_vec *parents)
{
	const struct json *call = json_find(value, "callFrame");
	const struct json *children = json_find(value, "children");
	struct str name = text_of(call, "functionName"), file = text_of(call, "url");
	uint32_t id, child, node, parent;
	double number;

	if (!v8_id(number_of(value, "id", -1), &id))
		return;
	if (str_starts_with(file, STR("file://")))
		file = (struct str){ file.ptr + 7, file.len - 7 };
	parent = at_id(parents, id);
	node = parent ? parent - 1 : 0;
	if (!str_is(name, "(root)"))
		node = profile_node(
			reader->profile, node,
			import_frame_at(reader->profile, name.len ? name : STR("(anonymous)"),
					STR("node"), 0, file,
					line_of(number_of(call, "lineNumber", -1) + 1)));
	set_at(&reader->nodes, id, node + 1);
	set_at(&reader->is_idle, id, str_is(name, "(idle)"));
	for (const struct json *i = is_type(children, JSON_ARRAY) ? children->first : NULL; i;
	     i = i->next)
		if (json_get_number(i, &number) && v8_id(number, &child))
			set_at(parents, child, node + 1);
}

static void v8_sample(struct v8 *reader, const struct json *sample, double microseconds)
{
	uint32_t id, node;
	double number;

	if (!json_get_number(sample, &number) || !v8_id(number, &id))
		return;
	node = at_id(&reader->nodes, id);
	if (node)
		add_sample(reader->profile,
			   at_id(&reader->is_idle, id) ? reader->idle : reader->cpu, node - 1,
			   reader->thread, microseconds * 1000);
}

/* The time between two samples is what the first of them did. */
static void v8_samples(struct v8 *reader, const struct json *samples, const struct json *deltas)
{
	const struct json *delta = is_type(deltas, JSON_ARRAY) ? deltas->first : NULL;

	for (const struct json *sample = samples->first; sample; sample = sample->next) {
		double microseconds = 0;

		if (delta && delta->next)
			delta = delta->next;
		json_get_number(delta, &microseconds);
		v8_sample(reader, sample, microseconds);
	}
}

static void read_v8(struct profile *profile, const struct json *root)
{
	const struct json *nodes = json_find(root, "nodes"), *samples = json_find(root, "samples");
	struct v8 reader = { .profile = profile };
	struct id_vec parents = { 0 };

	profile->format = "cpuprofile";
	if (!is_type(nodes, JSON_ARRAY) || !is_type(samples, JSON_ARRAY))
		return;
	reader.cpu = time_event(profile, "time");
	reader.idle = time_event(profile, "idle");
	reader.thread = profile_thread(profile, -1, -1, STR("node"));
	for (const struct json *node = nodes->first; node; node = node->next)
		v8_node(&reader, node, &parents);
	v8_samples(&reader, samples, json_find(root, "timeDeltas"));
	id_vec_done(&parents);
	id_vec_done(&reader.nodes);
	id_vec_done(&reader.is_idle);
}

/* ---- both */

static bool is_v8(struct str head)
{
	return str_find(head, STR("\"nodes\"")) >= 0 && str_find(head, STR("\"callFrame\"")) >= 0;
}

static bool is_speedscope(struct str head)
{
	return str_find(head, STR("speedscope.app/file-format-schema")) >= 0;
}

/* The schema may stand at the end, behind the samples. */
static enum import_look look(struct str head)
{
	struct str begin = str_trim(head);
	bool has_shape;

	if (!begin.len || begin.ptr[0] != '{')
		return LOOK_NO;
	has_shape =
		str_find(head, STR("\"frames\"")) >= 0 && str_find(head, STR("\"shared\"")) >= 0;
	return is_v8(begin) || is_speedscope(head) || has_shape ? LOOK_SURE : LOOK_NO;
}

static void read_json(struct profile *profile, struct str text)
{
	auto_arena struct arena arena = ARENA_INIT;
	const struct json *root = NULL;
	auto_error struct error *error = NULL;

	if (text.len > MAX_BYTES) {
		profile->damage = x_strdup("more than 64 MB of JSON are not read");
		return;
	}
	error = json_parse(text, &arena, &root);
	if (error)
		profile->damage = x_strdup(error->message);
	else if (json_find(root, "nodes"))
		read_v8(profile, root);
	else
		read_speedscope(profile, root);
}

const struct importer import_json_reader = { "JSON", look, read_json };
