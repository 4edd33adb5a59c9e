/* SPDX-License-Identifier: MIT
 *
 * Which platform drivers there are: one row each. One whose library a build lacks keeps its row
 * with NULL (#ifdef HAVE_… / #else), so that its name is still known.
 */
#include "platform/platform.h"

#include <pthread.h>

extern const struct platform_driver platform_veeting, platform_jitsi, platform_bigbluebutton,
	platform_galene, platform_livekit, platform_webex, platform_skype, platform_ucwa,
	platform_lync;
#ifdef MEETAUTH_MOCK
extern const struct platform_driver platform_mock;
#endif

static const struct {
	const char *type;
	const struct platform_driver *driver;
} rows[] = {
	{"veeting", &platform_veeting},
#ifdef HAVE_CJOSE
	{"jitsi", &platform_jitsi},
	{"galene", &platform_galene},
	{"livekit", &platform_livekit},
	{"webex", &platform_webex},
#else
	{"jitsi", NULL},
	{"galene", NULL},
	{"livekit", NULL},
	{"webex", NULL},
#endif
#if defined HAVE_EXPAT && defined HAVE_CRYPTO
	{"bigbluebutton", &platform_bigbluebutton},
#else
	{"bigbluebutton", NULL},
#endif
	{"skype", &platform_skype},
#ifdef HAVE_EXPAT
	{"ucwa", &platform_ucwa},
#else
	{"ucwa", NULL},
#endif
	{"lync", &platform_lync},
#ifdef MEETAUTH_MOCK
	{"mock", &platform_mock},
#endif
};

enum { ROWS = sizeof rows / sizeof *rows };

const struct platform_driver *platform_find(const char *type, bool *compiled_out_r)
{
	*compiled_out_r = false;
	for (size_t i = 0; i < ROWS; i++) {
		if (strcmp(rows[i].type, type) != 0)
			continue;
		*compiled_out_r = rows[i].driver == NULL;
		return rows[i].driver;
	}
	return NULL;
}

bool platform_takes_browsers(const struct platform_driver *driver, const struct platform_peer *peer)
{
	if (driver->scripts_only)
		return peer->app != NULL;
	return driver->entry != NULL || driver->landing != NULL;
}

const struct platform_driver *platform_at(size_t index)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].driver != NULL && index-- == 0)
			return rows[i].driver;
	return NULL;
}

const char *platform_missing_at(size_t index)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].driver == NULL && index-- == 0)
			return rows[i].type;
	return NULL;
}

static struct section_type types[ROWS + 1];

static void fill_types(void)
{
	for (size_t i = 0; platform_at(i) != NULL; i++)
		types[i] = (struct section_type){platform_at(i)->type, platform_at(i)->options};
}

const struct section_type *platform_section_types(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fill_types);
	return types;
}
