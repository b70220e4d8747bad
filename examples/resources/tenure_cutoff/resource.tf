# The fast lane: a configuration of its own, with a state that holds nobody else.
resource "tenure_cutoff" "slack" {
  app = "slack"
  people = {
    "1042" = "INC-4711: laptop stolen" # the person_id, and why
  }

  # Where the app does not remember whose account is whose, or Tenure did not make it.
  user_names = {
    "1042" = "ana@acme.com"
  }
}
