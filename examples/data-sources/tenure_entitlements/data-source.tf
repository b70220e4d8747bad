data "tenure_entitlements" "company" {
  rosters = ["hr"]

  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["slack", "wiki"]
  }
  rule {
    name       = "engineers"
    when       = "person.department == 'Engineering' && person.employment_type == 'employee'"
    groups     = { slack = ["engineering"] }
    expect_min = 1 # fewer than that is a mistake in the roster, and an error
  }

  # One person, until a date that is part of it.
  exception {
    person_id   = "1001"
    groups      = { slack = ["on-call"] }
    reason      = "INC-77"
    approved_by = "cto@acme.com"
    expires_at  = "2026-12-01"
  }

  # Nobody holds both.
  conflict {
    name   = "builders do not give licenses"
    grants = ["slack/groups/engineering", "wiki/roles/admin"]
  }

  timing {
    before_start_days = 3
  }

  # Who has access because of what: for a review, and then it is in state.
  include = ["reasons"]
}

output "holders" {
  value = data.tenure_entitlements.company.counts
}
