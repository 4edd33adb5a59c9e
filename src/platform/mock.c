/* SPDX-License-Identifier: MIT
 *
 * Platform "mock": the smallest possible driver, for tests. HACKING.md explains how to start a new
 * driver from it.
 *
 * It is built for tests only, with MEETAUTH_MOCK defined, and is in no installed program.
 */
#include "platform/platform.h"

static const struct option mock_options[] = {
	{"api", OPTION_TEXT, "http://127.0.0.1", "URL of the exchange",
		OPTION_INTO(struct platform_peer, api)},
	{"timeout", OPTION_DURATION, "1s", "for the whole exchange", .min = 1,
		OPTION_INTO(struct platform_peer, timeout_ms)},
	{0},
};

static int mock_open(void *instance, const struct section *section, struct error *error)
{
	struct platform_peer *peer = instance;

	peer->site = peer->api;
	peer->connect_timeout_ms = peer->timeout_ms;
	return 0;
}

static void mock_request_target(
	const void *instance, const struct join *join, const char *secret, struct buffer *target)
{
	buffer_text(target, "/exchange/");
	buffer_percent(target, secret);
	buffer_text(target, "/");
	buffer_percent(target, join->request_token);
}

/* The body of a 200 is the token. A 403 is a refusal. */
static enum platform_verdict mock_read_answer(const void *instance, const struct join *join,
	const struct platform_answer *answer, struct buffer *token, struct error *error)
{
	if (answer->status == 200 && answer->length <= PLATFORM_TOKEN_MAX) {
		buffer_append(token, answer->body, answer->length);
		return PLATFORM_GRANTED;
	}
	error_set(error, "the answer is HTTP %ld", answer->status);
	return answer->status == 403 ? PLATFORM_REFUSED : PLATFORM_BAD_ANSWER;
}

static void mock_redirect_url(const void *instance, const struct join *join, const char *token,
	const struct identity *who, struct buffer *url)
{
	const struct platform_peer *peer = instance;

	buffer_printf(url, "%s/meeting/", peer->site);
	buffer_percent(url, join->meeting_token);
	buffer_text(url, "?token=");
	buffer_percent(url, token);
}

const struct platform_driver platform_mock = {
	.type = "mock",
	.summary = "accepts any answer as a token (tests only)",
	.options = mock_options,
	.instance_size = sizeof(struct platform_peer),
	.exchange = &(const struct platform_exchange_ops){.request_target = mock_request_target,
		.read_answer = mock_read_answer},
	.secret = &(const struct platform_secret_ops){.generated_hint = "keep it"},
	.open = mock_open,
	.redirect_url = mock_redirect_url,
};
