/* SPDX-License-Identifier: MIT
 *
 * After a backend has failed for several people, a probe that names nobody decides whether the
 * breaker opens. Otherwise somebody who knows names on which the backend hangs could shut out
 * everybody else.
 */
#include "signin/doubt.h"

#include "base/clock.h"
#include "base/fold.h"
#include "base/text.h"
#include "telemetry/log.h"

struct doubt {
	struct worker_job job;
	struct service *service;
	struct files *files;
	struct service_backend *backend;
	const char *texts[STORE_VERSIONS_MAX];
	struct auth_secrets secrets;
	int rc;
	struct error error;
};

static struct doubt *doubt_of(struct worker_job *job)
{
	return (struct doubt *)((char *)job - offsetof(struct doubt, job));
}

static void ask(struct worker_job *job)
{
	struct doubt *doubt = doubt_of(job);

	doubt->rc = doubt->backend->driver->alive(
		doubt->backend->instance, &doubt->secrets, &doubt->error);
}

static void decide(struct service_backend *backend, bool well, const char *why)
{
	struct log_line line;

	health_decide(&backend->health, well, clock_monotonic_ms());
	if (well)
		return;
	log_begin(&line, LOG_LEVEL_WARNING, "backend");
	log_text(&line, "result", "left-alone");
	log_text(&line, "backend", backend->title);
	log_text(&line, "detail", why);
	log_end(&line);
}

static void free_doubt(struct doubt *doubt)
{
	files_drop(&doubt->files);
	service_drop(&doubt->service);
	explicit_bzero(doubt, sizeof *doubt);
	free(doubt);
}

static void on_answer(struct worker_job *job, bool cancelled)
{
	struct doubt *doubt = doubt_of(job);

	decide(doubt->backend, !cancelled && doubt->rc == 0, doubt->error.text);
	free_doubt(doubt);
}

static void ask_about_nobody(
	struct service *service, struct files *files, struct service_backend *backend)
{
	struct doubt *doubt = backend->driver->alive != NULL ? calloc(1, sizeof *doubt) : NULL;

	if (doubt == NULL) {
		decide(backend, false, "it failed for several people in a row");
		return;
	}
	doubt->service = service_use(service);
	doubt->files = files_use(files);
	doubt->backend = backend;
	doubt->secrets.values = doubt->texts;
	doubt->secrets.count =
		store_texts(files->store, backend->secret_name, clock_wall(), doubt->texts);
	doubt->job = (struct worker_job){.work = ask, .done = on_answer};
	if (worker_submit(backend->queue, &doubt->job) == 0)
		return;
	decide(backend, false, "its queue is full, so it could not be probed");
	free_doubt(doubt);
}

void doubt_failure(struct service *service, struct files *files, struct service_backend *backend,
	uint64_t whom)
{
	if (health_failed(&backend->health, whom, clock_monotonic_ms()))
		ask_about_nobody(service, files, backend);
}

uint64_t doubt_whom(const struct visit *visit, const char *name)
{
	char folded[FOLD_SIZE], browser[2 * TICKET_BROWSER_SIZE + 1] = "";
	uint8_t key[SEAL_HASH_SIZE];
	uint64_t whom;

	if (name != NULL && name[0] == '\0')
		return 0;
	fold_name(name != NULL ? name : "", folded);
	if (name == NULL)
		text_hex(visit->browser.id, TICKET_BROWSER_SIZE, browser);
	seal_hash(store_hash_key(visit->files->store), key, "health", folded, browser, NULL);
	memcpy(&whom, key, sizeof whom);
	return whom;
}
