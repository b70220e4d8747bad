# A whole company on one page: one resource for each app that a rule names.
data "tenure_entitlements" "company" {
  rosters = ["hr"]

  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["wiki"]
    groups   = { slack = ["all-hands"] }
  }
  rule {
    name   = "engineers"
    when   = "person.department == 'Engineering'"
    groups = { slack = ["engineering"] }
  }
}

resource "tenure_app_access" "this" {
  for_each = data.tenure_entitlements.company.apps

  app      = each.key
  accounts = each.value.accounts
  groups   = each.value.groups
  licenses = each.value.licenses

  # With the rosters, somebody who is missing from all of them is held and named, and only a leaver loses access.
  rosters = ["hr"]

  # What is there and in no rule: list it, or take it away, each by name in the plan.
  unmanaged {
    accounts  = "report"
    members   = "remove"
    assignees = "report"
  }
  grace_hours = 24
}
