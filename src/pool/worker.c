/* SPDX-License-Identifier: MIT */
#include "pool/worker.h"

#include "telemetry/metrics.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	NICENESS = 10,	 /* a password hash must not take the processor from those who just pass */
	QUEUE_MAX = 256, /* jobs waiting in a lane; past it the answer is 503 */
};

struct worker_lane worker_passwords, worker_files;

static uv_loop_t *loop;

void worker_setup(uv_loop_t *on, unsigned others)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	char threads[24];

	loop = on;
	worker_passwords = (struct worker_lane){.limit = 1};
	worker_files = (struct worker_lane){.limit = 1};
	if (processors > 1)
		worker_passwords.limit = (unsigned)processors - 1;
	/* Enough for all lanes at once: libuv has four, and looks at this before it starts the
	 * first. */
	snprintf(threads, sizeof threads, "%u",
		worker_passwords.limit + worker_files.limit + others);
	setenv("UV_THREADPOOL_SIZE", threads, 1);
}

/* Signals are the loop's. Done by each thread for itself, at its first job. */
static void settle_thread(void)
{
	static _Thread_local bool settled;
	sigset_t all;

	if (settled)
		return;
	settled = true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICENESS);
}

static void on_thread(uv_work_t *request)
{
	struct worker_job *job = request->data;

	settle_thread();
	job->work(job);
}

static void start(struct worker_lane *lane, struct worker_job *job);

static struct worker_job *take_first(struct worker_lane *lane)
{
	struct worker_job *job = lane->first;

	lane->first = job->next;
	if (lane->first == NULL)
		lane->last = NULL;
	lane->queued--;
	gauge_add(METRIC_WORK_QUEUED, -1);
	return job;
}

static void on_loop(uv_work_t *request, int status)
{
	struct worker_job *job = request->data;
	struct worker_lane *lane = job->lane;

	lane->running--;
	if (lane->first != NULL)
		start(lane, take_first(lane));
	job->done(job, status != 0);
}

static void start(struct worker_lane *lane, struct worker_job *job)
{
	lane->running++;
	job->request.data = job;
	uv_queue_work(loop, &job->request, on_thread, on_loop);
}

int worker_submit(struct worker_lane *lane, struct worker_job *job)
{
	job->lane = lane;
	job->next = NULL;
	if (lane->running < lane->limit) {
		start(lane, job);
		return 0;
	}
	if (lane->queued >= QUEUE_MAX)
		return -1;
	if (lane->last != NULL)
		lane->last->next = job;
	else
		lane->first = job;
	lane->last = job;
	lane->queued++;
	gauge_add(METRIC_WORK_QUEUED, 1);
	return 0;
}

bool worker_cancel(struct worker_job *job)
{
	struct worker_lane *lane = job->lane;
	struct worker_job *before = NULL, *at = lane->first;

	while (at != NULL && at != job) {
		before = at;
		at = at->next;
	}
	if (at == NULL)
		return false; /* it runs */
	if (before != NULL)
		before->next = job->next;
	else
		lane->first = job->next;
	if (lane->last == job)
		lane->last = before;
	lane->queued--;
	gauge_add(METRIC_WORK_QUEUED, -1);
	job->done(job, true);
	return true;
}
