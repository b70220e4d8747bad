# A team that owns one group: whoever else gets in is taken out by the next apply, by name.
resource "tenure_group_members" "on_call" {
  app   = "slack"
  group = "on-call"
  members = {
    "ana@acme.com"        = "member"
    "deploy-bot@acme.com" = "member"
  }
  unmanaged = "remove"
}
