/* SPDX-License-Identifier: MIT */
#include "policy/policy.h"

#include "policy/condition.h"
#include "policy/index.h"

/* An open question (POLICY_MAY) never comes from a visit. If it did, a rule that denies would deny
 * and a rule that allows would not allow. */
static bool decides(const struct config_rule *rule, const struct policy_question *question)
{
	enum policy_match match = condition_match_all(rule, question, true, NULL);

	return match == POLICY_HIT || (match == POLICY_MAY && !rule->allow);
}

static bool is_guest(const struct policy_question *question)
{
	return question->who != NULL && question->who->guest;
}

static enum policy_verdict to_verdict(bool allow)
{
	return allow ? POLICY_ALLOW : POLICY_DENY;
}

static struct policy_answer answer_of(const struct config_rule *rule)
{
	return (struct policy_answer){to_verdict(rule->allow), rule->name, rule->role};
}

static struct policy_answer answer_of_default(
	const struct config_policy *policy, const struct policy_question *question)
{
	if (!policy->present)
		return (struct policy_answer){to_verdict(!is_guest(question)), "no policy", ""};
	return (struct policy_answer){
		to_verdict(policy->allow_by_default && !is_guest(question)), "default", ""};
}

struct policy_answer policy_decide(
	const struct config_policy *policy, const struct policy_question *question)
{
	for (size_t i = 0; i < policy->count; i++)
		if (decides(&policy->rules[i], question))
			return answer_of(&policy->rules[i]);
	return answer_of_default(policy, question);
}

struct policy_answer policy_decide_indexed(const struct config_policy *policy,
	const struct policy_index *index, const struct policy_question *question)
{
	struct index_walk walk;
	size_t i;

	if (!index_begin(index, question, &walk))
		return policy_decide(policy, question);
	while ((i = index_next(&walk)) != SIZE_MAX)
		if (decides(&policy->rules[i], question))
			return answer_of(&policy->rules[i]);
	return answer_of_default(policy, question);
}

static int64_t earlier(int64_t time, int64_t than, int64_t after)
{
	return time > after && (than == 0 || time < than) ? time : than;
}

/* The next time at which a rule's window opens or closes; 0: never again. */
static int64_t next_turn(const struct config_policy *policy, int64_t now)
{
	int64_t next = 0;

	for (size_t i = 0; i < policy->count; i++) {
		next = earlier(policy->rules[i].not_before, next, now);
		if (policy->rules[i].not_after != 0)
			next = earlier(policy->rules[i].not_after + 1, next, now);
	}
	return next;
}

int64_t policy_opens(const struct config_policy *policy, const struct policy_question *question)
{
	struct policy_question then = *question;

	while (policy_decide(policy, &then).verdict != POLICY_ALLOW) {
		then.now = next_turn(policy, then.now);
		if (then.now == 0)
			return 0;
	}
	return then.now;
}

void policy_each_meeting(const struct config_policy *policy,
	void (*tell)(void *context, const struct config_list *platforms, const char *meeting_id),
	void *context)
{
	for (size_t i = 0; i < policy->count; i++) {
		const struct config_rule *rule = &policy->rules[i];

		for (size_t m = 0; rule->allow && m < rule->meetings.count; m++)
			if (strchr(rule->meetings.items[m], '*') == NULL)
				tell(context, &rule->platforms, rule->meetings.items[m]);
	}
}

const char *policy_title(
	const struct config_policy *policy, const char *platform, const char *meeting_id)
{
	const struct policy_question question = {.platform = platform, .meeting_id = meeting_id};

	for (size_t i = 0; i < policy->count; i++) {
		const struct config_rule *rule = &policy->rules[i];

		if (rule->title[0] != '\0' &&
			condition_match_all(rule, &question, false, NULL) != POLICY_MISS)
			return rule->title;
	}
	return NULL;
}
