/* SPDX-License-Identifier: MIT
 *
 * Logs one line per event, as logfmt or JSON, to standard error, syslog or the journal.
 *
 *   log_begin(&line, LOG_LEVEL_INFO, "join");
 *   log_text(&line, "user", subject);
 *   log_number(&line, "total_ms", 12);
 *   log_end(&line);
 *
 * Every line starts with time (UTC, RFC 3339 with milliseconds; not for syslog and the
 * journal, which add their own), level and event. Values are escaped (control characters, invalid
 * UTF-8, quotes) and cut at 512 bytes. A line is never longer than LOG_LINE_MAX: a field that does
 * not fit is left out, and the line ends in cut=true. This module cannot recognise secrets: callers
 * must not pass passwords, keys or tokens. Keys are plain words and are not escaped. errno is
 * preserved.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	LOG_LINE_MAX = 4096, /* PIPE_BUF, so that lines of processes that share a pipe do not mix */
};

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG, LOG_TO_JOURNAL };
enum log_format { LOG_AS_LOGFMT, LOG_AS_JSON };

struct log_line {
	size_t length;
	bool full;     /* a field was left out */
	bool overflow; /* the field being written does not fit */
	enum log_level level;
	enum log_target target;
	enum log_format format;
	char text[LOG_LINE_MAX];
};

/* Sets target and format; before that, standard error and logfmt. syslog(3) may block while the
 * syslog daemon does not read. The journal gets logfmt, whatever the format, and standard error
 * what the journal cannot get because nobody reads its socket. */
void log_setup(enum log_target target, enum log_format format);

/* The current target and format. */
void log_how(enum log_target *target_r, enum log_format *format_r);

void log_begin(struct log_line *line, enum log_level level, const char *event);
void log_text(struct log_line *line, const char *key, const char *value); /* NULL: left out */
void log_number(struct log_line *line, const char *key, int64_t value);

/* Queues the line. If the queue (64 KiB) is full, flushes it first; if that makes no room, drops
 * the line. Thread-safe. */
void log_end(struct log_line *line);

/* Writes the queue: to be called once in each turn of the loop, before a wait, and at exit. Does
 * not block: what standard error does not accept stays queued. Dropped lines are counted
 * (METRIC_LOG_DROPPED). The program must ignore SIGPIPE. */
void log_flush(void);

/* Logs event=NAME message="…" and flushes. */
void log_message(enum log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
