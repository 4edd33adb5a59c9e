/* SPDX-License-Identifier: MIT
 *
 * Tells the service manager that started us how the service is: the protocol of sd_notify(3),
 * without libsystemd. Where NOTIFY_SOCKET is not set, nothing is sent. The process that systemd
 * started calls this: the parent of a pool, or the one process without a parent. Not thread-safe.
 */
#pragma once

#include "base/banned.h"

#include <stdint.h>

/* The service answers requests. Sent when it is news: at the start, and after a reload. */
void notify_ready(void);

/* A reload has begun; notify_ready() ends it. */
void notify_reloading(void);

/* The service drains. */
void notify_stopping(void);

/* One line for "systemctl status". Sent when it differs from the last one. */
void notify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How often notify_alive() is due (WATCHDOG_USEC); 0: never. */
int64_t notify_watchdog_ms(void);
void notify_alive(void);

/* To be called in a child before it executes another program, which is not the service and must
 * not get its variables. */
void notify_forget(void);
