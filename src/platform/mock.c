/* SPDX-License-Identifier: MIT
 *
 * Platform "mock": the smallest driver there can be, for tests; HACKING.md says how to make a
 * driver of your own of it.
 *
 * Only tests build it, with MEETAUTH_MOCK defined. No program that is installed has it.
 */
#include "platform/platform.h"

static const struct option mock_options[] = {
	{"api", OPTION_TEXT, "http://127.0.0.1", "where the exchange goes",
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

/* A 200's whole body is the token; 403 is a no. */
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
	.summary = "takes any answer for a token (tests only)",
	.options = mock_options,
	.instance_size = sizeof(struct platform_peer),
	.exchange = &(const struct platform_exchange_ops){.request_target = mock_request_target,
		.read_answer = mock_read_answer},
	.secret = &(const struct platform_secret_ops){.generated_hint = "keep it"},
	.open = mock_open,
	.redirect_url = mock_redirect_url,
};
