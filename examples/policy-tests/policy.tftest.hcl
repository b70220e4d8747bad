# Each run decides for another moment. The zone is Europe/Madrid.

run "a_new_engineer_is_not_in_before_the_first_day" {
  command = plan

  variables {
    as_of = "2026-03-15"
  }
  assert {
    condition     = !contains(keys(data.tenure_entitlements.company.apps["wiki"].accounts), "2")
    error_message = "Bo starts on 16 March and has an account on the 15th."
  }
}

run "a_new_engineer_gets_the_wiki_and_the_team" {
  command = plan

  variables {
    as_of = "2026-03-16"
  }
  assert {
    condition     = contains(keys(data.tenure_entitlements.company.apps["wiki"].accounts), "2")
    error_message = "Bo has no account on the first day."
  }
  assert {
    condition     = contains(keys(data.tenure_entitlements.company.apps["wiki"].groups["engineering"]), "bo@acme.example")
    error_message = "Bo is not in the group engineering on the first day."
  }
}

run "a_leaver_keeps_access_on_the_last_day_until_18_00" {
  command = plan

  variables {
    as_of = "2026-03-31T17:59:00+02:00"
  }
  assert {
    condition     = contains(keys(data.tenure_entitlements.company.apps["wiki"].accounts), "3")
    error_message = "Cy is locked out while still at work."
  }
}

run "a_leaver_is_out_at_18_00" {
  command = plan

  variables {
    as_of = "2026-03-31T18:00:00+02:00"
  }
  assert {
    condition     = !contains(keys(data.tenure_entitlements.company.apps["wiki"].accounts), "3")
    error_message = "Cy still has access after the last day."
  }
}

run "a_contractor_loses_access_at_contract_end" {
  command = plan

  variables {
    as_of = "2026-03-14"
  }
  assert {
    condition     = !contains(keys(data.tenure_entitlements.company.apps["erp"].groups["payments-create"]), "di@acme.example")
    error_message = "Di's contract ended on 13 March."
  }
}

run "nobody_makes_and_approves_payments" {
  command = plan

  assert {
    condition = length(setintersection(
      keys(data.tenure_entitlements.company.apps["erp"].groups["payments-create"]),
      keys(data.tenure_entitlements.company.apps["erp"].groups["payments-approve"]),
    )) == 0
    error_message = "Somebody holds both sides of a payment."
  }
  assert {
    condition     = contains(keys(data.tenure_entitlements.company.quarantined), "6")
    error_message = "Fay matches both rules and is not named as undecided."
  }
}
