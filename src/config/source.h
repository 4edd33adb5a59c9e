/* SPDX-License-Identifier: MIT
 *
 * Prepares the text of the configuration file for libconfuse 3.3, which by itself accepts a
 * section, string or comment that is never closed, drops a '*' outside of quotes, reads an unset
 * ${NAME} as empty, cuts a text at \0 and counts the lines of comments twice. Each of these could
 * silently change a policy.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"

enum { SOURCE_MAX = 16 << 20 }; /* bytes, of all files together */

struct source_part {
	int first;	  /* its first line in the text */
	const char *file; /* one of `files` */
	int line;	  /* the first line in that file */
};

/* The files that a text was made of. A line of the configuration is a line of the text; the parts
 * tell where it was written. */
struct sources {
	char **files;		   /* in the order of reading, the main file first */
	char **folders;		   /* of the includes with a pattern */
	struct source_part *parts; /* by `first` */
	char **variables;	   /* ${NAME} that the files name */
	char **sets;		   /* what variables of the environment set */
	char **places;		   /* what errors call those variables */
	size_t file_count, folder_count, part_count, variable_count, set_count, place_count;
	struct file_stamp stamp; /* of files and folders, taken before each was read */
};

/* An option inserted at the start of each section, to record the line: libconfuse keeps only the
 * line on which a section ends. */
#define SOURCE_OPENED "@"

/* The item inserted into an empty list, to record the line and detect a second assignment:
 * libconfuse keeps nothing about an empty list. No written item can have this value. */
#define SOURCE_EMPTY "\x1e"

/* Reads the file, and what it includes, into an empty buffer and into empty sources, which the
 * caller releases in any case. The text is without comments; its lines are those of the files. 0,
 * or -1 with "FILE:LINE: …". */
int source_read(
	const char *file, struct sources *sources, struct buffer *text, struct error *error);
void sources_release(struct sources *sources);

/* -- source_lines.c -- */

/* Add a file or folder, with its stamp, before it is read. The name of the file belongs to the
 * sources. */
const char *sources_add_file(struct sources *sources, const char *file);
void sources_add_folder(struct sources *sources, const char *folder);

/* Add a variable that a file names, and say whether one does. */
void sources_name_variable(struct sources *sources, const char *name);
bool sources_names_variable(const struct sources *sources, const char *name);

/* Adds a variable of the environment; `about` says what it sets. Returns the line that
 * stands for it. */
int sources_add_variable(struct sources *sources, const char *name, const char *about);

/* The text goes on with a part of a file. */
void sources_begin_part(struct sources *sources, const struct source_part *part);

/* Adds the stamp of a file or folder to that of all. Any change of a file makes its time later, and
 * so changes the sum. */
void sources_add_stamp(struct file_stamp *all, const char *path);

/* Where a line of the text was written: the file, and the line in it; 0: a variable of the
 * environment. */
const char *sources_file(const struct sources *sources, int line);
int sources_line(const struct sources *sources, int line);

/* config_where() of two lines of the text. */
const char *sources_where(const struct sources *sources, int line, int from, char *text);

/* Puts "FILE:LINE: " in front of an error. Returns -1. */
int sources_blame(const struct sources *sources, int line, struct error *error);
