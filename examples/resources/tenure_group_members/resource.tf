# A team that owns its group: these people, and nobody else.
resource "tenure_group_members" "on_call" {
  app   = "slack"
  group = "on-call"

  members = {
    "ana@acme.com" = "member"
    "cto@acme.com" = "member"
  }

  # "report", the default, only lists others in strangers.
  unmanaged = "remove"
}
