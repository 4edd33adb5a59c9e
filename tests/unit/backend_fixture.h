/* SPDX-License-Identifier: MIT
 *
 * What the tests of backends share: an instance with the options that stand there.
 */
#ifndef BACKEND_FIXTURE_H
#define BACKEND_FIXTURE_H

#include "section_fixture.h"

#include "auth/registry.h"

/* Opens a backend "staff", whose options begin in the fifth line of the file. */
static inline int try_open(struct fixture *fixture, const struct auth_backend *backend,
	const char *options, void **instance_r, struct error *error)
{
	const struct option none[] = {{0}};
	const struct section_type platforms[] = {{"test", none}, {0}};
	const struct section_type backends[] = {{backend->type, backend->options}, {0}};

	if (try_configure(fixture, (struct config_types){platforms, backends}, error,
		    "platform \"meeting.example.org\" { type = \"test\" }\n"
		    "backend \"staff\" {\n type = \"%s\"\n%s\n}\n",
		    backend->type, options) != 0)
		return -1;
	*instance_r = auth_open(backend, fixture->settings->backends[0], error);
	return *instance_r != NULL ? 0 : -1;
}

static inline void *open_backend(
	struct fixture *fixture, const struct auth_backend *backend, const char *options)
{
	struct error error = {""};
	void *instance = NULL;

	if (try_open(fixture, backend, options, &instance, &error) != 0)
		fail_msg("%s", error.text);
	return instance;
}

/* Whether a session of that subject may go on. */
static inline bool stands(const struct auth_backend *backend, void *instance, const char *subject)
{
	const struct identity who = {.subject = (char *)subject};

	return backend->session_valid(instance, &who);
}

/* It does not open, names the line (0: whichever) and has these words for it. */
static inline void refuses(struct fixture *fixture, const struct auth_backend *backend,
	const char *options, int line, const char *words)
{
	struct error error = {""};
	void *instance = NULL;
	char place[160];

	if (try_open(fixture, backend, options, &instance, &error) != -1)
		fail_msg("taken: %s", options);
	assert_null(instance);
	snprintf(place, sizeof place, line > 0 ? "%s:%d: " : "%s:", fixture->conf, line);
	if (strncmp(error.text, place, strlen(place)) != 0 || strstr(error.text, words) == NULL)
		fail_msg("%s: \"%s…%s\" expected: %s", options, place, words, error.text);
}

#endif
