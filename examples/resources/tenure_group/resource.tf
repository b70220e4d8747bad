resource "tenure_group" "engineering" {
  app         = "slack"
  name        = "engineering"
  description = "Everybody who writes software"

  # When this block is removed. "keep" is the default: a group is more than its definition here.
  on_removal = "keep"
}
