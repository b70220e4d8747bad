# Who should hold what. Hires, moves and departures change the plan, not this file.
data "tenure_entitlements" "company" {
  rosters = ["hr"]

  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["wiki"]
    groups   = { slack = ["all-hands"] }
  }

  rule {
    name        = "engineers"
    when        = "person.department == 'Engineering'"
    groups      = { slack = ["engineering"] }
    group_roles = { wiki = { "handbook" = "editor" } }
    expect_min  = 1 # an empty department is more likely a renamed one
  }

  rule {
    name     = "designers"
    when     = "person.title.contains('Designer') || '1001' in person.manager_chain"
    licenses = { wiki = { "Design" = "Full" } }
  }

  # More than the rules give, for one person and for a while. Whoever approves it works here and is somebody else.
  exception {
    person_id   = "1001"
    groups      = { slack = ["on-call"] }
    reason      = "INC-77"
    approved_by = "cto@acme.com"
    expires_at  = "2026-12-01" # includes this day
  }

  # Before or after what HR says. An earlier end counts at once.
  override {
    person_id      = "1001"
    access_ends_at = "2030-01-31T15:00:00+01:00"
    reason         = "case 12"
  }

  # Nobody holds both.
  conflict {
    name   = "engineers do not publish"
    grants = ["wiki/groups/handbook", "wiki/groups/publishers"]

    waiver {
      person_id  = "1001"
      reason     = "until the second editor is here"
      expires_at = "2026-12-31"
    }
  }

  timing {
    before_start_days   = 3
    end_of_day_hour     = 18
    on_leave_of_absence = "suspend"
  }

  # What HR does not know, and what the wiki keeps for itself.
  identities     = { slack = { "1001" = "ana.garcia@acme.com" } }
  account_fields = { wiki = ["email", "display_name", "department"] }
}

# A test of the policy in one line.
check "few_on_call" {
  assert {
    condition     = data.tenure_entitlements.company.counts["slack/groups/on-call"] <= 5
    error_message = "Too many people are on call."
  }
}

# Of a second one, with the reasons: they are stored in state, and say who is about to leave.
data "tenure_entitlements" "why" {
  rosters       = ["hr"]
  only_apps     = ["wiki"]
  include       = ["reasons", "quarantined"]
  upcoming_days = 14

  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["wiki"]
  }
}

output "why" {
  value = data.tenure_entitlements.why.reasons["1001"]["wiki/accounts"] # rule "everyone"
}
