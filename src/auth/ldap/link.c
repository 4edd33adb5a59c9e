/* SPDX-License-Identifier: MIT
 *
 * A connection to one server. Each request has a deadline, and referrals are not followed. TLS is
 * as in RFC 4513 section 3: the certificate is verified before a password is sent, and a server
 * without StartTLS receives none.
 */
#include "auth/ldap/ldap.h"
#include "base/clock.h"
#include "outbound/names.h"

#include <errno.h>
#include <poll.h>
#include <strings.h>

/* Prevents libldap from reading ldap.conf, ~/.ldaprc and LDAP… variables at its first use, which
 * could set TLS_REQCERT. Runs before there are threads. */
__attribute__((constructor)) static void ignore_ldap_conf(void)
{
	setenv("LDAPNOINIT", "1", 1);
}

static struct timeval until(int64_t deadline)
{
	int64_t left = deadline - clock_monotonic_ms();

	if (left < 1)
		left = 1;
	return (struct timeval){left / 1000, left % 1000 * 1000};
}

struct row {
	int option;
	const void *value;
};

static int set_all(LDAP *ld, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ldap_set_option(ld, rows[i].option, rows[i].value) != LDAP_OPT_SUCCESS)
			return LDAP_PARAM_ERROR;
	return LDAP_SUCCESS;
}

static int prepare_tls(LDAP *ld, const char *ca_file)
{
	static const int demand = LDAP_OPT_X_TLS_DEMAND, client = 0;
	static const int minimum = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2;
	const struct row rows[] = {{LDAP_OPT_X_TLS_CACERTFILE, ca_file},
		{LDAP_OPT_X_TLS_REQUIRE_CERT, &demand}, {LDAP_OPT_X_TLS_PROTOCOL_MIN, &minimum},
		/* Last: this makes the context from the options above. */
		{LDAP_OPT_X_TLS_NEWCTX, &client}};

	return set_all(ld, rows, sizeof rows / sizeof *rows);
}

/* Checks the version after the handshake and before any password: libldap with GnuTLS accepts
 * LDAP_OPT_X_TLS_PROTOCOL_MIN but ignores it. */
static int check_tls_version(LDAP *ld)
{
	static const char *const good[] = {"TLS1.2", "TLS1.3", "TLSv1.2", "TLSv1.3"};
	char *version = NULL;
	bool is_good = false;

	if (ldap_get_option(ld, LDAP_OPT_X_TLS_VERSION, &version) == LDAP_OPT_SUCCESS &&
		version != NULL)
		for (size_t i = 0; i < sizeof good / sizeof *good; i++)
			is_good = is_good || strcmp(version, good[i]) == 0;
	ldap_memfree(version);
	return is_good ? LDAP_SUCCESS : LDAP_CONNECT_ERROR;
}

/* ---- a deadline below TLS ---- */

/* libldap's own timeouts are not reliable: with GnuTLS it polls a silent server without end during
 * the handshake, and within a message it blocks in read(). So a layer of our own between TLS and
 * the socket does the waiting, and fails at the link's deadline. */
static bool wait_for(const Sockbuf_IO_Desc *layer, short events)
{
	const struct link *link = layer->sbiod_pvt;
	struct pollfd poller = {.fd = -1, .events = events};
	int64_t left = link->deadline - clock_monotonic_ms();

	ber_sockbuf_ctrl(layer->sbiod_sb, LBER_SB_OPT_GET_FD, &poller.fd);
	if (poll(&poller, 1, left > 0 ? (int)left : 0) > 0)
		return true;
	errno = ETIMEDOUT;
	return false;
}

static ber_slen_t wait_and_read(Sockbuf_IO_Desc *layer, void *bytes, ber_len_t length)
{
	return wait_for(layer, POLLIN) ? LBER_SBIOD_READ_NEXT(layer, bytes, length) : -1;
}

static ber_slen_t wait_and_write(Sockbuf_IO_Desc *layer, void *bytes, ber_len_t length)
{
	return wait_for(layer, POLLOUT) ? LBER_SBIOD_WRITE_NEXT(layer, bytes, length) : -1;
}

static int remember_link(Sockbuf_IO_Desc *layer, void *link)
{
	layer->sbiod_pvt = link;
	return 0;
}

static int forget_link(Sockbuf_IO_Desc *layer)
{
	layer->sbiod_pvt = NULL;
	return 0;
}

static int pass_on(Sockbuf_IO_Desc *layer, int option, void *value)
{
	return LBER_SBIOD_CTRL_NEXT(layer, option, value);
}

/* Called after the socket is connected and before TLS begins. */
static int put_layer(LDAP *ld, Sockbuf *socket, LDAPURLDesc *url, struct sockaddr *address,
	struct ldap_conncb *callback)
{
	static Sockbuf_IO layer = {.sbi_setup = remember_link,
		.sbi_remove = forget_link,
		.sbi_ctrl = pass_on,
		.sbi_read = wait_and_read,
		.sbi_write = wait_and_write};

	return ber_sockbuf_add_io(socket, &layer, LBER_SBIOD_LEVEL_PROVIDER + 1, callback->lc_arg);
}

static void drop_layer(LDAP *ld, Sockbuf *socket, struct ldap_conncb *callback)
{
	/* The socket removes the layer. */
}

static int prepare(struct link *link, int64_t deadline)
{
	static const int version = LDAP_VERSION3, never = LDAP_DEREF_NEVER;
	const struct timeval wait = until(deadline);
	const struct row rows[] = {{LDAP_OPT_PROTOCOL_VERSION, &version}, {LDAP_OPT_DEREF, &never},
		{LDAP_OPT_NETWORK_TIMEOUT, &wait}, {LDAP_OPT_TIMEOUT, &wait},
		{LDAP_OPT_CONNECT_CB, &link->connected}};

	link->deadline = deadline;
	link->connected = (struct ldap_conncb){put_layer, drop_layer, link};
	if (ldap_set_option(link->ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) != LDAP_OPT_SUCCESS)
		return LDAP_PARAM_ERROR;
	return set_all(link->ld, rows, sizeof rows / sizeof *rows);
}

/* Waits for a complete answer. Returns LDAP_SUCCESS with *message_r, or libldap's code. */
static int await(LDAP *ld, int id, int64_t deadline, LDAPMessage **message_r)
{
	struct timeval wait = until(deadline);
	int code = LDAP_SERVER_DOWN;

	*message_r = NULL;
	switch (ldap_result(ld, id, LDAP_MSG_ALL, &wait, message_r)) {
	case -1:
		if (clock_monotonic_ms() >= deadline) /* our layer has ended the connection */
			return LDAP_TIMEOUT;
		ldap_get_option(ld, LDAP_OPT_RESULT_CODE, &code);
		return code != LDAP_SUCCESS ? code : LDAP_SERVER_DOWN;
	case 0:
		ldap_abandon_ext(ld, id, NULL, NULL);
		return LDAP_TIMEOUT;
	default:
		return LDAP_SUCCESS;
	}
}

/* ---- binding ---- */

/* Whether the server's message names such a reason. Active Directory: "…, data 533, v2580". */
static bool is_barred_in_words(const char *words)
{
	static const char *const reasons[] = {"data 530", "data 531", "data 532", "data 533",
		"data 701", "data 773", "data 775",
		/* 389 Directory Server and FreeIPA, with unwillingToPerform */
		"Account inactivated"};

	for (size_t i = 0; words != NULL && i < sizeof reasons / sizeof *reasons; i++)
		if (strcasestr(words, reasons[i]) != NULL)
			return true;
	return false;
}

/* Whether a control names such a reason: draft-behera-ldap-password-policy-10 section 6.2, and the
 * control of 389 Directory Server. */
static bool is_barred_by_policy(LDAP *ld, LDAPControl **controls)
{
	LDAPControl *policy =
		ldap_control_find(LDAP_CONTROL_PASSWORDPOLICYRESPONSE, controls, NULL);
	LDAPPasswordPolicyError problem = PP_noError;
	ber_int_t expires, grace;

	if (ldap_control_find(LDAP_CONTROL_X_PASSWORD_EXPIRED, controls, NULL) != NULL)
		return true;
	return policy != NULL &&
	       ldap_parse_passwordpolicy_control(ld, policy, &expires, &grace, &problem) ==
		       LDAP_SUCCESS &&
	       (problem == PP_passwordExpired || problem == PP_accountLocked ||
		       problem == PP_changeAfterReset);
}

static void read_bind(LDAP *ld, LDAPMessage *message, struct link_answer *answer)
{
	LDAPControl **controls = NULL;
	char *words = NULL;
	int rc = ldap_parse_result(ld, message, &answer->code, NULL, &words, NULL, &controls, 0);

	if (rc != LDAP_SUCCESS)
		answer->code = rc;
	answer->barred = is_barred_in_words(words) || is_barred_by_policy(ld, controls);
	ldap_memfree(words);
	ldap_controls_free(controls);
}

void link_bind(struct link *link, const char *dn, const char *password, int64_t deadline,
	struct link_answer *answer)
{
	struct berval secret = {strlen(password), (char *)(uintptr_t)password};
	LDAPControl *controls[2] = {NULL, NULL};
	LDAPMessage *message = NULL;
	int id = 0;

	*answer = (struct link_answer){.code = LDAP_PARAM_ERROR};
	link->deadline = deadline;
	if (dn[0] == '\0' || password[0] == '\0')
		return;
	answer->code = ldap_create_passwordpolicy_control(link->ld, &controls[0]);
	if (answer->code == LDAP_SUCCESS)
		answer->code = ldap_sasl_bind(
			link->ld, dn, LDAP_SASL_SIMPLE, &secret, controls, NULL, &id);
	if (answer->code == LDAP_SUCCESS)
		answer->code = await(link->ld, id, deadline, &message);
	if (answer->code == LDAP_SUCCESS)
		read_bind(link->ld, message, answer);
	ldap_msgfree(message);
	ldap_control_free(controls[0]);
}

/* ---- opening ---- */

int link_error(
	const struct directory_call *call, const struct link *link, const char *what, int code)
{
	char *words = NULL;
	bool more;

	ldap_get_option(link->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &words);
	more = words != NULL && words[0] != '\0' &&
	       (call->typed == NULL || strcasestr(words, call->typed) == NULL);
	error_set(call->error, "%s: %s: %s%s%.200s%s", call->directory->servers[link->server].url,
		what, ldap_err2string(code), more ? " (" : "", more ? words : "", more ? ")" : "");
	ldap_memfree(words);
	return -1;
}

/* Starts TLS (RFC 4511 section 4.14). After any failure the connection is not used. */
static int start_tls(struct link *link, int64_t deadline)
{
	LDAPMessage *message = NULL;
	int id = 0, code = LDAP_OTHER, rc = ldap_start_tls(link->ld, NULL, NULL, &id);

	if (rc == LDAP_SUCCESS)
		rc = await(link->ld, id, deadline, &message);
	if (rc == LDAP_SUCCESS)
		rc = ldap_parse_result(link->ld, message, &code, NULL, NULL, NULL, NULL, 0);
	if (rc == LDAP_SUCCESS)
		rc = code;
	ldap_msgfree(message);
	return rc == LDAP_SUCCESS ? ldap_install_tls(link->ld) : rc;
}

static int bind_service(const struct directory_call *call, struct link *link, int64_t deadline)
{
	struct link_answer answer;

	if (link->role != LINK_SERVICE || call->directory->bind_dn[0] == '\0')
		return LDAP_SUCCESS;
	link_bind(link, call->directory->bind_dn, call->secrets->values[0], deadline, &answer);
	return answer.code;
}

static int set_up(const struct directory_call *call, struct link *link, int64_t deadline)
{
	struct directory *directory = call->directory;
	const struct directory_server *server = &directory->servers[link->server];
	const char *what = "set up";
	int code = prepare(link, deadline);

	if (code == LDAP_SUCCESS && (server->ldaps || directory->start_tls)) {
		what = "use ca-file";
		code = prepare_tls(link->ld, directory->ca_file);
	}
	if (code == LDAP_SUCCESS) {
		what = server->ldaps ? "connect with TLS" : "connect";
		code = ldap_connect(link->ld);
	}
	if (code == LDAP_SUCCESS && directory->start_tls && !server->ldaps) {
		what = "StartTLS";
		code = start_tls(link, deadline);
	}
	if (code == LDAP_SUCCESS && (server->ldaps || directory->start_tls)) {
		what = "TLS 1.2 or newer";
		code = check_tls_version(link->ld);
	}
	if (code == LDAP_SUCCESS) {
		what = "bind as bind-dn";
		code = bind_service(call, link, deadline);
	}
	if (code != LDAP_SUCCESS)
		link_error(call, link, what, code);
	return code;
}

/* libldap resolves the host without a timeout. So first tests whether the name server answers;
 * returns LDAP_SUCCESS also if it answers that there is no such host. */
static int await_name(const struct directory_call *call, size_t server, int64_t deadline)
{
	const char *address = call->directory->servers[server].url, *why;
	struct addresses addresses;
	LDAPURLDesc *url = NULL;
	int code = LDAP_SUCCESS;

	if (ldap_url_parse(address, &url) != LDAP_URL_SUCCESS)
		return LDAP_SUCCESS;
	if (url->lud_host != NULL &&
		names_find(url->lud_host, deadline, &addresses, &why) == NAME_TIMED_OUT) {
		error_set(call->error, "%s: %s", address, why);
		code = LDAP_SERVER_DOWN;
	}
	ldap_free_urldesc(url);
	return code;
}

int link_open(
	const struct directory_call *call, size_t server, enum link_role role, struct link **link_r)
{
	int64_t now = clock_monotonic_ms(), deadline = now + call->directory->connect_ms;
	struct link *link = calloc(1, sizeof *link);
	int code = LDAP_NO_MEMORY;

	*link_r = NULL;
	if (deadline > call->deadline)
		deadline = call->deadline;
	if (await_name(call, server, deadline) != LDAP_SUCCESS) {
		free(link);
		return LDAP_SERVER_DOWN;
	}
	if (link != NULL)
		code = ldap_initialize(&link->ld, call->directory->servers[server].url);
	if (code != LDAP_SUCCESS) {
		error_set(call->error, "%s: %s", call->directory->servers[server].url,
			ldap_err2string(code));
		free(link);
		return code;
	}
	link->server = server;
	link->role = role;
	link->fresh = true;
	link->opened = now;
	code = set_up(call, link, deadline);
	if (code == LDAP_SUCCESS)
		*link_r = link;
	else
		link_close(link);
	return code;
}

void link_close(struct link *link)
{
	ldap_unbind_ext(link->ld, NULL, NULL);
	free(link);
}

/* ---- searching ---- */

bool link_is_servers_fault(int code)
{
	return code == LDAP_SERVER_DOWN || code == LDAP_CONNECT_ERROR || code == LDAP_TIMEOUT ||
	       code == LDAP_UNAVAILABLE;
}

/* A server without paging sends all entries at once and no cookie. */
static int read_cookie(LDAP *ld, LDAPControl **controls, struct berval *cookie)
{
	LDAPControl *control = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL);
	ber_int_t estimate;

	ber_memfree(cookie->bv_val);
	*cookie = (struct berval){0, NULL};
	return control != NULL ? ldap_parse_pageresponse_control(ld, control, &estimate, cookie)
			       : LDAP_SUCCESS;
}

static int read_search_result(
	LDAP *ld, LDAPMessage *result, const struct link_query *query, int *code_r)
{
	LDAPControl **controls = NULL;
	int rc = ldap_parse_result(ld, result, code_r, NULL, NULL, NULL, &controls, 0);

	if (rc == LDAP_SUCCESS && query->cookie != NULL)
		rc = read_cookie(ld, controls, query->cookie);
	ldap_controls_free(controls);
	return rc;
}

int link_search(
	struct link *link, const struct link_query *query, int64_t deadline, LDAPMessage **result_r)
{
	struct timeval wait = until(deadline);
	LDAPControl *controls[2] = {NULL, NULL};
	int id = 0, code = LDAP_OTHER, rc = LDAP_SUCCESS;

	*result_r = NULL;
	link->deadline = deadline;
	if (wait.tv_usec > 0) /* the server's time limit is in whole seconds */
		wait = (struct timeval){wait.tv_sec + 1, 0};
	if (query->cookie != NULL)
		rc = ldap_create_page_control(
			link->ld, query->size, query->cookie, 0, &controls[0]);
	if (rc == LDAP_SUCCESS)
		rc = ldap_search_ext(link->ld, query->base, query->scope, query->filter,
			(char **)(uintptr_t)query->attributes, 0, controls, NULL, &wait,
			query->cookie != NULL ? LDAP_NO_LIMIT : query->size, &id);
	ldap_control_free(controls[0]);
	if (rc == LDAP_SUCCESS)
		rc = await(link->ld, id, deadline, result_r);
	if (rc == LDAP_SUCCESS)
		rc = read_search_result(link->ld, *result_r, query, &code);
	return rc == LDAP_SUCCESS ? code : rc;
}
