# A company of sixty people and three apps. Who works here comes from HR, what people get is decided in access.tf, and
# nobody is named in either. `make demo` copies this directory, applies it, and lets things happen to it.

terraform {
  required_version = ">= 1.8"

  required_providers {
    tenure = {
      source = "tenure-access/tenure"
    }
  }
}

provider "tenure" {
  time_zone = "Europe/Madrid"

  # The quickstart always plays on this day, so that it gives the same plan whenever you run it. Leave as_of out and
  # today counts. Only `local` apps can be written under another date than today.
  as_of = "2026-03-02"

  # Three JSON files that behave like apps: look into them before and after an apply.
  app {
    name = "wiki"
    local { path = "apps/wiki.json" }

    # In the wiki since before HR had a system: Tenure never touches it.
    protected_accounts = ["breakglass@acme.example"]
  }
  app {
    name = "chat"
    local { path = "apps/chat.json" }
  }
  app {
    name = "design"
    local { path = "apps/design.json" }
  }

  # Who works here. The file is read inside the provider: of what HR knows, only what an app needs gets into state.
  roster {
    name = "hr"
    csv { path = "people.csv" }
  }

  # A line before each write and one after it, each with the hash of the line before.
  audit_log { path = "audit.jsonl" }
}
