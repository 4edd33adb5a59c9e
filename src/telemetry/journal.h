/* SPDX-License-Identifier: MIT
 *
 * Log lines for systemd's journal, by its native protocol: one datagram a line, with MESSAGE, the
 * line as logfmt, and a field for each of its fields, so that "journalctl MEETAUTH_EVENT=join"
 * finds joins. Private to log.c. Thread-safe, never blocks; does not preserve errno.
 */
#pragma once

#include <stddef.h>

/* Sends to this socket; NULL: to /run/systemd/journal/socket. For tests. */
void journal_use(const char *path);

/* Sends a line in logfmt without its newline, at most LOG_LINE_MAX bytes; `priority` is that of
 * syslog(3). What the journal does not take now is queued. 0, or -1 if nobody reads the socket. */
int journal_put(const char *line, size_t length, int priority);

/* Sends what is queued, as far as the journal takes it now. */
void journal_flush(void);
