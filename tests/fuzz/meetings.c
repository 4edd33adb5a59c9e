/* SPDX-License-Identifier: MIT
 *
 * The address or id of a meeting, as a visitor brings it to each of the platforms; the first byte
 * says which. A meeting has one name: the name of a name is itself.
 */
#include "fuzz.h"

#include "auth/registry.h"
#include "base/text.h"
#include "config/config.h"
#include "platform/registry.h"

enum { DRIVERS_MAX = 16 };

static const char *const sections[] = {
	"type = \"veeting\"",
	"type = \"jitsi\" app-id = \"a\"",
	"type = \"galene\"",
	"type = \"livekit\" app = \"https://a.example.org/\" allowed-origins = "
	"{\"https://a.example.org\"}",
	"type = \"bigbluebutton\"",
	"type = \"lync\" domains = {\"example.org\"}",
	"type = \"skype\" client-id = \"c\" tenant = \"t.example\" endpoint = \"sip:a@t.example\" "
	"allowed-origins = "
	"{\"https://a.example.org\"} meeting-hosts = {\"meet.example.org\"}",
	"type = \"ucwa\" domains = {\"example.org\"} allowed-origins = "
	"{\"https://a.example.org\"} meeting-hosts = {\"https://meet.example.org\"}",
	"type = \"webex\" client-id = \"C1\" host-email = \"host@example.org\" "
	"meetings-by = {\"number\", \"id\", \"link\"}",
};

static struct opened {
	const struct platform_driver *driver;
	void *instance;
	struct settings *settings;
} opened[DRIVERS_MAX];
static size_t count;

/* Those whose section this build takes. */
static void open_drivers(void)
{
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
		struct error error = {""};
		char text[512];
		struct settings *settings;
		const struct section *section;

		snprintf(text, sizeof text,
			"base-url = \"https://external.example.org/auth\"\nstore = \"/s\"\n"
			"store-key = \"/k\"\nstate = \"memory\"\n"
			"platform \"meet.example.org\" { %s }\n"
			"backend \"staff\" { type = \"file\" users = \"/u\" }\n",
			sections[i]);
		settings = config_load(file_of((const uint8_t *)text, strlen(text)),
			(struct config_types){platform_section_types(), auth_section_types()},
			&error);
		if (settings == NULL) {
			fprintf(stderr, "%s: %s\n", sections[i], error.text);
			continue;
		}
		section = settings->platforms[0];
		opened[count] =
			(struct opened){platform_find(section_type(section)), NULL, settings};
		if (platform_open(opened[count].driver, section, &opened[count].instance, &error) !=
			0) {
			fprintf(stderr, "%s: %s\n", sections[i], error.text);
			abort();
		}
		count++;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const struct opened *platform;
	struct error error = {""};
	char *text, *id, *again;

	if (count == 0)
		open_drivers();
	if (length == 0)
		return 0;
	platform = &opened[*bytes % count];
	text = copy_of(bytes + 1, length - 1);
	if (platform_meeting_id(platform->driver, platform->instance, text, &id, &error) == 0) {
		PROMISE(text_is_printable(id) && id[0] != '\0');
		PROMISE(platform_meeting_id(
				platform->driver, platform->instance, id, &again, &error) == 0);
		PROMISE(strcmp(id, again) == 0);
		free(again);
		free(id);
	} else {
		PROMISE(id == NULL && error.text[0] != '\0');
	}
	free(text);
	return 0;
}
