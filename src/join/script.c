/* SPDX-License-Identifier: MIT
 *
 * POST MOUNT/token/PLATFORM: the five steps for the script of a page of an allowed origin, or for a
 * native application. The request is JSON, which HTML forms cannot send and for which browsers send
 * a preflight from other origins (Fetch standard, "CORS protocol"). Scripts of our own site send
 * the session cookie. Scripts of other sites and native applications send the code with which a
 * visit ended (handover.c). The script of a platform whose own page asks for them sends user name
 * and password. Failures are JSON, too, and the response never sets a cookie.
 */
#include "join/steps.h"

#include "base/text.h"
#include "join/arrive.h"
#include "signin/steps.h"
#include "view/script.h"
#include "visit/fail.h"

#include <jansson.h>
#include <strings.h>

enum { FORM_MAX = 8192, REPLY_MAX = 16 * 1024, CLIENT_MAX = 128 };

/* ---- arriving ---- */

/* Finds the platform and the origin of the request. Native applications send no Origin. */
static enum step take_platform(struct visit *visit)
{
	struct service_platform *platform = service_platform(visit->service, visit->route_rest);

	visit->request.accept = "application/json";
	if (platform == NULL || platform->driver->script == NULL)
		return visit_fail(visit, FAILURE_NOT_FOUND);
	visit->platform = platform;
	for (size_t i = 0; i < platform->peer->origins.count; i++)
		if (strcmp(platform->peer->origins.items[i], visit->request.origin) == 0)
			visit->script.origin = platform->peer->origins.items[i];
	visit->script.asks = visit->script.origin != NULL;
	return STEP_NEXT;
}

static enum step refuse_origin(struct visit *visit)
{
	return visit_refuse(visit, "Origin", "missing, or not in allowed-origins");
}

static bool is_json(const char *content_type)
{
	static const char json[] = "application/json";
	size_t length = sizeof json - 1;

	return strncasecmp(content_type, json, length) == 0 &&
	       (content_type[length] == '\0' || strchr("; \t", content_type[length]) != NULL);
}

static json_t *read_body(const struct visit *visit)
{
	json_t *body = json_loadb(
		visit->request.body, visit->request.body_length, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(body))
		return body;
	json_decref(body);
	return NULL;
}

/* Only parameters that a driver reads are checked: some scripts also send multi-line texts. */
static enum platform_parameter get_text(const void *body, const char *name, const char **value_r)
{
	const json_t *value = json_object_get(body, name);

	if (value == NULL || json_is_null(value))
		return PLATFORM_MISSING;
	if (!json_is_string(value) || !text_is_printable(json_string_value(value)))
		return PLATFORM_NO_TEXT;
	*value_r = json_string_value(value);
	return PLATFORM_ONCE;
}

/* Converts user name and password into the form that the login page sends. Returns NULL, or what is
 * wrong. */
static const char *take_credentials(struct visit *visit, const json_t *body)
{
	const char *name = NULL, *password = NULL;
	struct buffer form = BUFFER_INIT(FORM_MAX);
	enum platform_parameter has_name = get_text(body, "username", &name);
	enum platform_parameter has_password = get_text(body, "password", &password);

	if (has_name == PLATFORM_NO_TEXT || has_password == PLATFORM_NO_TEXT)
		return "or username is not a string, or contains control characters";
	if (has_name == PLATFORM_MISSING || has_password == PLATFORM_MISSING)
		return NULL;
	buffer_text(&form, "name=");
	buffer_percent(&form, name);
	buffer_text(&form, "&password=");
	buffer_percent(&form, password);
	if (!form.failed)
		visit->form = params_parse(form.data, form.length);
	buffer_wipe(&form);
	return visit->form != NULL ? NULL : "too long";
}

/* Copies an optional text. Returns NULL, or what is wrong. */
static const char *take_text(const json_t *body, const char *name, char **copy_r)
{
	const char *value = NULL;

	if (get_text(body, name, &value) == PLATFORM_NO_TEXT)
		return "not a string, or contains control characters";
	if (value == NULL)
		return NULL;
	*copy_r = strdup(value);
	return *copy_r != NULL ? NULL : "out of memory";
}

/* Reads the members that scripts of all platforms may send. Returns NULL, or what is wrong, with
 * the member in *name_r. */
static const char *take_more(struct visit *visit, const json_t *body, const char **name_r)
{
	struct visit_script *script = &visit->script;
	const struct {
		const char *name;
		char **copy;
	} texts[] = {{"code", &script->code}, {"code_verifier", &script->verifier},
		{"client", &script->client}};
	const char *fault = NULL;

	for (size_t i = 0; i < sizeof texts / sizeof *texts && fault == NULL; i++) {
		*name_r = texts[i].name;
		fault = take_text(body, texts[i].name, texts[i].copy);
	}
	if (fault == NULL && script->client != NULL &&
		!text_is_token(script->client, 1, CLIENT_MAX, "._~-"))
		fault = "wrong length or characters";
	return fault;
}

static enum step read_request(struct visit *visit, const json_t *body)
{
	enum step step = arrive_at(visit, "", get_text, body);
	const char *fault, *name = "password";

	if (step != STEP_NEXT)
		return step;
	fault = visit->platform->driver->script->takes_password ? take_credentials(visit, body)
								: take_more(visit, body, &name);
	if (fault != NULL)
		return visit_refuse(visit, name, fault);
	return visit->script.origin == NULL && visit->script.code == NULL ? refuse_origin(visit)
									  : STEP_NEXT;
}

/* Whether the request is from a page of an allowed origin, or from a native application if
 * `redirects` lists one. */
static bool may_ask(const struct visit *visit)
{
	return visit->script.origin != NULL ||
	       (visit->request.origin[0] == '\0' && visit->platform->peer->redirects.count > 0);
}

enum step arrive_from_script(struct visit *visit)
{
	enum step step = take_platform(visit);
	json_t *body;

	if (step != STEP_NEXT)
		return step;
	if (!may_ask(visit))
		return refuse_origin(visit);
	visit->script.asks = true;
	if (!is_json(visit->request.content_type))
		return visit_refuse(visit, "Content-Type", "not application/json");
	body = read_body(visit);
	if (body == NULL)
		return visit_refuse(visit, "body", "not a JSON object");
	step = read_request(visit, body);
	json_decref(body);
	return step;
}

enum step script_preflight(struct visit *visit)
{
	enum step step = take_platform(visit);

	if (step != STEP_NEXT)
		return step;
	if (visit->script.origin == NULL)
		return refuse_origin(visit);
	response_begin(&visit->response, 204, visit->request.id);
	script_add_headers(visit);
	response_header(&visit->response, "Access-Control-Allow-Methods", "POST");
	response_header(&visit->response, "Access-Control-Allow-Headers", "Content-Type");
	response_header(&visit->response, "Access-Control-Max-Age", "600");
	return STEP_DONE;
}

/* ---- authentication and response ---- */

enum step authenticate_script(struct visit *visit)
{
	if (visit->script.code != NULL)
		return authenticate_by_code(visit);
	return visit->form != NULL ? authenticate_by_form(visit) : authenticate_by_session(visit);
}

enum step return_to_script(struct visit *visit)
{
	const struct service_platform *platform = visit->platform;
	struct buffer body = BUFFER_INIT(REPLY_MAX);
	struct platform_token_response reply = {200, "application/json", &body};

	platform_write_token(platform->driver, platform->instance, &visit->join,
		visit->exchange.token.data, &reply);
	response_begin(&visit->response, reply.status, visit->request.id);
	response_header(&visit->response, "Content-Type", reply.media_type);
	script_add_headers(visit);
	if (body.failed || body.data == NULL)
		visit_fail(visit, FAILURE_INTERNAL);
	else
		buffer_append(&visit->response.body, body.data, body.length);
	buffer_wipe(&body);
	return STEP_DONE;
}
