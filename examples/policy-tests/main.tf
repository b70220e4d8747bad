# A policy with tests of its own: `terraform test` runs policy.tftest.hcl against the roster beside it, on the days
# that the tests name. Nothing is written anywhere, because no resource is declared here.

terraform {
  required_version = ">= 1.8"

  required_providers {
    tenure = {
      source = "tenure-access/tenure"
    }
  }
}

# The day, or the minute, to decide for. The tests set it.
variable "as_of" {
  type    = string
  default = "2026-03-02"
}

provider "tenure" {
  time_zone = "Europe/Madrid"
  as_of     = var.as_of

  roster {
    name = "hr"
    csv { path = "people.csv" }
  }
}

data "tenure_entitlements" "company" {
  rosters = ["hr"]
  include = ["quarantined"]

  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["wiki"]
  }
  rule {
    name   = "engineers"
    when   = "person.department == 'Engineering'"
    groups = { wiki = ["engineering"] }
  }
  rule {
    name   = "payments-makers"
    when   = "person.department == 'Finance'"
    groups = { erp = ["payments-create"] }
  }
  rule {
    name   = "payments-approvers"
    when   = "person.title.contains('Controller')"
    groups = { erp = ["payments-approve"] }
  }
  conflict {
    name   = "maker-checker"
    grants = ["erp/groups/payments-create", "erp/groups/payments-approve"]
  }
}
