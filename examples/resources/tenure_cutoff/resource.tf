# The fast lane: a configuration of its own, applied at once, without waiting for HR or for a plan of the company.
# Somebody has to go at 15:00 today.
resource "tenure_cutoff" "slack" {
  app = "slack"

  people = {
    "1001" = "case 12"
  }

  # For an account that does not carry the person_id, because Tenure never provisioned it.
  user_names = {
    "1001" = "ana@acme.com"
  }
}
