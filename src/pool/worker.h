/* SPDX-License-Identifier: MIT
 *
 * Bounded work for what blocks (password hashes, files, directories, …): libuv's threads behind
 * queues, so that one kind of work can neither take all the threads nor wait without end. Within a
 * queue those whom the work is for take turns, so that whoever brings the most waits the longest.
 * Worker threads run with a lower priority than the loop.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* One kind of work. Zero but for its limit before its first use; outlives its jobs. Used on the
 * loop only. */
struct worker_queue {
	unsigned limit; /* jobs that may run at once; at least 1. One owner's at most three quarters
			   of them: somebody else's need not wait for an owner whose jobs hang */
	unsigned queued_max; /* jobs that may wait; past it the answer is 503. 0: 256 */
	/* private */
	unsigned running, queued;
	struct worker_job *first, *last; /* waiting, by turn */
	struct worker_job *working;
	uint64_t turn; /* of the job that began last */
};

/* Work for the processor: one thread fewer than processors, at least one. */
extern struct worker_queue worker_passwords;
/* Reloads: one at a time. */
extern struct worker_queue worker_files;
/* Signing with RSA keys: as many threads as for passwords. */
extern struct worker_queue worker_signing;

/* A job, embedded in what it belongs to; zero before its first use. `work` runs on a thread and
 * must touch nothing that the loop touches; `done` runs on the loop (on a fiber, where the process
 * has fibers), exactly once, after work or when cancelled before it began. */
struct worker_job {
	void (*work)(struct worker_job *job);
	void (*done)(struct worker_job *job, bool cancelled);
	uint64_t whose; /* jobs of one number share one turn; 0: nobody's in particular */
	bool first;	/* it goes before all that wait and are not */
	/* private */
	struct worker_job *next;
	struct worker_queue *queue;
	uint64_t turn;
	uv_work_t request;
};

/* Before the loop and before any thread of libuv's. `others`: how many jobs of other queues than
 * those above may run at once; past that they wait for each other. */
void worker_setup(uv_loop_t *loop, unsigned others);

/* 0, or -1 when the queue is full: answer 503. A job whose owner has fewer waiting than
 * another pushes out the last one of that other, which is cancelled before this returns. */
int worker_submit(struct worker_queue *queue, struct worker_job *job);

/* Takes back a job that still waits (done is called with cancelled, before this returns): true;
 * false when it already runs. */
bool worker_cancel(struct worker_job *job);

/* Calls destroy(what) on a worker: freeing a large structure would hold up the loop. Called on a
 * worker, before worker_setup() or without memory it calls destroy() at once. The loop runs until
 * all is destroyed. */
void worker_discard(void (*destroy)(void *what), void *what);
