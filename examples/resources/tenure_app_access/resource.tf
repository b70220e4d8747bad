# Everybody's access to every app that policy names, one resource for each app.
data "tenure_entitlements" "company" {
  rosters = ["hr"]

  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["wiki"]
  }
}

resource "tenure_app_access" "this" {
  for_each = data.tenure_entitlements.company.apps

  app      = each.key
  accounts = each.value.accounts
  groups   = each.value.groups
  licenses = each.value.licenses
  rosters  = ["hr"] # tells who has left from who is merely missing

  unmanaged {
    accounts  = "report" # listed in strangers
    members   = "remove" # taken out, each by name
    assignees = "report"
  }
  grace_hours = 24 # strangers are seen for a day before they go
}

# Without a policy: an app whose few accounts are written down.
resource "tenure_app_access" "slack" {
  app = "slack"
  accounts = {
    "ana" = { user_name = "ana@acme.com" }
    "bot" = { user_name = "deploy-bot@acme.com", display_name = "Deploy bot" }
  }
  groups = {
    "engineering" = { "ana@acme.com" = "member", "deploy-bot@acme.com" = "member" }
  }

  unmanaged {
    accounts  = "report"
    members   = "report"
    assignees = "report"
  }
}
