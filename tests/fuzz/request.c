/* SPDX-License-Identifier: MIT
 *
 * The parameters of a FastCGI request, one a line, and behind an empty line its body.
 */
#include "fuzz.h"

#include "http/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *block = calloc(1, length + 2), *gap; /* the last line may lack its end */
	size_t params_size = length > 0 ? length + 1 : 0, body_length = 0;
	struct request request;

	PROMISE(block != NULL);
	if (length > 0)
		memcpy(block, bytes, length);
	gap = memmem(block, length, "\n\n", 2);
	if (gap != NULL) {
		params_size = (size_t)(gap + 1 - block);
		body_length = length - params_size - 1;
		memmove(gap + 1, gap + 2, body_length + 1);
	}
	for (size_t i = 0; i < params_size; i++)
		if (block[i] == '\n')
			block[i] = '\0';
	if (request_init(&request, block, params_size, body_length) == 0) {
		PROMISE(request.path[0] == '/');
		PROMISE(request.body_length == body_length && strlen(request.body) == body_length);
		PROMISE(strlen(request.id) > 0);
	} else {
		PROMISE(request.arrival == REQUEST_BROKEN);
	}
	request_wants_json(&request);
	request_wants_page(&request);
	request_param(&request, "HTTP_HOST");
	request_shrink(&request);
	PROMISE(request.client != NULL && request.accept_language != NULL);
	request_release(&request);
	return 0;
}
