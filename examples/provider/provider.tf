terraform {
  required_providers {
    tenure = {
      source = "tenure-access/tenure"
    }
  }
}

variable "slack_token" {
  description = "A token for Slack's SCIM API. Left out, TENURE_APP_SLACK_TOKEN is used."
  type        = string
  sensitive   = true
  default     = null
}

variable "as_of" {
  description = "Plan as if it were this day: terraform plan -var as_of=2026-12-01. Under another day than today nothing is written."
  type        = string
  default     = null
}

provider "tenure" {
  time_zone = "Europe/Madrid"
  as_of     = var.as_of

  app {
    name = "slack"
    scim {
      base_url = "https://api.slack.com/scim/v2"
      token    = var.slack_token
      profile  = "slack"
    }
    protected_accounts = ["breakglass@acme.com"]
  }

  # A JSON file that behaves like an app: for trying rules out, and for small tools without an API.
  app {
    name = "wiki"
    local { path = "wiki.json" }
  }

  roster {
    name = "hr"
    csv {
      path = "people.csv"
    }
  }
}
