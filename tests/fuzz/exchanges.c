/* SPDX-License-Identifier: MIT
 *
 * The answer of a platform to the exchange of a request token: status and body. Nothing but a token
 * that can stand in an address is taken for one, and jansson alone reads the same.
 */
#include "fuzz.h"

#include "base/text.h"
#include "platform/registry.h"
#include "platform/shared/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const long statuses[] = {200, 201, 204, 302, 400, 401, 403, 404, 429, 500, 503};
	const struct platform_driver *driver = platform_find("veeting");
	struct join join = {.platform = (char *)"meet.example.org",
		.meeting_id = (char *)"1234",
		.meeting_token = (char *)"1234",
		.request_token = (char *)"request"};
	struct buffer token = BUFFER_INIT(PLATFORM_TOKEN_MAX);
	struct platform_answer answer = {0};
	struct error error = {""};
	char *body;
	json_t *object, *reference;
	void *instance;

	if (length == 0)
		return 0;
	body = copy_of(bytes + 1, length - 1);
	answer = (struct platform_answer){
		statuses[*bytes % (sizeof statuses / sizeof *statuses)], body, length - 1};
	instance = calloc(1, driver->instance_size);
	if (driver->exchange->read_answer(instance, &join, &answer, &token, &error) ==
		PLATFORM_GRANTED)
		PROMISE(token.length > 0 && text_is_visible_ascii(token.data));
	else
		PROMISE(error.text[0] != '\0' && text_is_printable(error.text));
	object = answer_object(body, length - 1, &error);
	reference = json_loadb(body, length - 1, JSON_REJECT_DUPLICATES, NULL);
	PROMISE(object != NULL ? json_equal(object, reference) : !json_is_object(reference));
	json_decref(reference);
	if (object != NULL) {
		const char *text = answer_text(object, "token", 100);
		int64_t number;

		PROMISE(text == NULL || (strlen(text) <= 100 && text_is_visible_ascii(text)));
		if (answer_number(object, "expires", ANSWER_NUMBER_OR_DIGITS, 1, 9999, &number) ==
			0)
			PROMISE(number >= 1 && number <= 9999);
		json_decref(object);
	}
	buffer_release(&token);
	free(instance);
	free(body);
	return 0;
}
