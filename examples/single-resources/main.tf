# One resource for each account, membership and license: for service accounts, exceptions and a few dozen people. Terraform's
# own cost grows with the square of their number; for a company, see ../quickstart.

terraform {
  required_providers {
    tenure = {
      source = "tenure-access/tenure"
    }
  }
}

provider "tenure" {
  app {
    name = "chat"
    local { path = "chat.json" }
  }
  roster {
    name = "hr"
    csv { path = "people.csv" }
  }
}

data "tenure_roster" "hr" {
  rosters = ["hr"]

  # Only the fields named here get into state.
  fields = ["work_email", "display_name", "department"]
}

locals {
  # Whoever is inside their access window: not before the first day, not after the last one. Where HR contradicts
  # itself has_access is null, and Terraform stops here instead of guessing.
  people    = { for id, person in data.tenure_roster.hr.people : id => person if person.has_access }
  engineers = { for id, person in local.people : id => person if person.department == "Engineering" }
}

resource "tenure_account" "person" {
  for_each = local.people

  app          = "chat"
  person_id    = each.key # the stable key: a new name or address is a change, never another person
  user_name    = each.value.work_email
  email        = each.value.work_email
  display_name = each.value.display_name
}

resource "tenure_group" "engineering" {
  app         = "chat"
  name        = "engineering"
  description = "The engineering team"
}

# Additive: members whom nobody wrote down are left alone.
resource "tenure_group_membership" "engineer" {
  for_each = local.engineers

  app       = "chat"
  group     = tenure_group.engineering.name
  user_name = tenure_account.person[each.key].user_name
}

# A service account, which no HR system knows.
resource "tenure_account" "deploy_bot" {
  app          = "chat"
  user_name    = "deploy-bot@acme.com"
  display_name = "Deploy bot"
  active       = true # an account that somebody deactivates by hand is activated again
}
