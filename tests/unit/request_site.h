/* SPDX-License-Identifier: MIT
 *
 * Private to the request fixture: what its browsers need of its site.
 */
#ifndef REQUEST_SITE_H
#define REQUEST_SITE_H

#include "request_fixture.h"

#include "http/request.h"

/* Hands a request over, as the listener does. The descriptor and the request are the visit's. */
void site_receive(int fd, struct request *request);

/* True while this thread runs the test or the other hosts, and not the program: faults_test.c lets
 * the program's allocations fail. */
extern _Thread_local volatile bool site_runs_test;

/* As site_reload(), but a configuration that is refused leaves the one before: NULL, or why. */
const char *site_try_reload(void);

/* One turn of the loop, which waits for something to happen. */
void site_turn(void);

/* Forgets the lines of the log. */
void site_forget_log(void);

/* The lines of the log, for messages. */
const char *site_log(void);

/* Drops all answers. */
void browsers_down(void);

#endif
