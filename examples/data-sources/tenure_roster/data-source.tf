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
