# Who should hold what; see tenure_entitlements.
data "tenure_entitlements" "company" {
  rosters = ["hr"]
  include = ["register"]

  rule {
    name     = "everyone"
    when     = "true"
    accounts = ["wiki"]
    groups   = { slack = ["all-hands"] }
  }
}

# What somebody should look at, in all apps of the provider.
data "tenure_access_findings" "all" {
  rosters      = ["hr"]
  entitlements = data.tenure_entitlements.company.apps
  register     = data.tenure_entitlements.company.register

  thresholds {
    dormant_days            = 60
    dormant_privileged_days = 14
  }

  # Accepted until a date: it stays in findings and is not counted.
  waiver {
    kind        = "orphan_account"
    app         = "slack"
    subject     = "accounts/deploy-bot@acme.com"
    reason      = "deploys the web site; owned by the platform team"
    approved_by = "cto@acme.com"
    expires_at  = "2030-12-31"
  }
}

# A failed check is a warning of the plan. For an error, write the same as a postcondition of the data source.
check "access_review" {
  assert {
    condition = data.tenure_access_findings.all.counts.critical == 0
    error_message = join("\n", [
      for f in data.tenure_access_findings.all.findings : "${f.kind} ${f.subject}: ${f.reason}"
      if f.severity == "critical" && !f.waived
    ])
  }
}

# What idle licenses cost in a month, where license_price blocks of the provider say.
output "idle_license_cost" {
  value = sum(concat([0], [for f in data.tenure_access_findings.all.findings : f.monthly_cost if f.kind == "license_pool_idle" && f.monthly_cost != null]))
}
