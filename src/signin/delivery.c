/* SPDX-License-Identifier: MIT */
#include "signin/delivery.h"

#include "pool/worker.h"
#include "signin/doubt.h"
#include "telemetry/log.h"
#include "visit/client.h"

struct delivery {
	struct worker_job job;
	struct service *service;
	struct files *files;
	struct service_backend *backend;
	uint64_t whom;
	struct auth_challenge challenge;
	const char *texts[STORE_VERSIONS_MAX];
	struct auth_secrets secrets;
	int rc;
	struct error error;
};

static void deliver(struct worker_job *job)
{
	struct delivery *delivery =
		(struct delivery *)((char *)job - offsetof(struct delivery, job));

	delivery->rc = delivery->backend->driver->deliver(delivery->backend->instance,
		&delivery->challenge, &delivery->secrets, &delivery->error);
}

static void free_delivery(struct delivery *delivery)
{
	files_drop(&delivery->files);
	service_drop(&delivery->service);
	explicit_bzero(delivery, sizeof *delivery);
	free(delivery);
}

/* A mail that cannot be sent opens the breaker, so that the next visitor is refused at once. */
static void on_delivered(struct worker_job *job, bool cancelled)
{
	struct delivery *delivery =
		(struct delivery *)((char *)job - offsetof(struct delivery, job));
	struct health *health = &delivery->backend->health;
	struct log_line line;

	if (cancelled) {
		delivery->rc = error_set(&delivery->error, "not sent: the backend's queue is full");
		health_abandoned(health, delivery->whom);
	} else if (delivery->rc == 0) {
		health_succeeded(health, delivery->whom);
	} else {
		doubt_failure(
			delivery->service, delivery->files, delivery->backend, delivery->whom);
	}
	/* A delivery refused for this recipient alone returns 0 with an error text: log it, too. */
	if (delivery->error.text[0] != '\0') {
		log_begin(&line, LOG_LEVEL_ERROR, "delivery");
		log_text(&line, "result", delivery->rc == 0 ? "refused" : "failed");
		log_text(&line, "backend", delivery->backend->title);
		log_text(&line, "message", delivery->error.text);
		log_end(&line);
	}
	free_delivery(delivery);
}

int delivery_send(struct visit *visit, struct service_backend *backend,
	const struct auth_challenge *challenge)
{
	struct delivery *delivery = calloc(1, sizeof *delivery);

	if (delivery == NULL)
		return -1;
	delivery->service = service_use(visit->service);
	delivery->files = files_use(visit->files);
	delivery->backend = backend;
	delivery->whom = doubt_whom(visit, challenge->name);
	delivery->challenge = *challenge;
	delivery->secrets.values = delivery->texts;
	delivery->secrets.count =
		store_texts(visit->files->store, backend->secret_name, visit->now, delivery->texts);
	delivery->job.work = deliver;
	delivery->job.done = on_delivered;
	delivery->job.whose = client_whose(visit);
	if (worker_submit(backend->queue, &delivery->job) == 0)
		return 0;
	free_delivery(delivery);
	return -1;
}
