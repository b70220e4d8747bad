package report

// rule is what a kind of finding means, for whoever meets it for the first time.
type rule struct {
	id, title, help string
}

// rules are the kinds of findings of tenure_access_findings.
var rules = [...]rule{
	{"orphan_account", "Account without an owner", "Nobody in the rosters and nothing in configuration stands for this account. Find out whose it is; adopt it into configuration, or remove it."},
	{"leaver_active", "Somebody who left is still active", "The rosters say that the person left, and the account is active. Apply the plan that deactivates it, or add the account to configuration so that a plan can."},
	{"dropped_from_roster", "Person missing from every roster", "The person is in no roster any more, which is not a proof that they left. Ask HR; their access is kept until a roster says that they left."},
	{"dormant_account", "Account not used for long", "Nobody has signed in for longer than the threshold. Ask whether the account is needed, and take it away if it is not."},
	{"never_used", "Account never used", "Nobody has ever signed in. Ask whether the account is needed, and take it away if it is not."},
	{"unmanaged_account", "Account that nothing gives", "Somebody who works here has an account that no rule and no exception gives. Add one for it, or take the account away."},
	{"unmanaged_membership", "Membership that nothing asks for", "Somebody was put into a group outside Tenure. Add a rule or an exception for it, or let the plan take it away."},
	{"unmanaged_license", "License that nothing asks for", "A license was assigned outside Tenure. Add a rule or an exception for it, or let the plan take it away."},
	{"license_on_inactive", "License on an inactive account", "The account is deactivated and still holds a license that is paid for. Take the license away."},
	{"license_unused", "License not used", "Whoever holds the license has not used the app for longer than the threshold. Ask whether it is needed."},
	{"license_pool_low", "Licenses running out", "Fewer licenses are left than the threshold. Buy more, or free some, before the next joiner needs one."},
	{"license_pool_idle", "Licenses bought and not assigned", "More licenses are bought than used. Reduce the number at the next renewal."},
	{"conflict", "Separation of duties", "One person holds what must not be in one hand. Take one of the two away, or give a dated waiver with a reason."},
	{"privileged_without_rule", "Privileged access without a rule", "Somebody holds a privileged group or role that no rule and no exception gives. Take it away, or add an exception with an end."},
	{"duplicate_account", "Two accounts of one person", "One person seems to have two accounts in one app. Find out which is used and remove the other."},
	{"missing_manager", "Person without a manager", "The roster names no manager, so nobody can be asked about the person's access. Correct it in HR."},
	{"missing_user_name", "Person without a user name", "No user name is known for the person in an app where policy gives them access. Add it in HR, or in identities."},
	{"unknown_status", "Employment status not understood", "The roster has a status that is not mapped, so access stays as it is. Map it in the roster block."},
	{"deactivated_elsewhere", "Account deactivated by somebody else", "Somebody deactivated the account outside Tenure; it is not reactivated. Find out why, and settle it in configuration."},
	{"exception_expired", "Exception past its end", "The exception no longer gives anything. Remove it, or have it approved again."},
	{"exception_expiring", "Exception about to end", "The exception ends soon. Make a rule of it, have it approved again, or let it end."},
	{"exception_unapproved", "Exception without a valid approval", "Nobody else who works here approved the exception, so it gives nothing. Have it approved."},
}

// ruleOf is the rule of a kind, or what can be said about one that is newer than this program.
func ruleOf(kind string) rule {
	for _, r := range rules {
		if r.id == kind {
			return r
		}
	}
	return rule{kind, kind, "See the documentation of tenure_access_findings."}
}
