# One group with its members, by name or by id.
data "tenure_group" "on_call" {
  app   = "slack"
  group = "on-call"
}
