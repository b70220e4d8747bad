# Who gets what.

locals {
  # Whoever is inside their access window: not before the first day, not after the last one. Where HR contradicts
  # itself has_access is null, and Terraform stops here instead of guessing. The key is the person_id of HR, so a new
  # name or address is a change and never another person.
  people = { for id, person in data.tenure_roster.hr.people : id => person if person.has_access }

  # Everyone is in all-hands and in the channel of their department.
  channels = toset(concat(["all-hands"], [for person in local.people : person.department]))
  channel_members = merge(
    { for id, person in local.people : "all-hands/${id}" => { group = "all-hands", person_id = id } },
    { for id, person in local.people : "${person.department}/${id}" => { group = person.department, person_id = id } },
  )

  # Managers and the People team write the handbook.
  editors = { for id, person in local.people : id => person if person.is_manager || person.department == "People" }

  # Design and Product use the design tool; a full seat is for those who design.
  designers = { for id, person in local.people : id => person if contains(["Design", "Product"], person.department) }
}

resource "tenure_account" "wiki" {
  for_each = local.people

  app          = "wiki"
  person_id    = each.key
  user_name    = each.value.work_email
  email        = each.value.work_email
  display_name = each.value.display_name
  title        = each.value.title
  department   = each.value.department
}

resource "tenure_account" "chat" {
  for_each = local.people

  app          = "chat"
  person_id    = each.key
  user_name    = each.value.work_email
  email        = each.value.work_email
  given_name   = each.value.given_name
  family_name  = each.value.family_name
  display_name = each.value.display_name
}

resource "tenure_account" "design" {
  for_each = local.designers

  app          = "design"
  person_id    = each.key
  user_name    = each.value.work_email
  email        = each.value.work_email
  display_name = each.value.display_name
}

resource "tenure_group" "channel" {
  for_each = local.channels

  app         = "chat"
  name        = each.key
  description = each.key == "all-hands" ? "Everybody at Acme" : "The ${each.key} team"
}

resource "tenure_group_membership" "channel" {
  for_each = local.channel_members

  app       = "chat"
  group     = tenure_group.channel[each.value.group].name
  user_name = tenure_account.chat[each.value.person_id].user_name
}

# This group was made in the wiki itself; only who is in it is decided here.
resource "tenure_group_membership" "handbook" {
  for_each = local.editors

  app       = "wiki"
  group     = "handbook-editors"
  user_name = tenure_account.wiki[each.key].user_name
}

resource "tenure_license_assignment" "design" {
  for_each = local.designers

  app       = "design"
  product   = "Design"
  license   = each.value.department == "Design" ? "Full" : "Viewer"
  user_name = tenure_account.design[each.key].user_name
}
