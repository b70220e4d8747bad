data "tenure_entitlements" "company" {
  rosters = ["hr"]

  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["wiki"]
    groups   = { slack = ["all-hands"] }
  }
  rule {
    name       = "engineers"
    when       = "person.department == 'Engineering' && person.employment_type != 'intern'"
    groups     = { slack = ["engineering"] }
    expect_min = 1 # a renamed department is an error and not an empty group
  }
  rule {
    name     = "designers"
    when     = "person.title.contains('Designer')"
    licenses = { wiki = { "Design" = "Full" } }
  }

  # One person, until a date, with a reason.
  exception {
    person_id   = "1042"
    groups      = { slack = ["on-call"] }
    reason      = "INC-77: helps out during the migration"
    approved_by = "cto@acme.com"
    expires_at  = "2026-12-01"
  }

  # Whoever would hold both keeps what they have, and is named.
  conflict {
    name   = "maker-checker"
    grants = ["slack/groups/payments-create", "slack/groups/payments-approve"]
  }

  timing {
    before_start_days = 3
  }
}

output "holders" {
  value = data.tenure_entitlements.company.counts
}
