/* SPDX-License-Identifier: MIT
 *
 * What the tests of the platform "veeting" share: opened instances and a join.
 */
#ifndef VEETING_FIXTURE_H
#define VEETING_FIXTURE_H

#include "section_fixture.h"

#include "auth/registry.h"
#include "platform/registry.h"

#define HOST "meeting.example.org"

extern const struct platform_driver platform_veeting;

static const struct platform_driver *const veeting = &platform_veeting;

/* The section `platform "TITLE" { type = "veeting" OPTIONS }`, each option on line 4. */
static inline int try_open(struct fixture *fixture, const char *title, const char *options_text,
	void **instance_r, struct error *error)
{
	if (try_configure(fixture,
		    (struct config_types){platform_section_types(), auth_section_types()}, error,
		    "platform \"%s\" {\n type = \"veeting\"\n %s\n}\n"
		    "backend \"staff\" { type = \"file\" users = \"/u\" }\n",
		    title, options_text) != 0)
		return -1;
	return platform_open(veeting, fixture->settings->platforms[0], instance_r, error);
}

static inline void *open_titled(
	struct fixture *fixture, const char *title, const char *options_text)
{
	struct error error = {""};
	void *instance = NULL;

	if (try_open(fixture, title, options_text, &instance, &error) != 0)
		fail_msg("%s", error.text);
	return instance;
}

static inline void *open_with(struct fixture *fixture, const char *options_text)
{
	return open_titled(fixture, HOST, options_text);
}

/* A join with values that need no encoding. */
static inline struct join plain_join(void)
{
	return (struct join){
		.platform = strdup(HOST),
		.meeting_id = strdup("5f521a93c20ff6721fbb6a6c"),
		.meeting_token = strdup("8320-2640-2482-3499"),
		.request_token = strdup("dedf1722-661f"),
	};
}

#endif
