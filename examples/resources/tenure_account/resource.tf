# A service account, which no HR system knows.
resource "tenure_account" "deploy_bot" {
  app          = "slack"
  user_name    = "deploy-bot@acme.com"
  email        = "deploy-bot@acme.com"
  display_name = "Deploy bot"

  # Always on: an account that somebody deactivates by hand is activated again.
  active = true

  # When this block is removed. "deactivate" is the default and keeps what the account made.
  on_removal = "deactivate"
}

# One account for everybody who works here today.
data "tenure_roster" "hr" {
  rosters = ["hr"]
  fields  = ["work_email", "given_name", "family_name", "title"]
}

resource "tenure_account" "wiki" {
  for_each = { for id, person in data.tenure_roster.hr.people : id => person if person.has_access }

  app       = "wiki"
  person_id = each.key # the stable key: a new name or address is a change of this account, never another one

  user_name   = each.value.work_email
  given_name  = each.value.given_name
  family_name = each.value.family_name
  title       = each.value.title
  # Left out and so unmanaged: department, manager, role. What the app or its people write there stays.
}
