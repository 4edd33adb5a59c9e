/* SPDX-License-Identifier: MIT */
#include "outbound/mail.h"

#include "base/text.h"
#include "outbound/easy.h"
#include "outbound/mail_message.h"

#include <strings.h>

enum { LOCAL_PART_MAX = 64 }; /* bytes, RFC 5321 4.5.3.1.1 */

/* ---- addresses ---- */

static bool is_dot_atom(const char *text, size_t length)
{
	static const char atext[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "!#$%&'*+-/=?^_`{|}~";

	if (length == 0 || length > LOCAL_PART_MAX || text[0] == '.' || text[length - 1] == '.')
		return false;
	for (size_t i = 0; i < length; i++)
		if (text[i] == '.' ? text[i + 1] == '.' : strchr(atext, text[i]) == NULL)
			return false;
	return true;
}

bool mail_is_address(const char *text)
{
	const char *at = strchr(text, '@');

	return at != NULL && strlen(text) <= MAIL_ADDRESS_MAX &&
	       is_dot_atom(text, (size_t)(at - text)) && text_is_host(at + 1) &&
	       strchr(at + 1, ':') == NULL;
}

/* ---- the server's address ---- */

static bool is_loopback(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       (strncmp(host, "127.", 4) == 0 && host[strspn(host, "0123456789.")] == '\0');
}

static bool has(CURLU *url, CURLUPart part)
{
	char *text = NULL;
	bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK;

	curl_free(text);
	return there;
}

static int check_parts(
	const struct mail_server *server, CURLU *url, const char *host, struct error *error)
{
	if (has(url, CURLUPART_USER) || has(url, CURLUPART_PASSWORD) ||
		has(url, CURLUPART_OPTIONS) || has(url, CURLUPART_QUERY) ||
		has(url, CURLUPART_FRAGMENT))
		return error_set(
			error, "expected only a host and a port, without user, password or query");
	if (host[0] != '[' && !text_is_host(host))
		return error_set(error, "has no valid host name");
	if (server->plain && !is_loopback(host))
		return error_set(error, "without STARTTLS the host must be this machine "
					"(localhost, 127.0.0.1, [::1])");
	return 0;
}

int mail_check_server(const struct mail_server *server, struct error *error)
{
	CURLU *url = curl_url();
	char *host = NULL;
	int rc;

	if (strncmp(server->url, "smtp://", 7) != 0 && strncmp(server->url, "smtps://", 8) != 0)
		rc = error_set(error, "expected a URL like smtps://host or smtp://host");
	else if (server->url[strcspn(server->url, "?#")] != '\0' ||
		 strchr(strchr(server->url, ':') + 3, '/') != NULL)
		rc = error_set(error, "has a path: remove what follows the host and the port");
	else if (url == NULL || curl_url_set(url, CURLUPART_URL, server->url, 0) != CURLUE_OK ||
		 curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		rc = error_set(error, "expected a URL like smtps://host:port");
	else
		rc = check_parts(server, url, host, error);
	curl_free(host);
	curl_url_cleanup(url);
	return rc;
}

/* ---- SMTP ---- */

/* The part of a message that is still to be sent. */
struct unsent {
	const char *at;
	size_t length;
};

static size_t read_message(char *bytes, size_t size, size_t count, void *context)
{
	struct unsent *unsent = context;
	size_t length = size * count < unsent->length ? size * count : unsent->length;

	memcpy(bytes, unsent->at, length);
	unsent->at += length;
	unsent->length -= length;
	return length;
}

static size_t ignore_answer(char *bytes, size_t size, size_t count, void *context)
{
	return size * count;
}

static CURL *new_handle(const struct mail_server *server, const char *password)
{
	CURL *easy = curl_easy_init();
	CURLcode code = CURLE_OK;

	if (easy == NULL)
		return NULL;
	EASY_SET(code, easy, CURLOPT_URL, server->url);
	EASY_SET(code, easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	EASY_SET(code, easy, CURLOPT_USE_SSL,
		(long)(server->plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	EASY_SET(code, easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	EASY_SET(code, easy, CURLOPT_SSL_VERIFYPEER, 1L);
	EASY_SET(code, easy, CURLOPT_SSL_VERIFYHOST, 2L);
	EASY_SET(code, easy, CURLOPT_PROXY, "");
	EASY_SET(code, easy, CURLOPT_NOPROXY, "*");
	EASY_SET(code, easy, CURLOPT_NOSIGNAL, 1L);
	EASY_SET(code, easy, CURLOPT_WRITEFUNCTION, ignore_answer);
	if (server->user[0] != '\0') {
		EASY_SET(code, easy, CURLOPT_USERNAME, server->user);
		EASY_SET(code, easy, CURLOPT_PASSWORD, password != NULL ? password : "");
	}
	if (code == CURLE_OK)
		return easy;
	curl_easy_cleanup(easy);
	return NULL;
}

/* CURLOPT_PREREQFUNCTION, called once the connection is ready for the mail. */
static int begin(void *context, char *local, char *remote, int local_port, int remote_port)
{
	bool *begun = context;

	*begun = true;
	return CURL_PREREQFUNC_OK;
}

static struct name *name_of(const char *url)
{
	CURLU *parts = curl_url();
	struct name *name = NULL;
	char *host = NULL;

	if (parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK)
		name = name_use(host);
	curl_free(host);
	curl_url_cleanup(parts);
	return name;
}

/* Runs the transfer and waits for its end. */
static CURLcode run_transfer(
	CURL *easy, const struct mail_server *server, char *detail, struct error *error)
{
	bool begun = false;
	struct run run = {.multi = curl_multi_init(),
		.easy = easy,
		.name = name_of(server->url),
		.connect_ms = server->timeout_ms,
		.timeout_ms = server->timeout_ms,
		.begun = &begun,
		.detail = detail};
	struct trust *trust = trust_use(server->ca_file, error);
	CURLcode code = CURLE_OUT_OF_MEMORY;

	if (trust == NULL) {
		code = CURLE_SSL_CACERT_BADFILE;
	} else if (run.multi != NULL && run.name != NULL && trust_apply(trust, easy) == 0) {
		curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, begin);
		curl_easy_setopt(easy, CURLOPT_PREREQDATA, &begun);
		code = easy_run(&run);
	}
	if (code != CURLE_OK && trust != NULL)
		error_set(error, "%s", run.why != NULL ? run.why : curl_easy_strerror(code));
	curl_multi_cleanup(run.multi);
	name_drop(&run.name);
	trust_drop(&trust);
	return code;
}

/* Runs the transfer and frees the handle. */
static enum mail_result perform(CURL *easy, const struct mail_server *server, struct error *error)
{
	/* Not shown to anybody: it may quote the server, which may quote the recipient. */
	char detail[CURL_ERROR_SIZE] = "";
	enum mail_result end = MAIL_TAKEN;
	long answer = 0;
	CURLcode result;

	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
	result = run_transfer(easy, server, detail, error);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer);
	if (result != CURLE_OK) {
		bool recipient = strncmp(detail, "RCPT failed", strlen("RCPT failed")) == 0;

		end = recipient ? MAIL_REFUSED : MAIL_BROKEN;
		if (recipient)
			error_set(error, "it does not accept mail for this address");
		error_prefix(error, "%s: ", server->url);
	}
	if (result != CURLE_OK && answer >= 400)
		error_prefix(error, "the server answered %ld: ", answer);
	curl_easy_cleanup(easy);
	explicit_bzero(detail, sizeof detail);
	return end;
}

static enum mail_result send_message(const struct mail_server *server, const char *password,
	const struct mail *mail, const struct buffer *message, struct error *error)
{
	struct unsent unsent = {message->data, message->length};
	CURL *easy = new_handle(server, password);
	struct curl_slist *to = curl_slist_append(NULL, mail->to);
	enum mail_result result = MAIL_BROKEN;

	if (easy == NULL || to == NULL) {
		curl_easy_cleanup(easy);
		error_set(error, "%s: out of memory for a mail", server->url);
	} else {
		curl_easy_setopt(easy, CURLOPT_MAIL_FROM, mail->from);
		curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, to);
		curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_message);
		curl_easy_setopt(easy, CURLOPT_READDATA, &unsent);
		result = perform(easy, server, error);
	}
	curl_slist_free_all(to);
	return result;
}

enum mail_result mail_send(const struct mail_server *server, const char *password,
	const struct mail *mail, struct error *error)
{
	struct buffer message = BUFFER_INIT(MAIL_TEXT_MAX);
	enum mail_result result = MAIL_BROKEN;

	mail_write(mail, &message);
	if (message.failed)
		error_set(error, "a mail would be longer than %d bytes", MAIL_TEXT_MAX);
	else
		result = send_message(server, password, mail, &message, error);
	buffer_wipe(&message);
	return result;
}

int mail_try(const struct mail_server *server, const char *password, struct error *error)
{
	CURL *easy = new_handle(server, password);

	if (easy == NULL)
		return error_set(error, "%s: out of memory", server->url);
	curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "NOOP");
	return perform(easy, server, error) == MAIL_TAKEN ? 0 : -1;
}
