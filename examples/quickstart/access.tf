# Who gets what, and why: the name of a rule is what plans and the audit log say.

locals {
  departments = ["Design", "Engineering", "Finance", "Leadership", "People", "Product", "Sales", "Support"]
}

data "tenure_entitlements" "acme" {
  rosters = ["hr"]

  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["wiki", "chat"]
    groups   = { chat = ["all-hands"] }
  }

  # Each department has a channel.
  dynamic "rule" {
    for_each = local.departments
    content {
      name   = "channel of ${rule.value}"
      when   = "person.department == '${rule.value}'"
      groups = { chat = [rule.value] }
    }
  }

  rule {
    name   = "handbook editors"
    when   = "person.is_manager || person.department == 'People'"
    groups = { wiki = ["handbook-editors"] }
  }
  rule {
    name   = "wiki admins"
    when   = "person.title == 'Site Reliability Engineer'"
    groups = { wiki = ["admins"] }
  }

  # Design and Product use the design tool; a full seat is for those who design.
  rule {
    name     = "designers"
    when     = "person.department == 'Design'"
    licenses = { design = { Design = "Full" } }
  }
  rule {
    name     = "product"
    when     = "person.department == 'Product'"
    licenses = { design = { Design = "Viewer" } }
  }

  # The profile fields that follow HR, by app; the others belong to whoever edits them there.
  account_fields = {
    wiki   = ["user_name", "email", "display_name", "title", "department"]
    design = ["user_name", "email", "display_name"]
  }
}

# Each app as a whole: accounts, groups, licenses.
resource "tenure_app_access" "this" {
  for_each = data.tenure_entitlements.acme.apps

  app      = each.key
  accounts = each.value.accounts
  groups   = each.value.groups
  licenses = each.value.licenses
  rosters  = ["hr"] # tells who has left from who is merely missing

  # What is there and in no rule is listed in strangers. "remove" takes it away, each by name.
  unmanaged {
    accounts  = "report"
    members   = "report"
    assignees = "report"
  }
}
