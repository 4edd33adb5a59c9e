/* SPDX-License-Identifier: MIT
 *
 * meetauthd: the start and the end of one process of the pool.
 */
#include "base/clock.h"
#include "base/confine.h"
#include "base/fiber.h"
#include "base/memory.h"
#include "base/process.h"
#include "join/exchange.h"
#include "options.h"
#include "pool/loop.h"
#include "pool/parent.h"
#include "pool/signals.h"
#include "pool/socket.h"
#include "pool/worker.h"
#include "routes.h"
#include "service/lint.h"
#include "service/reload.h"
#include "service/state.h"
#include "service/upkeep.h"
#include "service/user.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

#include <curl/curl.h>
#include <limits.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

/* What one process holds. */
struct process {
	uv_loop_t loop;
	struct outbound *outbound;
	struct reload *reload;
	struct upkeep *upkeep;
	struct server server;
	int fd;		      /* the listening socket */
	unsigned connections; /* that may wait there to become a request */
	bool confined;
};

static int fail(int status, const struct error *error)
{
	fprintf(stderr, "meetauthd: %s\n", error->text);
	return status;
}

static int print_version(void)
{
	const struct auth_backend *backend;
	const struct platform_driver *driver;
	const char *type;

	printf("meetauthd %s\n", PACKAGE_VERSION_TEXT);
	for (size_t i = 0; (backend = auth_at(i)) != NULL; i++)
		printf("backend  %-12s %s\n", backend->type, backend->summary);
	for (size_t i = 0; (driver = platform_at(i)) != NULL; i++)
		printf("platform %-12s %s\n", driver->type, driver->summary);
	for (size_t i = 0; (type = auth_missing_at(i)) != NULL; i++)
		printf("missing  %-12s backend that is not in this build\n", type);
	for (size_t i = 0; (type = platform_missing_at(i)) != NULL; i++)
		printf("missing  %-12s platform that is not in this build\n", type);
	return EX_OK;
}

static void print_finding(void *context, const struct service_finding *finding)
{
	(void)context;
	if (finding->line > 0)
		fprintf(stderr, "meetauthd: %s:%d: warning: %s: %s\n", finding->file, finding->line,
			finding->about, finding->text);
	else
		fprintf(stderr, "meetauthd: %s: warning: %s: %s\n", finding->file, finding->about,
			finding->text);
}

/* No start needs them, and no join works without. */
static void print_missing_secrets(const struct service *service)
{
	const char *name;

	for (size_t at = 0; (name = service_missing_secret(service, &at)) != NULL;)
		fprintf(stderr,
			"meetauthd: %s: warning: no secret in the store: \"meetauthctl "
			"secret set %s\"\n",
			service->settings->file, name);
}

/* Where values come from that the file does not have. */
static void print_variables(const struct settings *settings)
{
	const char *about;

	for (size_t i = 0; (about = config_variable(settings, i)) != NULL; i++)
		fprintf(stderr, "meetauthd: environment: %s\n", about);
}

/* -t: everything a start would load. */
static int test_configuration(const char *file)
{
	struct error error = {0};
	struct service *service = NULL;

	if (service_become_user(file, &error) == 0)
		service = service_load(file, &error);
	if (service == NULL)
		return fail(1, &error);
	if (!service->settings->policy.present)
		fprintf(stderr,
			"meetauthd: %s: no policy section: every user who signs in may join "
			"every meeting\n",
			file);
	print_variables(service->settings);
	service_lint(service, clock_wall(), print_finding, (void *)file);
	print_missing_secrets(service);
	fprintf(stderr, "meetauthd: %s: good\n", file);
	service_drop(&service);
	return EX_OK;
}

/* Raises the limit of descriptors as far as it may be raised, and shares it out: what the program
 * itself needs, connections whose request is still to come, and visits, each of which holds two
 * while it waits for a platform. */
static void share_descriptors(struct process *process)
{
	enum { OWN = 64, LEAST = 1024 };
	struct rlimit limit = {LEAST, LEAST};
	unsigned descriptors;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	descriptors = limit.rlim_cur < INT_MAX ? (unsigned)limit.rlim_cur : INT_MAX;
	descriptors -= descriptors > 2 * OWN ? OWN : descriptors / 2;
	process->connections =
		descriptors / 4 < LISTENER_CONNECTIONS ? descriptors / 4 : LISTENER_CONNECTIONS;
	process->server.most_in_flight = (descriptors - process->connections) / 2;
}

/* What the settings say about the process: when it starts, and at each reload. */
static void apply(void *context, const struct settings *settings)
{
	static const enum log_target targets[] = {
		[CONFIG_LOG_STDERR] = LOG_TO_STDERR,
		[CONFIG_LOG_SYSLOG] = LOG_TO_SYSLOG,
		[CONFIG_LOG_JOURNAL] = LOG_TO_JOURNAL,
	};
	const struct process *process = context;
	unsigned most = process->server.most_in_flight;

	log_setup(targets[settings->log],
		settings->log_format == CONFIG_JSON ? LOG_AS_JSON : LOG_AS_LOGFMT);
	if (settings->max_in_flight > most)
		log_message(LOG_LEVEL_WARNING, "limit",
			"max-in-flight is %u, and %u is used: more would want a higher limit of "
			"descriptors (ulimit -Hn, LimitNOFILE=)",
			settings->max_in_flight, most);
}

/* Before the loop and its threads are made, and after what a start may still need. */
static bool confine(const struct settings *settings)
{
	struct error error = {""};

	if (!settings->confine)
		return false;
	if (confine_exempts()[0] != '\0') {
		log_message(LOG_LEVEL_INFO, "confine",
			"%s has privileges of its own, so this process gives up none",
			confine_exempts());
		return false;
	}
	if (confine_process(&error) == 0)
		return true;
	log_message(confine_refuses_calls() ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "confine", "%s",
		error.text);
	return false;
}

/* -- what the loop calls -- */

static void receive(void *context, const struct reply *reply, struct request *request)
{
	struct process *process = context;

	visit_begin(&process->server, reply, request);
}

static void each_turn(void *context)
{
	struct process *process = context;

	exchange_claim_all(&process->server);
}

static void hang_up(void *context)
{
	struct process *process = context;

	reload_all(process->reload);
}

static unsigned reloads(void *context)
{
	const struct process *process = context;

	return reload_count(process->reload);
}

static void drain(void *context)
{
	struct process *process = context;

	process->server.draining = true;
}

static unsigned in_flight(void *context)
{
	const struct process *process = context;

	return process->server.in_flight;
}

static int64_t drain_timeout_ms(void *context)
{
	const struct process *process = context;

	return process->server.service->settings->drain_timeout_ms;
}

/* -- life -- */

static const char *state_password_of(enum state_peer peer, void *context)
{
	const struct server *server = context;

	return service_state_password(server->service->files->store, peer);
}

static struct state *open_state(struct server *server, struct error *error)
{
	const struct settings *settings = server->service->settings;
	struct state_options options = service_state_options(settings);

	options.password = state_password_of;
	options.context = server;
	options.loop = server->loop;
	state_make_folder(settings->state);
	return state_open(&options, error);
}

/* NULL: the process counts for itself. */
static const char *metrics_folder(const struct server *server)
{
	const char *folder = server->service->settings->metrics_folder;

	return folder[0] != '\0' ? folder : state_folder(server->state);
}

/* Takes over the use of `service`. 0, or an exit status. */
static int start(struct process *process, struct service *service, struct error *error)
{
	struct server *server = &process->server;

	uv_loop_init(&process->loop);
	worker_setup(&process->loop, service_threads(service));
	server->loop = &process->loop;
	server->routes = &routes;
	process->outbound = outbound_new(&process->loop);
	process->reload = reload_new(
		&process->loop, process->outbound, service, &server->service, apply, process);
	server->reload = process->reload;
	service_connect(service, process->outbound);
	if (signals_ignore(error) != 0)
		return EX_OSERR;
	server->state = open_state(server, error);
	if (server->state == NULL)
		return EX_UNAVAILABLE;
	if (metrics_open(metrics_folder(server), error) != 0)
		return EX_UNAVAILABLE;
	level_set(METRIC_START, clock_wall());
	level_set(METRIC_LOAD_GOOD, 1);
	level_set(METRIC_LOAD_TIME, clock_wall());
	process->upkeep = upkeep_new(&process->loop, server->state, &server->service);
	server->upkeep = process->upkeep;
	return EX_OK;
}

static void stop(struct process *process)
{
	upkeep_free(&process->upkeep); /* before what it looks at */
	reload_free(&process->reload);
	state_close(&process->server.state);
	outbound_free(&process->outbound);
	uv_run(&process->loop, UV_RUN_DEFAULT); /* until the last handle is closed */
	uv_loop_close(&process->loop);
	fibers_end();
	metrics_close();
	log_flush();
}

static int serve(struct process *process, struct error *error)
{
	const struct loop_hooks hooks = {
		.context = process,
		.receive = receive,
		.each_turn = each_turn,
		.hang_up = hang_up,
		.reloads = reloads,
		.drain = drain,
		.in_flight = in_flight,
		.drain_timeout_ms = drain_timeout_ms,
		.connections = process->connections,
	};
	struct log_line line;
	int rc;

	log_begin(&line, LOG_LEVEL_INFO, "start");
	log_text(&line, "version", PACKAGE_VERSION_TEXT);
	log_text(&line, "file", process->server.service->settings->file);
	log_number(&line, "pid", getpid());
	log_text(&line, "confined", process->confined ? "yes" : "no");
	log_end(&line);
	log_flush();
	rc = loop_run(&process->loop, process->fd, &hooks, error);
	if (rc < 0)
		return EX_OSERR;
	log_message(LOG_LEVEL_INFO, "stop", "bye");
	/* Requests that were cut off still use the loop, so the exit frees them. A renewal is
	 * finished first: the platform may no longer accept the old secret. */
	if (rc > 0) {
		upkeep_free(&process->upkeep);
		log_flush();
		_exit(EX_OK);
	}
	return EX_OK;
}

/* EX_OK, or an exit status. */
static int take_socket(const struct options *options, int *fd_r, struct error *error)
{
	*fd_r = STDIN_FILENO;
	if (options->listen == NULL)
		return socket_passed(fd_r, error) >= 0 && socket_adopt(*fd_r, error) == 0
			       ? EX_OK
			       : EX_USAGE;
	*fd_r = socket_open(options->listen, error);
	return *fd_r >= 0 ? EX_OK : EX_UNAVAILABLE;
}

static int run(const struct options *options, struct error *error)
{
	static struct process process;
	struct service *service = NULL;
	int status;

	if (service_become_user(options->config, error) == 0)
		service = service_load(options->config, error);
	if (service == NULL)
		return EX_CONFIG;
	memory_trim(); /* what the load did not keep */
	share_descriptors(&process);
	apply(&process, service->settings);
	service_log_findings(service, clock_wall());
	status = take_socket(options, &process.fd, error);
	if (status != EX_OK) {
		service_drop(&service);
		return status;
	}
	process.confined = confine(service->settings);
	status = start(&process, service, error);
	if (status == EX_OK)
		status = serve(&process, error);
	stop(&process);
	return status;
}

/* Prepares the parent of a pool: gives up root and opens the socket. Returns an exit status. */
static int prepare(const struct options *options, int *fd_r, struct error *error)
{
	if (service_become_user(options->config, error) != 0)
		return EX_CONFIG;
	return take_socket(options, fd_r, error);
}

/* A parent that is still root calls this until the configuration names the user to become; before
 * that, it touches nothing of that user. A process that has given up root only in part ends. */
static int try_again(void *context, int *fd_r, struct error *error)
{
	int status = prepare(context, fd_r, error);

	if (status != EX_OK && geteuid() != 0)
		exit(fail(status, error));
	return status == EX_OK ? 0 : -1;
}

/* The parent of a pool: it needs no libraries, and the configuration only to stop being root. */
static int run_parent(struct options *options, char **argv, struct error *error)
{
	char *arguments[] = {
		argv[0], (char *)(uintptr_t) "-c", (char *)(uintptr_t)options->config, NULL};
	struct parent_options parent = {
		.program = (const char *)getauxval(AT_EXECFN),
		.arguments = arguments,
		.own_arguments = argv,
		.processes = options->processes,
		.start_ms = PARENT_START_MS,
		.drain_extra_ms = PARENT_DRAIN_EXTRA_MS,
		.fd = parent_inherited_socket(),
		.prepare = try_again,
		.context = options,
	};
	int status = EX_OK;

	/* A parent that takes over from another already has its user and its socket. */
	if (parent.fd < 0)
		status = prepare(options, &parent.fd, error);
	if (status == EX_CONFIG && geteuid() == 0) {
		parent.fd = -1;
		status = EX_OK;
	}
	if (status == EX_OK && parent_run(&parent, error) != 0)
		status = EX_OSERR;
	return status == EX_OK ? status : fail(status, error);
}

int main(int argc, char **argv)
{
	struct options options;
	struct error error = {0};
	int status;

	signals_hold();
	process_begin();
	memory_setup();
	if (options_parse(argc, argv, &options) != 0) {
		fprintf(stderr, "Try \"meetauthd -h\".\n");
		return EX_USAGE;
	}
	if (options.help) {
		fputs(options_help, stdout);
		return EX_OK;
	}
	if (options.version)
		return print_version();
	if (options.processes > 0 && !options.test)
		return run_parent(&options, argv, &error);
	if (options.test)
		signals_release();
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		error_set(&error, "libcurl does not start");
	if (error.text[0] != '\0' || secret_init(&error) != 0)
		return fail(EX_OSERR, &error);
	status = options.test ? test_configuration(options.config) : run(&options, &error);
	if (status != EX_OK && !options.test)
		fail(status, &error);
	curl_global_cleanup();
	return status;
}
