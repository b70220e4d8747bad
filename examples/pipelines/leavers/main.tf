# The fast lane: a small configuration with a state of its own, which reads the accounts that it names and nothing else.
variable "people" {
  description = "Whom to cut off: person_id to reason."
  type        = map(string)
  default     = {}
}

resource "tenure_cutoff" "app" {
  for_each = toset(["slack", "wiki"])

  app    = each.key
  people = var.people
}
