# The kill switch: a configuration of its own, with a small state, that can be applied in seconds.
resource "tenure_cutoff" "slack" {
  app = "slack"

  people = {
    "1042" = "Left without notice, ticket HR-311"
  }
}
