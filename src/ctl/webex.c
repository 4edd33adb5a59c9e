/* SPDX-License-Identifier: MIT
 *
 * meetauthctl webex authorize: obtains the first secret of a platform by an operator's sign-in.
 */
#include "ctl/ctl.h"

#include "base/clock.h"
#include "base/memory.h"
#include "ctl/callback.h"
#include "ctl/given.h"
#include "ctl/secret_name.h"
#include "secret/seal.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define REDIRECT_URI "http://localhost:8421/callback"

enum { WAIT_S = 600, RANDOM_BYTES = 32, RANDOM_TEXT = 43 };

/* The state of one sign-in. */
struct authorizing {
	char state[RANDOM_TEXT + 1], verifier[RANDOM_TEXT + 1], challenge[RANDOM_TEXT + 1];
	char code[CALLBACK_CODE_MAX + 1];
	struct platform_authorization what;
	struct buffer client_secret, url, secret;
};

static void encode(const uint8_t bytes[RANDOM_BYTES], char text[RANDOM_TEXT + 1])
{
	sodium_bin2base64(text, RANDOM_TEXT + 1, bytes, RANDOM_BYTES,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* Makes state, verifier and challenge (RFC 7636 section 4.2). */
static void make_randoms(struct authorizing *authorizing)
{
	uint8_t bytes[RANDOM_BYTES];

	seal_random(bytes, sizeof bytes);
	encode(bytes, authorizing->state);
	seal_random(bytes, sizeof bytes);
	encode(bytes, authorizing->verifier);
	crypto_hash_sha256(bytes, (const unsigned char *)authorizing->verifier, RANDOM_TEXT);
	encode(bytes, authorizing->challenge);
}

/* Reads one line of standard input. The next line may contain the code. */
static void read_first_line(struct buffer *text)
{
	char letter;

	while (read(STDIN_FILENO, &letter, 1) == 1 && letter != '\n')
		if (letter != '\r')
			buffer_append(text, &letter, 1);
	if (text->failed || text->length == 0)
		ctl_die(EX_DATAERR, "the first line of standard input is not a client secret");
}

/* Finds the client secret in the store, or asks the operator for it. Exits if the result could not
 * be stored, before anybody signs in. */
static void find_client_secret(
	const struct ctl *ctl, const struct secret_name *name, struct buffer *client_secret)
{
	struct store *store =
		ctl_need(1, store_open(ctl->settings->store, ctl->settings->store_key, &ctl_error));
	const char *texts[STORE_VERSIONS_MAX];
	struct secret *typed;
	size_t count;

	count = store_texts(store, name->stored, clock_wall(), texts);
	if (count == STORE_VERSIONS_MAX)
		ctl_die(1,
			"%s has %d versions already; retire one first (\"meetauthctl secret "
			"list\")",
			name->stored, STORE_VERSIONS_MAX);
	if (count == 0 || ctl->given.ask_secret ||
		name->platform->secret->client_secret(texts[0], client_secret) != 0) {
		buffer_clear(client_secret);
		if (isatty(STDIN_FILENO)) {
			typed = ctl_need(EX_DATAERR,
				secret_read(STDIN_FILENO, "Client secret: ", &ctl_error));
			buffer_text(client_secret, secret_text(typed));
			secret_free(&typed);
		} else {
			read_first_line(client_secret);
		}
	}
	store_free(&store);
}

static void wait_for_code(struct ctl *ctl, struct authorizing *authorizing)
{
	struct callback callback = {.state = authorizing->state, .reads_input = true};
	struct error error;
	int rc = callback_listen(&callback, authorizing->what.redirect_uri, &error);

	if (rc < 0 && callback.path[0] == '\0')
		ctl_usage(ctl->command, "--redirect: %s", error.text);
	printf("Open this URL in a browser and sign in at Webex:\n\n%s\n\n", authorizing->url.data);
	if (rc < 0)
		printf("A browser cannot be redirected to this machine (%s).\n", error.text);
	printf("%s the URL at which the browser ends, or the code in it, and press Enter.\n",
		rc == 0 ? "Waiting. From a browser on another machine, paste" : "Then paste");
	fflush(stdout);
	ctl_must(1, callback_wait(&callback, WAIT_S, authorizing->code, &ctl_error));
	callback_close(&callback);
}

static unsigned store_secret(
	const struct ctl *ctl, const struct secret_name *name, const struct buffer *text)
{
	const struct settings *settings = ctl->settings;
	struct secret *value = secret_new(text->data, text->length);
	unsigned version;

	if (value == NULL)
		xno_memory();
	ctl_must(1, store_check_value(value, &ctl_error));
	ctl_must(1, store_set(settings->store, settings->store_key, name->stored, value, 0,
			    &version, &ctl_error));
	secret_free(&value);
	return version;
}

static int run_authorize(struct ctl *ctl)
{
	struct secret_name name = secret_name_find(ctl, ctl->given.operands[0]);
	struct authorizing authorizing = {.client_secret = BUFFER_INIT(SECRET_MAX),
		.url = BUFFER_INIT(8192),
		.secret = BUFFER_INIT(SECRET_MAX)};
	void *instance;

	if (name.platform == NULL || name.platform->secret == NULL ||
		name.platform->secret->redeem_code == NULL)
		ctl_usage(ctl->command, "%s is not a platform of type \"webex\"", name.stored);
	ctl_must(EX_CONFIG, platform_open(name.platform, name.section, &instance, &ctl_error));
	make_randoms(&authorizing);
	authorizing.what = (struct platform_authorization){
		.redirect_uri = ctl->given.redirect != NULL ? ctl->given.redirect : REDIRECT_URI,
		.state = authorizing.state,
		.verifier = authorizing.verifier,
		.challenge = authorizing.challenge};
	ctl_must(EX_CONFIG, name.platform->secret->authorization_url(
				    instance, &authorizing.what, &authorizing.url, &ctl_error));
	find_client_secret(ctl, &name, &authorizing.client_secret);
	wait_for_code(ctl, &authorizing);
	ctl_must(1, name.platform->secret->redeem_code(instance, &authorizing.what,
			    authorizing.client_secret.data, authorizing.code, clock_wall(),
			    &authorizing.secret, &ctl_error));
	printf("%s: version %u stored; a running meetauthd uses it within two seconds\n",
		name.stored, store_secret(ctl, &name, &authorizing.secret));
	buffer_wipe(&authorizing.client_secret);
	buffer_wipe(&authorizing.secret);
	buffer_release(&authorizing.url);
	explicit_bzero(&authorizing, sizeof authorizing);
	platform_close(name.platform, &instance);
	return EX_OK;
}

const struct ctl_command ctl_webex_commands[] = {
	{"webex authorize", "PLATFORM [--redirect ADDRESS] [--ask-secret]",
		"sign in at Webex in a browser and store the tokens that Webex returns",
		run_authorize, .changes = true},
	{0},
};
