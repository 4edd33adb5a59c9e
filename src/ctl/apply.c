/* SPDX-License-Identifier: MIT
 *
 * meetauthctl apply: makes secrets, users, guest accounts and keys of meetings as a file describes
 * them. A second call changes nothing. The whole file is checked before anything is changed. If an
 * entry cannot be written all the same, what was done and what is left is told.
 */
#include "ctl/apply.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "config/nearest.h"
#include "ctl/given.h"
#include "ctl/print.h"
#include "ctl/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { APPLY_FILE_MAX = 64 * 1024 * 1024 };

struct apply {
	const char *file; /* for messages */
	json_t *json;
	struct apply_item *items;
	size_t count;
	bool as_json;
};

static const char *const results[] = {"unchanged", "added", "changed", "removed"};

/* ---- reading: still as the user who runs the command ---- */

static int open_file(const char *path)
{
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		ctl_die(EX_NOINPUT, "cannot open %s: %s", path, strerror(errno));
	return fd;
}

static void read_json(struct apply *apply, const char *path)
{
	struct buffer text = BUFFER_INIT(APPLY_FILE_MAX);
	json_error_t fault;
	int fd = open_file(path);

	given_read(fd, apply->file, &text);
	close(fd);
	apply->json = json_loadb(
		text.data != NULL ? text.data : "", text.length, JSON_REJECT_DUPLICATES, &fault);
	if (apply->json == NULL)
		ctl_die(EX_DATAERR, "%s:%d: %s", apply->file, fault.line, fault.text);
	if (!json_is_object(apply->json))
		ctl_die(EX_DATAERR, "%s: expected an object like {\"users\": […]}", apply->file);
	buffer_wipe(&text);
}

static void check_lists(const struct apply *apply)
{
	const char *key;
	json_t *list;

	json_object_foreach(apply->json, key, list)
	{
		struct nearest nearest = NEAREST_INIT(key);
		const struct apply_kind *kind = apply_kinds;

		for (; kind->list != NULL && strcmp(kind->list, key) != 0; kind++)
			nearest_try(&nearest, kind->list);
		if (kind->list == NULL)
			ctl_die(EX_DATAERR, "%s: unknown member \"%.64s\"%s%s%s", apply->file, key,
				nearest.name != NULL ? ": did you mean \"" : "",
				nearest.name != NULL ? nearest.name : "",
				nearest.name != NULL ? "\"?" : "");
		if (!json_is_array(list))
			ctl_die(EX_DATAERR, "%s: %s: expected a list", apply->file, key);
	}
}

static void check_members(const struct apply_item *item)
{
	const char *key;
	json_t *value;

	if (!json_is_object(item->json))
		apply_die(item, "expected an object");
	json_object_foreach((json_t *)(uintptr_t)item->json, key, value)
	{
		struct nearest nearest = NEAREST_INIT(key);
		const char *const *member = item->kind->members;
		bool is_list = strcmp(key, "groups") == 0 || strcmp(key, "meetings") == 0;

		for (; *member != NULL && strcmp(*member, key) != 0; member++)
			nearest_try(&nearest, *member);
		if (*member == NULL)
			apply_die(item, "unknown member \"%.64s\"%s%s%s", key,
				nearest.name != NULL ? ": did you mean \"" : "",
				nearest.name != NULL ? nearest.name : "",
				nearest.name != NULL ? "\"?" : "");
		if (is_list ? !json_is_array(value) : !json_is_string(value))
			apply_die(item, "%s: expected a %s", key, is_list ? "list" : "text");
	}
}

/* A relative name counts from the folder of the file that has it. */
static char *path_of(const char *file, const char *name)
{
	const char *slash = strrchr(file, '/');

	return name[0] == '/' || slash == NULL
		       ? xstrdup(name)
		       : xprintf("%.*s/%s", (int)(slash - file), file, name);
}

static void read_value(struct apply_item *item)
{
	const char *name = json_string_value(json_object_get(item->json, item->kind->file));
	char *path;
	int fd;

	if (name == NULL)
		return;
	path = path_of(item->file, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		apply_die(item, "%s: cannot open %s: %s", item->kind->file, path, strerror(errno));
	item->value = secret_read(fd, "", &ctl_error);
	if (item->value == NULL)
		apply_die(item, "%s: %s: %s", item->kind->file, path, ctl_error.text);
	close(fd);
	free(path);
}

static void read_items(struct apply *apply)
{
	size_t room = 0;

	for (const struct apply_kind *kind = apply_kinds; kind->list != NULL; kind++)
		room += json_array_size(json_object_get(apply->json, kind->list));
	apply->items = xcalloc(room + 1, sizeof *apply->items);
	for (const struct apply_kind *kind = apply_kinds; kind->list != NULL; kind++) {
		const json_t *list = json_object_get(apply->json, kind->list);

		for (size_t i = 0; i < json_array_size(list); i++) {
			struct apply_item *item = &apply->items[apply->count++];

			*item = (struct apply_item){.file = apply->file,
				.backend = "",
				.kind = kind,
				.json = json_array_get(list, i),
				.number = i + 1};
			check_members(item);
			read_value(item);
		}
	}
}

/* ---- applying ---- */

/* An entry's change is logged at once: a later entry may fail. */
static void log_item(const struct ctl *ctl, const struct apply_item *item)
{
	char *detail = xprintf("%s%s%s: %s", item->kind->noun, ctl_may_name(ctl) ? " " : "",
		ctl_may_name(ctl) ? item->name : "", results[item->result]);

	audit_write(&ctl->audit, ctl->command->words, detail);
	free(detail);
}

static void apply_one(struct ctl *ctl, struct apply_item *item, bool dry)
{
	if (!dry && item->result == APPLY_UNCHANGED)
		return;
	item->kind->apply(ctl, item, dry);
	item->is_done = !dry;
	if (item->is_done && item->result != APPLY_UNCHANGED)
		log_item(ctl, item);
}

static void apply_all(struct apply *apply, struct ctl *ctl, bool dry)
{
	struct progress progress;

	progress_begin(&progress, dry ? "comparing" : "applying", clock_monotonic_ms());
	for (size_t i = 0; i < apply->count; i++) {
		apply_one(ctl, &apply->items[i], dry);
		progress_step(
			&progress, clock_monotonic_ms(), (int64_t)i + 1, (int64_t)apply->count);
	}
	progress_end();
}

static int compare_items(const void *a, const void *b)
{
	const struct apply_item *one = *(const struct apply_item *const *)a,
				*other = *(const struct apply_item *const *)b;
	int order = strcmp(one->kind->list, other->kind->list);

	if (order == 0)
		order = strcmp(one->backend, other->backend);
	return order != 0 ? order : strcmp(one->name, other->name);
}

/* Two entries for the same would undo each other with each call. */
static void refuse_same(const struct apply *apply)
{
	const struct apply_item **sorted = xcalloc(apply->count + 1, sizeof *sorted);

	for (size_t i = 0; i < apply->count; i++)
		sorted[i] = &apply->items[i];
	qsort(sorted, apply->count, sizeof *sorted, compare_items);
	for (size_t i = 1; i < apply->count; i++)
		if (compare_items(&sorted[i - 1], &sorted[i]) == 0)
			apply_die(sorted[i], "is in the file twice");
	free(sorted);
}

/* ---- reporting ---- */

struct counts {
	size_t changed, unchanged, left;
};

static const char *result_of(const struct apply_item *item, bool dry)
{
	return dry || item->is_done || item->result == APPLY_UNCHANGED ? results[item->result]
								       : "not applied";
}

static void print_texts(const struct apply *apply, const struct counts *counts, bool dry)
{
	for (size_t i = 0; i < apply->count; i++)
		if (apply->items[i].result != APPLY_UNCHANGED)
			printf("%s %s: %s%s\n", apply->items[i].kind->noun, apply->items[i].name,
				dry ? "would be " : "", result_of(&apply->items[i], dry));
	printf("%zu %schanged, %zu unchanged", counts->changed, dry ? "would be " : "",
		counts->unchanged);
	if (counts->left > 0)
		printf(", %zu not applied", counts->left);
	putchar('\n');
}

static void print_results(const struct apply *apply, const struct counts *counts, bool dry)
{
	json_t *list = json_array();

	for (size_t i = 0; i < apply->count; i++)
		print_add(list,
			json_pack("{s:s, s:s, s:s}", "kind", apply->items[i].kind->noun, "name",
				apply->items[i].name, "result", result_of(&apply->items[i], dry)));
	print_json(json_pack("{s:b, s:I, s:o}", "changed", counts->changed > 0, "count",
		(json_int_t)counts->changed, "entries", list));
}

static size_t report(const struct apply *apply, bool dry)
{
	struct counts counts = {0};

	for (size_t i = 0; i < apply->count; i++) {
		const struct apply_item *item = &apply->items[i];

		if (item->result == APPLY_UNCHANGED)
			counts.unchanged++;
		else if (dry || item->is_done)
			counts.changed++;
		else
			counts.left++;
	}
	if (apply->as_json)
		print_results(apply, &counts, dry);
	else
		print_texts(apply, &counts, dry);
	return counts.changed;
}

/* What is being applied, for a command that exits halfway; NULL: nothing. */
static const struct apply *unfinished;

static void report_unfinished(void)
{
	const struct apply *apply = unfinished;

	unfinished = NULL;
	if (apply != NULL)
		report(apply, false);
}

static void apply_for_good(struct apply *apply, struct ctl *ctl)
{
	unfinished = apply;
	atexit(report_unfinished);
	apply_all(apply, ctl, false);
	unfinished = NULL;
}

static void release(struct apply *apply)
{
	for (size_t i = 0; i < apply->count; i++) {
		secret_free(&apply->items[i].value);
		free((void *)(uintptr_t)apply->items[i].name);
	}
	free(apply->items);
	json_decref(apply->json);
}

static int run_apply(struct ctl *ctl)
{
	const char *path = ctl->given.operands[0];
	bool dry = ctl->given.dry_run;
	struct apply apply = {.as_json = ctl->json};
	size_t changed;

	apply.file = strcmp(path, "-") == 0 ? "standard input" : path;
	read_json(&apply, path);
	check_lists(&apply);
	read_items(&apply);
	ctl_load_settings(ctl);
	apply_all(&apply, ctl, true);
	refuse_same(&apply);
	if (!dry)
		apply_for_good(&apply, ctl);
	changed = report(&apply, dry);
	ctl->unchanged = true; /* each entry is logged by now */
	release(&apply);
	return ctl->given.exit_code && changed > 0 ? CTL_CHANGED : EX_OK;
}

const struct ctl_command ctl_apply_commands[] = {
	{"apply", "FILE [--dry-run] [--exit-code]",
		"make secrets, users, guest accounts and keys of meetings as a file describes them",
		run_apply, .changes = true, .loads_itself = true},
	{0},
};
