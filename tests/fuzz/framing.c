/* SPDX-License-Identifier: MIT
 *
 * The records of a FastCGI request. What is broken stays broken, and what is whole was never broken
 * before, wherever the bytes are cut.
 */
#include "fuzz.h"

#include "pool/framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct framing_result part, whole;
	enum framing verdict = framing_check(bytes, length, &whole);

	for (size_t cut = 0; cut < length; cut += 1 + length / 64) {
		enum framing before = framing_check(bytes, cut, &part);

		PROMISE(before != FRAMING_BROKEN || verdict == FRAMING_BROKEN);
		PROMISE(cut < FRAMING_REQUEST_MAX || before != FRAMING_PARTIAL);
		PROMISE(part.params_end <= cut && part.body_length <= cut);
	}
	if (verdict == FRAMING_COMPLETE)
		PROMISE(whole.request_id != 0 && whole.body_length <= FRAMING_BODY_MAX);
	return 0;
}
