/* SPDX-License-Identifier: MIT
 *
 * Where each line of the text was written.
 */
#include "config/source.h"

#include "base/memory.h"
#include "config/config.h"

/* The lines of variables follow those of any text. */
enum { VARIABLE_LINES = 1 << 30 };

static char *add_name(char ***names, size_t *count, const char *name)
{
	char **more = realloc(*names, (*count + 1) * sizeof *more);

	if (more == NULL)
		xno_memory();
	*names = more;
	return more[(*count)++] = xstrdup(name);
}

const char *sources_add_file(struct sources *sources, const char *file)
{
	sources_add_stamp(&sources->stamp, file);
	return add_name(&sources->files, &sources->file_count, file);
}

void sources_add_folder(struct sources *sources, const char *folder)
{
	sources_add_stamp(&sources->stamp, folder);
	add_name(&sources->folders, &sources->folder_count, folder);
}

void sources_name_variable(struct sources *sources, const char *name)
{
	if (!sources_names_variable(sources, name))
		add_name(&sources->variables, &sources->variable_count, name);
}

bool sources_names_variable(const struct sources *sources, const char *name)
{
	size_t i = 0;

	while (i < sources->variable_count && strcmp(sources->variables[i], name) != 0)
		i++;
	return i < sources->variable_count;
}

int sources_add_variable(struct sources *sources, const char *name, const char *about)
{
	char *place = xprintf("environment: %s", name);
	struct source_part part = {VARIABLE_LINES + (int)sources->set_count, NULL, 0};

	part.file = add_name(&sources->places, &sources->place_count, place);
	free(place);
	add_name(&sources->sets, &sources->set_count, about);
	sources_begin_part(sources, &part);
	return part.first;
}

const char *config_variable(const struct settings *settings, size_t index)
{
	return index < settings->sources->set_count ? settings->sources->sets[index] : NULL;
}

void sources_begin_part(struct sources *sources, const struct source_part *part)
{
	struct source_part *more =
		realloc(sources->parts, (sources->part_count + 1) * sizeof *more);

	if (more == NULL)
		xno_memory();
	sources->parts = more;
	more[sources->part_count++] = *part;
}

static void free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

void sources_release(struct sources *sources)
{
	free_names(sources->files, sources->file_count);
	free_names(sources->folders, sources->folder_count);
	free_names(sources->variables, sources->variable_count);
	free_names(sources->sets, sources->set_count);
	free_names(sources->places, sources->place_count);
	free(sources->parts);
	*sources = (struct sources){0};
}

void sources_add_stamp(struct file_stamp *all, const char *path)
{
	struct file_stamp one = file_stamp(path);

	all->inode += one.inode;
	all->size += one.size;
	all->modified_ns = (int64_t)((uint64_t)all->modified_ns + (uint64_t)one.modified_ns);
	all->changed_ns = (int64_t)((uint64_t)all->changed_ns + (uint64_t)one.changed_ns);
}

static const struct source_part *part_of(const struct sources *sources, int line)
{
	size_t low = 0, high = sources->part_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (sources->parts[middle].first <= line)
			low = middle;
		else
			high = middle;
	}
	return &sources->parts[low];
}

const char *sources_file(const struct sources *sources, int line)
{
	return part_of(sources, line)->file;
}

int sources_line(const struct sources *sources, int line)
{
	const struct source_part *part = part_of(sources, line);

	return part->line + line - part->first;
}

const char *config_where(const char *file, int line, const char *from, char text[CONFIG_WHERE_SIZE])
{
	if (strcmp(file, from) == 0)
		snprintf(text, CONFIG_WHERE_SIZE, "on line %d", line);
	else
		snprintf(text, CONFIG_WHERE_SIZE, "in %.256s:%d", file, line);
	return text;
}

const char *sources_where(const struct sources *sources, int line, int from, char *text)
{
	return config_where(sources_file(sources, line), sources_line(sources, line),
		sources_file(sources, from), text);
}

int sources_blame(const struct sources *sources, int line, struct error *error)
{
	const char *file = sources_file(sources, line);
	int written = sources_line(sources, line);

	return written == 0 ? error_prefix(error, "%s: ", file)
			    : error_prefix(error, "%s:%d: ", file, written);
}
