/* SPDX-License-Identifier: MIT
 *
 * Private to src/ctl: reads the log of meetauthd. Accepts logfmt and JSON, as standard error has
 * them, with the prefix of syslog or journalctl(1), and as entries of `journalctl -o json`. In a
 * log that programs share, only lines whose sender is called "meetauth…" count, so that nobody can
 * write events by having another program log a text.
 */
#pragma once

#include "ctl/ctl.h"

#include <jansson.h>

struct log_entry {
	int64_t seconds; /* when it was written, since 1970; 0: the line does not say */
	json_t *fields;	 /* an object; log_field() reads it */
};

struct log_reader;

/* Opens the file of --log, "-" for standard input. Without the option: standard input unless it is
 * a terminal, else the log file of meetauth.init(8) if there is one, else the journal of the unit.
 * To be called before ctl_load_settings(), whose user may not read the log. Exits on an error. */
struct log_reader *log_reader_open(const struct ctl *ctl);

/* Shows on standard error how far reading is (progress.h). For a command that prints only after it
 * has read. */
void log_reader_show_progress(struct log_reader *reader);

/* Reads the next event. The caller frees entry->fields with json_decref(). False at the end. Exits
 * on an error, also one of journalctl. */
bool log_reader_next(struct log_reader *reader, struct log_entry *entry);

/* Whether no event of ours was read at all, also none from before --since: it is another log. */
bool log_reader_is_wrong(const struct log_reader *reader);

/* Lines that were no event of ours. */
size_t log_reader_skipped(const struct log_reader *reader);

void log_reader_close(struct log_reader **reader);

/* Parses a line, which it changes. False if it is not an event of meetauthd. `now` supplies the
 * year that syslog's traditional time lacks. */
bool log_parse(char *line, int64_t now, struct log_entry *entry);

/* A field's text; NULL without it. */
const char *log_field(const struct log_entry *entry, const char *key);

/* Whether a field has this text. */
bool log_field_is(const struct log_entry *entry, const char *key, const char *text);
