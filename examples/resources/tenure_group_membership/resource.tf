# One membership. Other members of the group are left alone.
resource "tenure_group_membership" "on_call" {
  app       = "slack"
  group     = "on-call"
  user_name = "ana@acme.com"
}
