# Only the fields named here reach the result, and so the state.
data "tenure_roster" "hr" {
  rosters = ["hr"]
  fields  = ["work_email", "department", "manager_email", "start_date"]
}

locals {
  engineers = {
    for id, person in data.tenure_roster.hr.people : id => person
    if person.has_access && person.department == "Engineering"
  }
}

output "people_by_stage" {
  value = data.tenure_roster.hr.counts
}

# Some of them: a condition as in the rules of tenure_entitlements. Several rosters tell of one person by work e-mail.
data "tenure_roster" "managers" {
  rosters  = ["hr"]
  merge_by = ["work_email"]
  fields   = ["work_email", "title"]
  when     = "person.is_manager && person.stage != 'terminated'"
}
