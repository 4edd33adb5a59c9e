/* SPDX-License-Identifier: MIT
 *
 * The records on a FastCGI connection. What is broken stays broken, and what is whole was never
 * broken before, wherever the bytes are cut. What is whole is parsed, and its parameters alone
 * where they are all there.
 */
#include "fuzz.h"

#include "pool/fastcgi.h"

static void parse(const uint8_t *bytes, const struct framing_result *framing)
{
	struct request request;
	const char *at;

	PROMISE(fastcgi_parse(bytes, framing, &request) == 0);
	PROMISE(request.params_size <= framing->params_length);
	PROMISE(request.body_length == (framing->end > 0 ? framing->body_length : 0));
	for (at = request.block; at < request.block + request.params_size; at += strlen(at) + 1)
		PROMISE(strchr(at, '=') != NULL);
	PROMISE(at == request.body);
	request_release(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct framing_result part, whole;
	uint16_t last_id = (uint16_t)(length % 3);
	enum framing verdict = framing_check(bytes, length, last_id, &whole);

	for (size_t cut = 0; cut < length; cut += 1 + length / 64) {
		enum framing before = framing_check(bytes, cut, last_id, &part);

		PROMISE(before != FRAMING_BROKEN || verdict == FRAMING_BROKEN);
		PROMISE(cut < FRAMING_REQUEST_MAX || before != FRAMING_PARTIAL);
		PROMISE(part.params_end <= cut && part.body_length <= cut);
		if (before == FRAMING_PARTIAL && part.params_end > 0)
			parse(bytes, &part);
	}
	PROMISE(verdict > FRAMING_PARTIAL ? whole.end > 0 && whole.end <= length : whole.end == 0);
	if (verdict > FRAMING_PARTIAL && whole.end < length)
		PROMISE(whole.keep || verdict != FRAMING_COMPLETE);
	if (verdict == FRAMING_COMPLETE) {
		PROMISE(whole.request_id != 0 && whole.body_length <= FRAMING_BODY_MAX);
		parse(bytes, &whole);
	}
	return 0;
}
