/* SPDX-License-Identifier: MIT
 *
 * The page of whoever is signed in: their meetings, as the records and the policy have them.
 */
#include "guest_signin.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef HAVE_CJOSE

#define HOST	"meeting.example.org"
#define PLACE	"rooms.example.org"
#define MEETING "platform \"" HOST "\" { type = \"mock\" api = \"@api@\" timeout = \"60s\" }\n"
#define ROOMS                                                                                      \
	"platform \"" PLACE "\" { type = \"jitsi\" app-id = \"own\" "                              \
	"}\n"
#define SERVICE                                                                                    \
	"backend \"own\" { type = \"http\" url = \"@api@/ask\" timeout = \"40s\" "                 \
	"connect-timeout = \"40s\" label = \"Example Org\" }\n"
#define GUESTS                                                                                     \
	"backend \"guests\" { type = \"guest-account\" accounts = \"@folder@/accounts\" "          \
	"label = \"Guest account\" }\n"                                                            \
	"backend \"invited\" { type = \"invite\" invitations = \"@folder@/invitations\" }\n"
#define DESK "guest-desk { groups = {\"hosts\"} }\n"
#define RULES(more)                                                                                \
	"policy { default = \"deny\" " more                                                        \
	" rule \"guests\" { allow = true backends = {\"guests\", \"invited\"} } }\n"
#define SITE	MEETING ROOMS SERVICE GUESTS DESK RULES("")
#define ENTRY	"?hostname=" HOST "&meetingId=m1&meetingToken=t1&requestToken=rt-"
#define PAGE	ORIGIN MOUNT "/me"
#define TO_ROOM ORIGIN MOUNT "/jitsi/"

/* Everybody is who they say: hanna and henk are hosts, eve is none. */
static char *answer_question(const char *request)
{
	const char *name = strstr(request, "\"renew\"") != NULL
				   ? cut(request, "\"subject\":\"", "\"")
				   : cut(request, "\"name\":\"", "\"");
	bool is_host = strcmp(name, "hanna") == 0 || strcmp(name, "henk") == 0;
	char *text;

	assert_true(asprintf(&text,
			    "{\"version\":1,\"nonce\":\"%s\",\"verdict\":\"%s\",\"subject\":\"%s\","
			    "\"groups\":[\"%s\"]}",
			    cut(request, "\"nonce\":\"", "\""),
			    is_host || strcmp(name, "eve") == 0 ? "grant" : "unknown", name,
			    is_host ? "hosts" : "others") > 0);
	return text;
}

static void open_site(const char *sections)
{
	site_secret(HOST, "key");
	site_secret(PLACE, "0123456789abcdef0123456789abcdef");
	site_secret("backend/own", "0123456789abcdef0123456789abcdef");
	site_secret("backend/invited", "fedcba9876543210fedcba9876543210");
	site_load("", sections);
	peer_says("/exchange/", 200, "", "access");
	peer_makes("/ask", "Content-Type: application/json\r\n", answer_question);
}

static void sign_in_host(struct browser *browser, const char *name)
{
	char fields[60];

	snprintf(fields, sizeof fields, "name=%s&password=x", name);
	assert_status(sign_in(browser, "/guests", fields), 303);
}

static const struct answer *change(struct browser *host, const char *action, const char *fields)
{
	char marker[60];

	snprintf(marker, sizeof marker, "value=\"%s\"", action);
	return keep_password(submit(host, visit(host, "/guests"), marker, fields));
}

static void put_account(struct browser *host, const char *name, const char *meetings)
{
	char fields[400];

	snprintf(fields, sizeof fields, "name=%s&display=%s+A.&email=&meetings=%s&expires=", name,
		name, meetings);
	assert_status(change(host, "put-account", fields), 200);
	site_reload();
}

static const struct answer *open_page(struct browser *guest, const char *name)
{
	const struct answer *answer = sign_in(guest, "/me", signin_of(name));

	assert_status(answer, 303);
	assert_string_equal(header(answer, "Location"), PAGE);
	return follow(guest, answer);
}

static void who_is_not_signed_in_does_so_and_comes_back(void **state)
{
	struct browser host = {0}, guest = {0};
	const struct answer *page;

	(void)state;
	open_site(SITE);
	page = follow(&guest, visit(&guest, "/me"));
	assert_says(page, "(login.heading.me)");
	sign_in_host(&host, "hanna");
	put_account(&host, "ann", HOST "%2Fm1");
	page = open_page(&guest, "ann");
	assert_status(page, 200);
	assert_says(page, "<bdi>ann A.</bdi>");
	assert_says(page, "<bdi>Guest account</bdi>");
	assert_says(page, "(me.utc) ");
	assert_says(page, "(logout.title)");
	assert_silent(page, "(me.desk)");
	assert_non_null(header(page, "Content-Security-Policy"));
	assert_string_equal(header(page, "Cache-Control"), "no-store");
	assert_status(SEND(&guest, .method = "HEAD", .target = "/me"), 200);
}

static void a_join_button_leads_into_the_normal_flow(void **state)
{
	struct browser host = {0}, guest = {0};
	const struct answer *page;

	(void)state;
	open_site(SITE);
	sign_in_host(&host, "hanna");
	put_account(&host, "ann", HOST "%2Fm1%2C" PLACE "%2Fblue");
	page = open_page(&guest, "ann");
	assert_says(page, "(me.host) hanna");
	assert_non_null(strstr(link_of(page, "(me.join): m1"), "/meeting/m1"));
	assert_string_equal(link_of(page, "(me.join): blue"), TO_ROOM "blue?platform=" PLACE);
	assert_leads(visit(&guest, TO_ROOM "blue?platform=" PLACE), "https://" PLACE "/blue?jwt=");
	assert_logged("join", "result=ok backend=guests rule=guests");
	assert_leads(visit(&guest, ENTRY "number-1"), "?token=access");
}

static void nobody_sees_the_meetings_of_others(void **state)
{
	struct browser host = {0}, ann = {0}, bea = {0}, eve = {0};

	(void)state;
	open_site(SITE);
	sign_in_host(&host, "hanna");
	put_account(&host, "ann", HOST "%2Fm1");
	put_account(&host, "bea", HOST "%2Fm2");
	assert_silent(open_page(&ann, "ann"), "m2");
	assert_silent(open_page(&bea, "bea"), "m1");
	sign_in(&eve, "/me", "name=eve&password=x");
	assert_says(visit(&eve, "/me"), "(me.none)");
	assert_silent(visit(&eve, "/me"), "(me.desk)");
}

static void what_is_taken_away_is_gone_at_once_and_what_is_given_is_there(void **state)
{
	struct browser host = {0}, guest = {0};
	const struct answer *page;
	char target[100];

	(void)state;
	open_site(SITE);
	sign_in_host(&host, "hanna");
	put_account(&host, "ann", HOST "%2Fm1");
	assert_says(open_page(&guest, "ann"), "(me.join): m1");
	page = visit(&host, "/guests");
	snprintf(target, sizeof target, "/guests?edit=%s",
		cut(strstr(page->body, "value=\"remove-account\""), "name=\"id\" value=\"", "\""));
	page = visit(&host, target);
	submit(&host, page, "put-account",
		"name=ann&display=&email=&meetings=" HOST "%2Fm2&expires=");
	site_reload();
	/* Another display name is another account. */
	assert_status(visit(&guest, "/me"), 303);
	page = open_page(&guest, "ann");
	assert_says(page, "(me.join): m2");
	assert_silent(page, "(me.join): m1");
	page = visit(&host, target);
	submit(&host, page, "put-account",
		"name=ann&display=&email=&meetings=" HOST "%2Fm3&expires=");
	site_reload();
	page = visit(&guest, "/me");
	assert_status(page, 200);
	assert_says(page, "(me.join): m3");
	assert_silent(page, "(me.join): m2");
	assert_status(visit(&guest, ENTRY "number-1"), 303);
	assert_leads(visit(&guest, ENTRY "number-2"), "/login?ticket=");
}

static void a_revoked_guest_sees_nothing(void **state)
{
	struct browser host = {0}, ann = {0}, ben = {0};
	const struct answer *page;
	const char *link;
	char fields[100];

	(void)state;
	open_site(SITE);
	sign_in_host(&host, "hanna");
	put_account(&host, "ann", HOST "%2Fm1");
	open_page(&ann, "ann");
	page = change(&host, "add-invitation",
		"name=Ben&email=&meetings=" HOST "%2Fm1&meeting_token=t9&expires=");
	link = cut(page->body, "id=\"link\">", "<");
	site_reload();
	submit(&ben, visit(&ben, link), NULL, "");
	page = visit(&ben, "/me");
	assert_says(page, "<bdi>Ben</bdi>");
	assert_says(page, "(me.host) hanna");
	assert_says(page, "(me.until) ");
	assert_non_null(link_of(page, "(me.join): m1"));

	page = visit(&host, "/guests");
	snprintf(fields, sizeof fields, "sure=1&id=%s",
		cut(strstr(page->body, "value=\"remove-account\""), "name=\"id\" value=\"", "\""));
	submit(&host, page, "value=\"remove-account\"", fields);
	snprintf(fields, sizeof fields, "sure=1&id=%s",
		cut(strstr(page->body, "value=\"revoke-invitation\""), "name=\"id\" value=\"",
			"\""));
	submit(&host, page, "value=\"revoke-invitation\"", fields);
	site_reload();
	assert_leads(visit(&ann, "/me"), "/login?ticket=");
	assert_leads(visit(&ben, "/me"), "/login?ticket=");
}

static void an_account_may_be_without_a_meeting_and_is_good_for_none(void **state)
{
	struct browser host = {0}, guest = {0};

	(void)state;
	open_site(SITE);
	sign_in_host(&host, "hanna");
	put_account(&host, "ann", "");
	assert_says(open_page(&guest, "ann"), "(me.none)");
	assert_leads(visit(&guest, ENTRY "number-1"), "/login?ticket=");
	assert_leads(visit(&guest, "/jitsi/blue?platform=" PLACE), "/login?ticket=");
}

static void the_policy_says_what_is_open_and_when(void **state)
{
	struct browser host = {0}, guest = {0}, eve = {0};
	const struct answer *page;

	(void)state;
	open_site(MEETING ROOMS SERVICE GUESTS DESK
		"policy { default = \"deny\" "
		"rule \"closed\" { allow = false meetings = {\"m2\"} } "
		"rule \"later\" { allow = true backends = {\"guests\"} meetings = {\"m3\"} "
		"not-before = \"2090-01-01T08:00Z\" not-after = \"2090-01-01T09:00Z\" } "
		"rule \"over\" { allow = true backends = {\"guests\"} meetings = {\"m4\"} "
		"not-after = \"2020-01-01T08:00Z\" } "
		"rule \"open\" { allow = true backends = {\"guests\"} meetings = {\"m1\", \"m2\"} "
		"} "
		"rule \"eve\" { allow = true users = {\"own/eve\"} meetings = {\"board\", \"x*\"} "
		"platforms = {\"" PLACE "\"} } }\n");
	sign_in_host(&host, "hanna");
	put_account(&host, "ann", HOST "%2Fm3%2C" HOST "%2Fm1%2C" HOST "%2Fm2%2C" HOST "%2Fm4");
	page = open_page(&guest, "ann");
	assert_non_null(link_of(page, "(me.join): m1"));
	assert_silent(page, "<bdi>m2");
	assert_silent(page, "<bdi>m4");
	assert_says(page, "(me.opens) 2090-01-01 08:00");
	assert_null(link_of(page, "(me.join): m3"));
	/* People see what rules name for them. */
	sign_in(&eve, "/me", "name=eve&password=x");
	page = visit(&eve, "/me");
	assert_non_null(link_of(page, "(me.join): board"));
	assert_silent(page, "x*");
	assert_silent(page, HOST);
}

static void hosts_see_where_they_have_invited_to(void **state)
{
	struct browser hanna = {0}, henk = {0};
	const struct answer *page;

	(void)state;
	open_site(MEETING ROOMS SERVICE GUESTS DESK RULES(
		"rule \"hosts\" { allow = true groups = {\"hosts\"} }"));
	sign_in_host(&hanna, "hanna");
	sign_in_host(&henk, "henk");
	put_account(&hanna, "ann", HOST "%2Fm1");
	put_account(&hanna, "bea", HOST "%2Fm1%2C" PLACE "%2Fblue");
	change(&henk, "add-invitation", "name=Ben&email=&meetings=" HOST "%2Fm9&meeting_token=");
	site_reload();
	page = visit(&hanna, "/me");
	assert_says(page, "(me.desk)");
	assert_non_null(link_of(page, "(me.join): m1"));
	assert_non_null(link_of(page, "(me.join): blue"));
	assert_silent(page, "(me.join): m9");
	page = visit(&henk, "/me");
	assert_non_null(link_of(page, "(me.join): m9"));
	assert_silent(page, "(me.join): m1");
}

static void names_and_meetings_stay_text(void **state)
{
	struct browser host = {0}, guest = {0};
	const struct answer *page;

	(void)state;
	open_site(SITE);
	sign_in_host(&host, "hanna");
	assert_status(
		change(&host, "put-account",
			"name=ann&display=%3Cscript%3E&email=&meetings=" HOST "%2Fm1&expires="),
		200);
	site_reload();
	page = open_page(&guest, "ann");
	assert_says(page, "&lt;script&gt;");
	assert_silent(page, "<script>");
}

/* ---- guests who start meetings, and the end of a meeting ---- */

#define MEETS(more)                                                                                \
	RULES("meet \"no\" { allow = false accounts = {\"ann\"} with = {\"dan\"} } "               \
	      "meet \"team\" { allow = true accounts = {\"ann\"} with = {\"bea\", \"c*\", "        \
	      "\"dan\"} } "                                                                        \
	      "meet \"c\" { allow = true accounts = {\"cleo\"} with = {\"bea\"} } " more)
#define STARTING MEETING ROOMS SERVICE GUESTS DESK MEETS("")

static void make_accounts(struct browser *host)
{
	static const char *const names[] = {"ann", "bea", "cleo", "carl", "dan"};

	sign_in_host(host, "hanna");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		put_account(host, names[i], "");
}

/* The id of the account that is listed with that name. */
static const char *id_of(const struct answer *page, const char *name)
{
	char end[60];
	const char *at = page->body, *found = NULL;

	snprintf(end, sizeof end, "<bdi>%s A.</bdi></label>", name);
	while ((at = strstr(at, "name=\"guest\" value=\"")) != NULL && strstr(at, end) != NULL) {
		found = at;
		at++;
	}
	return found != NULL ? cut(found, "value=\"", "\"") : NULL;
}

static const struct answer *start_with(
	struct browser *guest, const struct answer *page, const char *one, const char *other)
{
	char fields[200];

	if (other != NULL)
		snprintf(fields, sizeof fields, "guest=%s&guest=%s", one, other);
	else
		snprintf(fields, sizeof fields, "guest=%s", one);
	return submit(guest, page, "value=\"start\"", fields);
}

static void a_guest_starts_a_meeting_with_those_whom_a_rule_names(void **state)
{
	struct browser host = {0}, ann = {0}, bea = {0}, dan = {0};
	const struct answer *page, *mine, *answer;
	const char *link;

	(void)state;
	open_site(STARTING);
	make_accounts(&host);
	page = mine = open_page(&ann, "ann");
	assert_says(page, "(me.start)");
	assert_silent(page, "<bdi>dan A.</bdi></label>"); /* the first rule denies */
	assert_silent(page, "<bdi>ann A.</bdi></label>");
	answer = start_with(&ann, page, id_of(page, "bea"), id_of(page, "cleo"));
	assert_status(answer, 200);
	assert_says(answer, "(me.started)");
	assert_logged("desk", "action=start-meeting result=ok guest=bea,cleo backend=guests");
	link = link_of(answer, "(me.join): space-");
	assert_non_null(link);
	site_reload();
	page = open_page(&bea, "bea");
	assert_string_equal(link_of(page, "(me.join): space-"), link);
	assert_says(page, "(me.host) ann A.");
	assert_silent(page, "(me.end)"); /* it is not hers */
	assert_leads(visit(&bea, link), "https://" PLACE "/space-");
	assert_leads(visit(&ann, link), "https://" PLACE "/space-");
	assert_silent(open_page(&dan, "dan"), "space-");
	assert_silent(visit(&dan, "/me"), "(me.start)");
	assert_leads(visit(&dan, link), "/login?ticket=");
	/* The form comes twice, or with another's session. */
	answer = start_with(&ann, mine, id_of(mine, "bea"), NULL);
	assert_says(answer, "(me.fault.again)");
	answer = start_with(&dan, mine, id_of(mine, "bea"), NULL);
	assert_failure(answer, 400, "ticket-expired", "me.message");
	answer = submit(&ann, visit(&ann, "/me"), "value=\"start\"", "do=other");
	assert_status(answer, 400);
	site_file("accounts", "{");
	page = visit(&ann, "/me");
	answer = start_with(&ann, page, id_of(page, "bea"), NULL);
	assert_failure(answer, 500, "internal", "message");
}

static const struct answer *start_another(struct browser *ann)
{
	const struct answer *page;

	site_reload();
	page = visit(ann, "/me");
	return start_with(ann, page, id_of(page, "bea"), NULL);
}

static void a_guest_has_four_started_meetings_at_most(void **state)
{
	struct browser host = {0}, ann = {0};
	const struct answer *page;

	(void)state;
	open_site(STARTING);
	make_accounts(&host);
	open_page(&ann, "ann");
	for (int i = 0; i < 4; i++)
		assert_says(start_another(&ann), "(me.started)");
	assert_says(start_another(&ann), "(me.fault.many)");
	site_reload();
	page = visit(&ann, "/me");
	assert_says(submit(&ann, page, "value=\"end\"", ""), "(me.ended)");
	assert_says(start_another(&ann), "(me.started)");
	assert_says(start_another(&ann), "(me.fault.many)");
}

static void what_no_rule_allows_is_not_started(void **state)
{
	struct browser host = {0}, ann = {0}, cleo = {0};
	const struct answer *page, *list, *answer;
	const char *bea, *carl, *dan = NULL;

	(void)state;
	open_site(STARTING);
	make_accounts(&host);
	page = open_page(&ann, "ann");
	bea = id_of(page, "bea");
	carl = id_of(page, "carl");
	list = visit(&host, "/guests");
	dan = cut(strstr(list->body, "name=\"guest\""), "value=\"", "\""); /* the newest */
	answer = start_with(&ann, page, dan, NULL);
	assert_status(answer, 400);
	assert_says(answer, "(me.fault.guests)");
	assert_logged("desk", "action=start-meeting result=failed detail=me.fault.guests guest=");
	/* All or none; and a guest of the meeting meets all others in it. */
	page = visit(&ann, "/me");
	assert_says(start_with(&ann, page, bea, dan), "(me.fault.guests)");
	page = visit(&ann, "/me");
	assert_says(start_with(&ann, page, bea, carl), "(me.fault.guests)");
	page = visit(&ann, "/me");
	assert_says(start_with(&ann, page, "0123456789abcdef0123456789abcdef", NULL),
		"(me.fault.guests)");
	page = visit(&ann, "/me");
	assert_says(submit(&ann, page, "value=\"start\"", ""), "(me.fault.nobody)");
	page = open_page(&cleo, "cleo");
	assert_null(id_of(page, "ann")); /* who may be called need not be one who calls */
	site_reload();
	assert_says(visit(&ann, "/me"), "(me.none)");
	/* Not on a platform that makes no rooms by name. */
	page = visit(&ann, "/me");
	answer = submit(&ann, page, "value=\"start\"", "guest=x&platform=" HOST);
	assert_status(answer, 400);
	/* Without a rule there is no form, and none counts. */
	site_load("", SITE);
	answer = start_with(&ann, page, bea, NULL);
	assert_says(answer, "(me.fault.guests)");
	assert_silent(answer, "(me.start)");
}

static void the_rules_for_joins_count_for_what_guests_start_too(void **state)
{
	struct browser host = {0}, ann = {0};
	const struct answer *page;

	(void)state;
	open_site(MEETING ROOMS SERVICE GUESTS DESK
		"policy { default = \"deny\" "
		"rule \"guests\" { allow = true backends = {\"guests\"} platforms = {\"" HOST
		"\"} } "
		"meet \"all\" { allow = true accounts = {\"*\"} with = {\"*\"} } }\n");
	make_accounts(&host);
	page = open_page(&ann, "ann");
	assert_says(start_with(&ann, page, id_of(page, "bea"), NULL), "(me.fault.policy)");
}

/* Adds accounts with the names guest-0, guest-1 … to the file, each a copy of its first. */
static void add_accounts(int count)
{
	char path[400], *text;
	const char *other = site_file("other", "");
	json_t *file, *entries;

	snprintf(path, sizeof path, "%.*saccounts", (int)(strlen(other) - strlen("other")), other);
	file = json_load_file(path, 0, NULL);
	entries = json_object_get(file, "entries");
	for (int i = 0; i < count; i++) {
		json_t *copy = json_deep_copy(json_array_get(entries, 0));

		json_object_set_new(copy, "id", json_sprintf("%032x", 0xabc000 + i));
		json_object_set_new(copy, "name", json_sprintf("guest-%d", i));
		json_object_set_new(copy, "display",
			i == count - 1 ? json_string("Zoë %_.* Guest")
				       : json_sprintf("Guest %d", i));
		json_array_append_new(entries, copy);
	}
	text = json_dumps(file, 0);
	site_file("accounts", text);
	free(text);
	json_decref(file);
	site_reload();
}

static unsigned choices_on(const struct answer *page)
{
	unsigned count = 0;

	for (const char *at = page->body; (at = strstr(at, "name=\"guest\" value=")) != NULL; at++)
		count++;
	return count;
}

/* Only those whom a rule allows, however somebody searches; and never more than fit. */
static void who_does_not_fit_on_the_page_is_found_by_name(void **state)
{
	struct browser host = {0}, ann = {0};
	const struct answer *page;
	const char *id;

	(void)state;
	open_site(MEETING ROOMS SERVICE GUESTS DESK RULES(
		"meet \"no\" { allow = false accounts = {\"ann\"} with = {\"dan\"} } "
		"meet \"all\" { allow = true accounts = {\"ann\"} with = {\"*\"} } "));
	sign_in_host(&host, "hanna");
	put_account(&host, "dan", "");
	put_account(&host, "ann", "");
	page = open_page(&ann, "ann");
	assert_silent(page, "role=\"search\"");
	add_accounts(45);
	page = visit(&ann, "/me");
	assert_int_equal(choices_on(page), 40);
	assert_says(page, "(me.find.more)");
	assert_silent(page, "guest-44");
	/* Case and accents make no difference, and no character stands for others. */
#ifdef HAVE_UNISTRING
	assert_int_equal(choices_on(visit(&ann, "/me?find=zoe%25")), 1);
#endif
	page = visit(&ann, "/me?find=ZO");
	assert_int_equal(choices_on(page), 1);
	assert_says(page, "value=\"ZO\"");
	assert_silent(page, "(me.find.more)");
	id = cut(strstr(page->body, "name=\"guest\""), "value=\"", "\"");
	assert_says(start_with(&ann, page, id, NULL), "(me.started)");
	assert_int_equal(choices_on(visit(&ann, "/me?find=%25_.*")), 1);
	assert_int_equal(choices_on(visit(&ann, "/me?find=guest-1")), 11);
	assert_int_equal(choices_on(visit(&ann, "/me?find=%20")), 40);
	/* None of these is anybody, or anybody whom she may meet. */
	static const char *const targets[] = {"/me?find=**", "/me?find=%25%25", "/me?find=dan",
		"/me?find=ann", "/me?find=%5B0-9%5D", "/me?find=abc000"};
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		page = visit(&ann, targets[i]);
		assert_status(page, 200);
		assert_int_equal(choices_on(page), 0);
		assert_says(page, "(me.find.nobody)");
	}
	/* What cannot be searched for is no search. */
	assert_int_equal(choices_on(visit(&ann, "/me?find=a&find=b")), 40);
	assert_int_equal(
		choices_on(visit(&ann,
			"/me?find=aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"
			"ggggg")),
		40);
	page = visit(&ann, "/me?find=%22%3E%3Cscript%3E");
	assert_silent(page, "<script>");
	assert_says(page, "value=\"&quot;&gt;&lt;script&gt;\"");
}

/* The rules are asked on the loop: whoever has many accounts must not stop it for all. */
static void the_rules_are_asked_of_some_guests_only(void **state)
{
	struct browser host = {0}, ann = {0};
	const struct answer *page;

	(void)state;
	open_site(MEETING ROOMS SERVICE GUESTS DESK RULES(
		"meet \"one\" { allow = true accounts = {\"ann\"} with = {\"guest-2100\"} } "));
	sign_in_host(&host, "hanna");
	put_account(&host, "ann", "");
	open_page(&ann, "ann");
	add_accounts(2200);
	page = visit(&ann, "/me");
	assert_int_equal(choices_on(page), 0);
	assert_says(page, "(me.find.more)");
	page = visit(&ann, "/me?find=guest");
	assert_int_equal(choices_on(page), 0);
	assert_says(page, "(me.find.more)");
	assert_silent(page, "(me.find.nobody)");
	assert_int_equal(choices_on(visit(&ann, "/me?find=guest-2100")), 1);
}

/* By no page of theirs, and whatever they search for; the page itself and others are still there.
 */
static void nobody_reads_the_directory_by_many_searches(void **state)
{
	struct browser host = {0}, ann = {0}, bea = {0};
	const struct answer *page;
	char target[40];

	(void)state;
	open_site(MEETING ROOMS SERVICE GUESTS DESK RULES(
		"meet \"all\" { allow = true accounts = {\"ann\", \"bea\"} with = {\"*\"} } "));
	sign_in_host(&host, "hanna");
	put_account(&host, "bea", "");
	put_account(&host, "ann", "");
	open_page(&ann, "ann");
	open_page(&bea, "bea");
	for (int i = 0; i < 30; i++) {
		snprintf(target, sizeof target, "/me?find=be%d", i);
		assert_status(visit(&ann, target), 200);
	}
	page = visit(&ann, "/me?find=be");
	assert_status(page, 429);
	assert_in_range(strtol(header(page, "Retry-After"), NULL, 10), 1, 600);
	assert_int_equal(choices_on(page), 0);
	assert_says(page, "(me.find.too_many)");
	assert_silent(page, "(me.find.nobody)");
	assert_int_equal(choices_on(visit(&ann, "/me")), 1);
	assert_int_equal(choices_on(visit(&bea, "/me?find=an")), 1);
	later(601);
	assert_int_equal(choices_on(visit(&ann, "/me?find=be")), 1);
}

#define WEBEX "example.webex.com"
#define POOL                                                                                       \
	"platform \"" WEBEX "\" { type = \"webex\" mode = \"guest-issuer\" issuer = \"i\" "        \
	"api = \"@api@\" rooms = {\"123456789\"} room-lease = \"4h\" timeout = \"30s\" "           \
	"connect-timeout = \"30s\" }\n"

/* Only Webex's own numbers name a meeting there, unless meetings share rooms. */
static void a_meeting_that_a_guest_starts_at_webex_takes_a_room(void **state)
{
	struct browser host = {0}, ann = {0};
	const struct answer *page, *answer;
	const char *link;

	(void)state;
	site_secret(WEBEX, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
	open_site(MEETING POOL
		"platform \"second.webex.com\" { type = \"webex\" mode = "
		"\"guest-issuer\" issuer = \"i\" api = \"@api@\" }\n" SERVICE GUESTS DESK MEETS(
			""));
	peer_says("/v1/jwt/login", 200, "Content-Type: application/json\r\n",
		"{\"token\":\"guest\",\"expiresIn\":3600}");
	peer_says("/v1/meetings/join", 200, "Content-Type: application/json\r\n",
		"{\"joinLink\":\"https://example.webex.com/j\"}");
	make_accounts(&host);
	page = open_page(&ann, "ann");
	assert_says(page, "name=\"platform\" value=\"" WEBEX "\"");
	assert_silent(page, "second.webex.com");
	answer = start_with(&ann, page, id_of(page, "bea"), NULL);
	assert_says(answer, "(me.started)");
	link = link_of(answer, "(me.join): space-");
	assert_non_null(link);
	assert_non_null(strstr(link, MOUNT "/webex/space-"));
	site_reload();
	assert_leads(visit(&ann, link), "https://example.webex.com/j");
	assert_non_null(strstr(peer_last("/v1/meetings/join"), "123456789"));
}

static void the_end_of_a_meeting_gives_its_room_to_the_next(void **state)
{
	struct browser hanna = {0}, ann = {0};
	const struct answer *answer;

	(void)state;
	site_secret(WEBEX, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
	open_site(MEETING POOL SERVICE GUESTS DESK RULES(
		"rule \"hosts\" { allow = true groups = {\"hosts\"} }"));
	peer_says("/v1/jwt/login", 200, "Content-Type: application/json\r\n",
		"{\"token\":\"guest\",\"expiresIn\":3600}");
	peer_says("/v1/meetings/join", 200, "Content-Type: application/json\r\n",
		"{\"joinLink\":\"https://example.webex.com/j\"}");
	sign_in_host(&hanna, "hanna");
	put_account(&hanna, "ann", WEBEX "%2Ffirst%2C" WEBEX "%2Fthird");
	open_page(&ann, "ann");
	assert_status(visit(&ann, "/webex/first"), 302);
	assert_status(visit(&hanna, "/webex/second"), 503);
	/* One that has no room frees none. */
	answer = submit(&hanna, visit(&hanna, "/me"), WEBEX "/third", "");
	assert_says(answer, "(me.ended)");
	assert_silent(answer, "(me.freed)");
	site_reload();
	later(400); /* all links into it have ended */
	answer = submit(&hanna, visit(&hanna, "/me"), WEBEX "/first", "");
	assert_says(answer, "(me.freed)");
	assert_status(visit(&hanna, "/webex/second"), 302);
	/* Without the state nobody is told that it was ended. */
	site_reload();
	put_account(&hanna, "ben", WEBEX "%2Fsecond");
	answer = visit(&hanna, "/me");
	state_break("", LEASES);
	assert_failure(submit(&hanna, answer, WEBEX "/second", ""), 503, "internal", "state");
}

static void who_has_invited_ends_the_meeting(void **state)
{
	struct browser hanna = {0}, henk = {0}, ann = {0};
	const struct answer *page, *answer;

	(void)state;
	open_site(MEETING ROOMS SERVICE GUESTS DESK RULES(
		"rule \"hosts\" { allow = true groups = {\"hosts\"} }"));
	sign_in_host(&hanna, "hanna");
	sign_in_host(&henk, "henk");
	put_account(&hanna, "ann", HOST "%2Fm1%2C" HOST "%2Fm2");
	change(&hanna, "add-invitation", "name=Ben&email=&meetings=" HOST "%2Fm1&meeting_token=");
	site_reload();
	assert_silent(open_page(&ann, "ann"), "(me.end)");
	page = visit(&ann, "/me");
	answer = SEND(&ann, .method = "POST", .target = "/me",
		.type = "application/x-www-form-urlencoded", .body = "do=end&meeting=" HOST "/m1");
	assert_failure(answer, 400, "ticket-expired", "me.message");
	/* Another host's form, and a form of hers for what is not hers. */
	page = visit(&hanna, "/me");
	answer = submit(&henk, page, "value=\"end\"", "");
	assert_failure(answer, 400, "ticket-expired", "me.message");
	assert_string_equal(link_of(answer, "(error.me)"), PAGE);
	answer = SEND(&hanna, .method = "POST", .target = "/me", .site = "cross-site",
		.type = "application/x-www-form-urlencoded",
		.body = form_body(page, "value=\"end\"", ""));
	assert_failure(answer, 400, "bad-request", "other");
	answer = submit(&hanna, page, HOST "/m1", "");
	assert_status(answer, 200);
	assert_says(answer, "(me.ended)");
	assert_silent(answer, "(me.join): m1");
	assert_logged("desk", "action=end-meeting result=ok meetings=" HOST "/m1 user=hanna");
	answer = submit(&hanna, page, HOST "/m1", "");
	assert_says(answer, "(me.fault.again)");
	site_reload();
	page = visit(&ann, "/me");
	assert_silent(page, "(me.join): m1");
	assert_says(page, "(me.join): m2");
	assert_leads(visit(&ann, ENTRY "number-1"), "/login?ticket=");
	assert_silent(visit(&henk, "/me"), "(me.end)");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, site_up, site_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_not_signed_in_does_so_and_comes_back),
		TEST(a_join_button_leads_into_the_normal_flow),
		TEST(nobody_sees_the_meetings_of_others),
		TEST(what_is_taken_away_is_gone_at_once_and_what_is_given_is_there),
		TEST(a_revoked_guest_sees_nothing),
		TEST(an_account_may_be_without_a_meeting_and_is_good_for_none),
		TEST(the_policy_says_what_is_open_and_when),
		TEST(hosts_see_where_they_have_invited_to),
		TEST(names_and_meetings_stay_text),
		TEST(a_guest_starts_a_meeting_with_those_whom_a_rule_names),
		TEST(a_guest_has_four_started_meetings_at_most),
		TEST(what_no_rule_allows_is_not_started),
		TEST(the_rules_for_joins_count_for_what_guests_start_too),
		TEST(who_has_invited_ends_the_meeting),
		TEST(who_does_not_fit_on_the_page_is_found_by_name),
		TEST(the_rules_are_asked_of_some_guests_only),
		TEST(nobody_reads_the_directory_by_many_searches),
		TEST(a_meeting_that_a_guest_starts_at_webex_takes_a_room),
		TEST(the_end_of_a_meeting_gives_its_room_to_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* automake: skipped, the build has no cjose */
}

#endif
