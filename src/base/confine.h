/* SPDX-License-Identifier: MIT
 *
 * What a process gives up once it has started, so that somebody who takes it over has less: new
 * privileges (set-user-id programs), and system calls that nothing here needs. The programs that it
 * runs inherit both.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <sys/stat.h>

/* Notes a program that this process will run. If it has privileges of its own (set-user-id,
 * set-group-id, file capabilities), the process keeps them possible: confine_exempts() names it.
 * Returns 0, or -1 with an error that follows the program's path, if the process has given them up
 * already. */
int confine_note_program(const char *path, const struct stat *file, struct error *error);

/* The first program that was noted because of its privileges; "": none. */
const char *confine_exempts(void);

/* Gives up new privileges, and has the kernel refuse with EPERM what debugs processes, mounts,
 * loads into the kernel, keeps keys there, makes namespaces, sets clocks or opens sockets other
 * than local, IP and netlink ones. EPERM and not a signal, because libraries try some of these and
 * do without (Kerberos asks for a keyring), and an attacker gains nothing by the difference. Holds
 * for all threads. Call before a loop is made. Returns 0, or -1 with an error that says what could
 * not be given up; the rest is. */
int confine_process(struct error *error);

/* Whether this build can have system calls refused at all. */
bool confine_refuses_calls(void);
